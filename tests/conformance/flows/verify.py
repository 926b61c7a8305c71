"""The official `wandb verify`: exactly these checks pass, exactly these do not."""

import os
import re
import subprocess
import sys
from pathlib import Path

PASSED = {
    "Checking if logged in",
    "Checking signed URL upload",
    "Checking ability to send large payloads through proxy",
    "Checking CORs configuration of the bucket",
    "Checking wandb package version is up to date",
    "Checking logged metrics, saving and downloading a file",
    "Checking artifact save and download workflows",
    "Checking sweep creation and agent execution",
}
WITHOUT_HTTPS = {
    "Checking requests to base url",
    "Checking requests made over signed URLs",
}
"""The server of the tests has no certificate."""

command = str(Path(sys.executable).with_name("wandb"))
done = subprocess.run(
    [command, "verify", "--host", os.environ["WANDB_BASE_URL"]],
    capture_output=True,
    text=True,
    timeout=100,
    check=False,
)
text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
checks = dict(re.findall(r"^(Checking .*?)\.*(✅|❌)$", text, flags=re.MULTILINE))
assert {check for check, outcome in checks.items() if outcome == "✅"} == PASSED, text
assert checks.keys() - PASSED == WITHOUT_HTTPS, text
assert "not made over https" in text
