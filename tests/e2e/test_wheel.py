"""The wheel holds the page: it installs and serves without Node."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command: str, env: dict[str, str], cwd: Path | None = None) -> str:
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_wheel_in_a_clean_environment_serves_the_page(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    build_env = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps",
        "--wheel-dir", str(tmp_path), str(ROOT), env=build_env,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("wandb-*.whl")
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"), env=build_env)
    python = str(tmp_path / "venv/bin/python")
    run(python, "-m", "pip", "install", "--quiet", f"{wheel}[server]", env=build_env)

    # Neither Node nor this checkout on any path.
    bare = {k: v for k, v in places_env.items() if k != "PYTHONPATH"}
    bare["PATH"] = f"{tmp_path / 'venv/bin'}:/usr/bin:/bin"
    command = [python, "-m", "wandb", "server"]
    run(*command, "start", "--port", "0", "--quiet", env=bare, cwd=tmp_path)
    try:
        status = json.loads(run(*command, "status", "--json", env=bare, cwd=tmp_path))
        address = run(*command, "open", "--print", env=bare, cwd=tmp_path).split()[-1]
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(address, timeout=10) as answer:
            page = answer.read().decode()
        script = page.split('src="')[1].split('"')[0]
        with opener.open(f"{status['url']}{script}", timeout=10) as answer:
            bundle = answer.read()
    finally:
        run(*command, "stop", env=bare, cwd=tmp_path)

    assert '<div id="root">' in page
    assert len(bundle) > 10_000
