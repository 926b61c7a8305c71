"""Scripts of runs are kept where the account says so; a run may say so itself."""

import base64
import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import wandb
from flow import PROJECT

SCRIPT = """
import sys, wandb
project, name, code = sys.argv[1:]
with wandb.init(project=project, id=name, save_code=eval(code)) as run:
    run.log({"x": 1})
"""
Path("train.py").write_text(SCRIPT)


def account_keeps(code: bool) -> None:
    """What `wandb server user code-saving NAME on` does."""
    name = wandb.Api().viewer.username
    address = f"{os.environ['WANDB_BASE_URL']}/api/admin/users/{name}"
    body = json.dumps({"codeSaving": code}).encode()
    request = urllib.request.Request(address, body, method="PUT")
    key = base64.b64encode(f"api:{os.environ['WANDB_API_KEY']}".encode()).decode()
    request.add_header("Authorization", f"Basic {key}")
    urllib.request.urlopen(request).close()


def files_of(name: str, save_code: bool | None) -> set[str]:
    """Files of a run of the script. A client told to be quiet asks for no account."""
    environment = {key: text for key, text in os.environ.items()
                   if key not in ("WANDB_QUIET", "WANDB_SERVICE")}  # fmt: skip
    subprocess.run(
        [sys.executable, "train.py", PROJECT, name, repr(save_code)],
        env=environment,
        capture_output=True,
        check=True,
    )
    return {file.name for file in wandb.Api().run(f"{PROJECT}/{name}").files()}


account_keeps(False)
assert "code/train.py" not in files_of("unasked", None)
assert "code/train.py" in files_of("asked", True)
account_keeps(True)
try:
    assert "code/train.py" in files_of("account", None)
    assert "code/train.py" not in files_of("refused", False)
finally:
    account_keeps(False)
