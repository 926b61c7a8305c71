"""How long does `run.log` hold up a training step?

Five floats, 20,000 calls in a tight loop, offline, each side in processes of its own
and in turn; next to the official SDK when it is there.

Estimate before building, on the 2-core reference machine: orjson 0.3 µs, time 0.05,
checksum 0.1, lock 0.1, copy 0.2, Python around it 0.6: 1.4 µs; official 94 µs.
Measured: p50 1.8 µs through `run.log` with core running beside it.

Lines of JSON: what, value, unit, spread (lowest and highest of the repeats), machine,
revision. Compare two outputs with `compare.py`.

    python benchmarks/log_overhead.py [--official-python PATH | --no-official]
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OFFICIAL = "wandb==0.31.0"
REPEATS = 5

_MEASURE = """
import json, random, sys, time
import wandb

calls = int(sys.argv[1])
run = wandb.init(project="bench", mode="offline")
chance = random.Random(1)
keys = ("train/loss", "train/accuracy", "lr", "epoch", "grad_norm")
rows = [{key: chance.random() for key in keys} for _ in range(calls)]
clock = time.perf_counter_ns
for row in rows[:500]:
    run.log(row)
time.sleep(0.5)
spent = []
cpu = time.process_time()
began = clock()
for row in rows:
    before = clock()
    run.log(row)
    spent.append(clock() - before)
wall = clock() - began
cpu = time.process_time() - cpu
spent.sort()
run.finish()
print("RESULT " + json.dumps({
    "version": wandb.__version__,
    "p50": spent[calls // 2] / 1000,
    "p99": spent[calls * 99 // 100] / 1000,
    "max": spent[-1] / 1000,
    "mean": wall / calls / 1000,
    "cpu": cpu / calls * 1e6,
}))
"""


@contextmanager
def private_environment(root: Path) -> Iterator[dict[str, str]]:
    """Directories of its own for a side; its core is stopped afterwards."""
    home = root / "home"
    home.mkdir(parents=True)
    kept = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ}
    environ = kept | {
        "HOME": str(home),
        "WANDB_DIR": str(home),
        "WANDB_RUNTIME_DIR": str(root / "run"),
        "WANDB_STATE_DIR": str(root / "state"),
        "WANDB_DATA_DIR": str(root / "data"),
        "WANDB_SILENT": "true",
        "WANDB_MODE": "offline",
    }
    try:
        yield environ
    finally:
        if (root / "run" / "core.json").exists():
            command = [sys.executable, "-m", "wandb_core", "stop"]
            subprocess.run(command, env=environ, capture_output=True, check=False)


def measure(python: str, calls: int, root: Path) -> dict[str, float]:
    """One process of one side; its numbers in microseconds."""
    with private_environment(root) as environ:
        done = subprocess.run(
            [python, "-c", _MEASURE, str(calls)],
            env=environ, cwd=environ["HOME"],
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            found: dict[str, float] = json.loads(line.removeprefix("RESULT "))
            return found
    raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")


def official_python(chosen: str | None) -> str | None:
    """An interpreter with the official SDK, made on first use; None if impossible."""
    if chosen:
        return chosen
    place = Path.home() / ".cache" / "wandb-benchmarks" / OFFICIAL
    python = place / "bin" / "python"
    if python.exists():
        return str(python)
    commands = (
        [sys.executable, "-m", "venv", str(place)],
        [str(python), "-m", "pip", "install", "--quiet", OFFICIAL],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            shutil.rmtree(place, ignore_errors=True)
            why = done.stderr.strip().splitlines()[-1:]
            print(f"official SDK not measured: {why}", file=sys.stderr)
            return None
    return str(python)


def revision() -> str:
    """The commit that is measured, with a plus if files differ from it."""
    command = ["git", "describe", "--always", "--dirty=+"]
    done = subprocess.run(
        command, cwd=Path(__file__).parent, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "unknown"


def show(what: str, values: list[float], unit: str) -> float:
    """One line of JSON; returns the median."""
    median = statistics.median(values)
    line = {
        "what": what,
        "value": round(median, 3),
        "unit": unit,
        "spread": [round(min(values), 3), round(max(values), 3)],
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "revision": revision(),
    }
    print(json.dumps(line), flush=True)
    return median


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official-python")
    parser.add_argument("--no-official", action="store_true")
    parser.add_argument("--calls", type=int, default=20_000)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    options = parser.parse_args()
    chosen = options.official_python or os.environ.get("WANDB_OFFICIAL_PYTHON")
    official = None if options.no_official else official_python(chosen)
    sides = {"ours": sys.executable} | ({"official": official} if official else {})

    found: dict[str, list[dict[str, float]]] = {side: [] for side in sides}
    with tempfile.TemporaryDirectory() as root:
        for repeat in range(options.repeats):
            for side, python in sides.items():
                place = Path(root) / f"{side}{repeat}"
                found[side].append(measure(python, options.calls, place))

    medians = {
        (side, name): show(f"log.{name}.{side}", [one[name] for one in results], "us")
        for side, results in found.items()
        for name in ("p50", "p99", "max", "mean", "cpu")
    }
    if official:
        for name in ("p50", "p99", "cpu"):
            ratio = medians["official", name] / medians["ours", name]
            show(f"log.{name}.official/ours", [ratio], "times")


if __name__ == "__main__":
    main()
