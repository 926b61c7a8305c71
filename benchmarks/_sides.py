"""Runs `_training.py` for one side, in directories of its own."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _peers import Side

TRAINING = Path(__file__).with_name("_training.py")
TIMEOUT_S = 1800
_KEPT = ("PATH", "LANG", "TMPDIR")


@contextmanager
def private_environment(mode: str = "offline") -> Iterator[dict[str, str]]:
    """Directories that nobody else uses; core and server there are stopped after it."""
    root = Path(tempfile.mkdtemp(prefix="bench-"))
    home = root / "home"
    home.mkdir()
    environ = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
        "HOME": str(home),
        "WANDB_DIR": str(home),
        "WANDB_RUNTIME_DIR": str(root / "run"),
        "WANDB_STATE_DIR": str(root / "state"),
        "WANDB_DATA_DIR": str(root / "data"),
        "WANDB_SILENT": "true",
        "WANDB_MODE": mode,
        "NETRC": str(home / "netrc"),
    }
    try:
        yield environ
    finally:
        if (root / "run" / "core.json").exists():
            _ours("wandb_core", "stop", environ=environ)
        if (root / "data").exists():
            _ours("wandb_server", "stop", environ=environ)
        shutil.rmtree(root, ignore_errors=True)


def start_core(environ: dict[str, str]) -> None:
    """Have core running before anything is measured."""
    _ours("wandb_core", "start", environ=environ)


def start_server(environ: dict[str, str]) -> None:
    """A local server on a free port, for mode online."""
    _ours("wandb_server", "start", "--port", "0", environ=environ)


def core_pid(environ: dict[str, str]) -> int:
    """The process of the core that is running."""
    address = Path(environ["WANDB_RUNTIME_DIR"], "core.json").read_text("utf-8")
    return int(json.loads(address)["pid"])


def start(
    side: Side, environ: dict[str, str], workload: str, **parameters: Any
) -> subprocess.Popen[str]:
    """Start one training process; `result` waits for it."""
    order = {"side": side.name, "workload": workload} | parameters
    return subprocess.Popen(
        [side.python, str(TRAINING), json.dumps(order)],
        env=environ, cwd=environ["HOME"], text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a training process has measured."""
    output, complaints = process.communicate(timeout=TIMEOUT_S)
    for line in output.splitlines():
        if line.startswith("RESULT "):
            found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
            return found
    raise SystemExit(f"{process.args} failed:\n{output[-1000:]}{complaints[-2000:]}")


def measure(
    side: Side, environ: dict[str, str], workload: str, **parameters: Any
) -> dict[str, Any]:
    """One training process from its start to its end."""
    return result(start(side, environ, workload, **parameters))


def measure_alone(side: Side, workload: str, **parameters: Any) -> dict[str, Any]:
    """The same in an environment made for it, offline, core running beforehand."""
    torch_path = parameters.pop("torch_path", None)
    with private_environment() as environ:
        if torch_path:
            environ["PYTHONPATH"] = torch_path
        if side.name == "ours":
            start_core(environ)
        return measure(side, environ, workload, **parameters)


def repeated(
    one: Callable[[Side], dict[str, Any]], all_sides: list[Side], count: int
) -> dict[str, list[dict[str, Any]]]:
    """Measure the sides in turn, so that what disturbs disturbs all of them."""
    found: dict[str, list[dict[str, Any]]] = {side.name: [] for side in all_sides}
    for _ in range(count):
        for side in all_sides:
            found[side.name].append(one(side))
    return found


def resident_mb(pid: int) -> dict[str, float]:
    """Memory of a process by kind, in MB; the kinds are those of /proc/<pid>/status."""
    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    fields = dict(
        line.split(":", 1) for line in status if line.startswith(("Rss", "VmR"))
    )
    return {name: int(text.split()[0]) / 1024 for name, text in fields.items()}


def cpu_s(pid: int) -> float:
    """Processor time of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_for(path: Path, deadline_s: float = 60) -> None:
    """Until a file is there."""
    end = time.monotonic() + deadline_s
    while not path.exists():
        if time.monotonic() > end:
            raise SystemExit(f"{path} does not appear")
        time.sleep(0.01)


def _ours(package: str, *arguments: str, environ: dict[str, str]) -> None:
    command = [sys.executable, "-m", package, *arguments]
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"# {' '.join(command)}: {done.stderr[-500:]}", file=sys.stderr)
