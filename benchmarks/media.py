"""How long does `run.log` with an image hold up a training step?

One `wandb.Image` of 640×480×3 noise bytes per call, with its caption, made and logged
offline, each side in a process of its own; 60 calls with 100 ms between them, as in
training steps. `in the caller` is the median time of making and logging it, `p95` the
slow ones; `left at finish` is what is then waited for, per image.

Estimate before building: a copy of 0.9 MB 0.05 ms, scanlines 0.06, writing them to a
file in the page cache 0.35, announcing 0.05: 0.5 ms. Encoding a PNG with zlib's level 4
takes 15 ms (noise) to 22 ms (photo) and would all be the caller's; Pillow's defaults 31
to 50.

Result on the 2-core reference machine, others at work beside it: 1.3 ms, p95 3.6; the
official client 40 ms, p95 104. More than the estimate: fresh pages for the copy (0.2
ms) and for the page cache (0.4), and caches that are cold after a pause.

    python benchmarks/media.py [--quick]
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from _peers import sides
from _report import show

TARGET_MS = 2.0

_SCRIPT = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, wandb
calls = int(sys.argv[1])
random = np.random.default_rng(1)
pictures = [random.integers(0, 256, (480, 640, 3), dtype=np.uint8) for _ in range(4)]
settings = wandb.Settings(console="off", silent=True)
run = wandb.init(project="p", mode="offline", settings=settings)
run.log({"warm": wandb.Image(pictures[0])})
took = []
for number in range(calls):
    time.sleep(0.1)
    begun = time.perf_counter()
    run.log({"loss": 0.5, "picture": wandb.Image(pictures[number % 4], caption="c")})
    took.append((time.perf_counter() - begun) * 1e3)
begun = time.perf_counter()
run.finish()
print(json.dumps({"took": sorted(took), "finish": (time.perf_counter() - begun) * 1e3}))
"""


def measure(python: str, calls: int) -> dict[str, Any]:
    """Milliseconds of every call, sorted, and of finish."""
    with tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp") as directory:
        places = ("RUNTIME", "SPOOL", "STATE", "DATA", "CONFIG")
        environ = {f"WANDB_{name}_DIR": f"{directory}/{name}" for name in places}
        environ |= {"PATH": os.environ["PATH"], "HOME": directory}
        command = [python, "-c", _SCRIPT, str(calls)]
        done = subprocess.run(
            command,
            cwd=directory,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        stop = [sys.executable, "-m", "wandb_core", "stop"]
        subprocess.run(stop, env=environ, capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{Path(python)} ended: {done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    calls, repeats = (20, 1) if quick else (60, 3)
    for side in sides("official"):
        found = [measure(side.python, calls) for _ in range(repeats)]
        what = "an image of 640×480×3"
        medians = [one["took"][calls // 2] for one in found]
        show(f"{what}: in the caller", side.name, medians, "ms", TARGET_MS)
        slow = [one["took"][calls * 95 // 100] for one in found]
        show(f"{what}: in the caller, p95", side.name, slow, "ms")
        left = [one["finish"] / calls for one in found]
        show(f"{what}: left at finish", side.name, left, "ms")


if __name__ == "__main__":
    main()
