"""The whole system in directories of its own: server, core on demand, scripts."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_proto.places import Places

SCRIPT_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Stack:
    """A running local server and the environment in which scripts find it."""

    env: dict[str, str]
    cwd: Path
    url: str

    def run(
        self, code: str, *arguments: str, check: bool = True, **more_env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run Python source as a user's script; fails the test with its output."""
        script = self.cwd / "script.py"
        script.write_text(code, encoding="utf-8")
        return self.call(
            sys.executable, str(script), *arguments, check=check, **more_env
        )

    def call(
        self, *command: str, check: bool = True, **more_env: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the user's directory."""
        done = subprocess.run(
            command,
            env=self.env | more_env,
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=SCRIPT_TIMEOUT_S,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(
                f"{command} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def wandb(self, *arguments: str, check: bool = True) -> str:
        """Run the command line tool; its standard output."""
        return self.call(sys.executable, "-m", "wandb", *arguments, check=check).stdout

    def start(
        self, code: str, *arguments: str, **more_env: str
    ) -> subprocess.Popen[str]:
        """Start a script without waiting; stdout is a pipe."""
        script = self.cwd / "started.py"
        script.write_text(code, encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, str(script), *arguments],
            env=self.env | more_env,
            cwd=self.cwd,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, expression: str) -> Any:
        """Evaluate an expression over `api` (ours) in a process of its own."""
        code = f"import json, wandb\napi = wandb.Api()\nprint(json.dumps({expression}))"
        return json.loads(self.run(code).stdout.splitlines()[-1])

    def ask_official(self, expression: str) -> Any:
        """The same expression over the official client's `Api`."""
        python = os.environ["WANDB_OFFICIAL_PYTHON"]
        code = f"import json, wandb\napi = wandb.Api()\nprint(json.dumps({expression}))"
        done = self.call(python, "-c", code, WANDB_BASE_URL=self.url)
        return json.loads(done.stdout.splitlines()[-1])

    def core_status(self) -> dict[str, Any]:
        """What `wandb core status --json` says."""
        status: dict[str, Any] = json.loads(self.wandb("core", "status", "--json"))
        return status


@contextmanager
def running_stack(env: dict[str, str], cwd: Path) -> Iterator[Stack]:
    """Start the local server on a free port; everything is killed afterwards."""
    from tests.conftest import end_processes_below

    cwd.mkdir(parents=True, exist_ok=True)
    try:
        started = subprocess.run(
            [sys.executable, "-m", "wandb_server", "start", "--port", "0", "--quiet"],
            env=env, cwd=cwd, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert started.returncode == 0, started.stderr
        address = json.loads(Places.from_environment(env).server_address.read_text())
        yield Stack(env, cwd, address["url"])
    finally:
        end_processes_below(Path(env["WANDB_RUNTIME_DIR"]))


@contextmanager
def shared_stack(**more_env: str) -> Iterator[Stack]:
    """A system for several tests, each with runs and a directory of its own: to start
    one takes seconds.
    """
    from tests.conftest import end_processes_below, isolated_environment

    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        environment = isolated_environment(root) | more_env
        with running_stack(environment, root / "home" / "work") as running:
            yield running
    finally:
        end_processes_below(root)
        shutil.rmtree(root, ignore_errors=True)
