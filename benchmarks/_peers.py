"""The other trackers, each in an environment of its own, built on first use.

`build/bench-venvs/<name>` holds one interpreter per peer; `torch` there is added to the
path of every side for the rows that log tensors. What cannot be installed is said once
and left out.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = ROOT / "build" / "bench-venvs"
REQUIREMENTS = {
    "official": ("wandb==0.31.0",),
    "tensorboardX": ("tensorboardX",),
    "trackio": ("trackio[spaces]==0.43.0",),
    "mlflow": ("mlflow-skinny==3.17.2", "sqlalchemy", "alembic", "sqlparse", "pandas",
               "pyarrow"),
    "torch": ("torch==2.13.0",),
}  # fmt: skip
OURS = "ours"
PEERS = ("official", "tensorboardX", "trackio")
"""Of the training process."""
STORES = ("mlflow", "trackio")
"""Of the server."""


@dataclass(frozen=True, slots=True)
class Side:
    """One tracker that is measured: ours or a peer."""

    name: str
    python: str


def sides(*names: str) -> list[Side]:
    """Ours and the peers named (all without names) that can be had here."""
    found = [Side(OURS, sys.executable)]
    for name in names or PEERS:
        python = interpreter(name)
        if python is not None:
            found.append(Side(name, str(python)))
    return found


def torch_path() -> str | None:
    """The directory that has torch, for PYTHONPATH; None if it cannot be had."""
    if interpreter("torch") is None:
        return None
    return str(next((VENVS / "torch" / "lib").glob("python*/site-packages")))


def interpreter(name: str) -> Path | None:
    """The Python that has this package, installed now if need be."""
    given = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
    if name == "official" and Path(given).is_file():
        return Path(given)
    place = VENVS / name
    python = place / "bin" / "python"
    complete, wanted = place / ".complete", " ".join(REQUIREMENTS[name])
    if complete.exists() and complete.read_text("utf-8") == wanted:
        return python
    print(f"# installing {wanted}", file=sys.stderr, flush=True)
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS[name]],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            print(f"# {name} cannot be measured here: {lines[-1]}", file=sys.stderr)
            return None
    complete.write_text(wanted, "utf-8")
    return python
