"""What do starting, being there and ending cost, in time and memory?

`import`, `init` with core running, starting core, `finish` after 20,000 records (logged
at 5,000 per second, until the log is durable), memory of the training process above
bare Python by kind (the 8 MiB ring is RssShmem), and core idle with one open run.

Estimate before building: import 20 ms; init 60 ms (grpc is imported in it: 45); core
400 ms (Python 20, grpc 50, aiohttp 150); finish 20 ms with one fsync of 10; memory:
grpc 20 MB of which 15 are its file.

    python benchmarks/process_costs.py [--quick]
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _peers import OURS, Side, sides
from _report import show
from _sides import (
    core_pid,
    cpu_s,
    measure,
    private_environment,
    resident_mb,
    result,
    start,
    start_core,
    start_server,
    wait_for,
)

KINDS = ("RssAnon", "RssFile", "RssShmem")


def times(side: Side, repeats: int, *, quick: bool) -> None:
    """import, init and finish; the first process fills the caches and is left out."""
    found: list[dict[str, Any]] = []
    with private_environment() as environ:
        if side.name == OURS:
            start_core(environ)
        for _ in range(repeats + 1):
            rate = {"calls": 20_000, "per_s": 20_000 if quick else 5000}
            found.append(measure(side, environ, "begin", **rate))
    for name, target in (("import", 60), ("init", 100), ("finish", 150)):
        values = [one[f"{name}_ms"] for one in found[1:]]
        show(f"{name}, core running", side.name, values, "ms", target)


def init_online(repeats: int) -> None:
    """init that waits for the local server's answer: the run's page."""
    side = Side(OURS, sys.executable)
    with private_environment("online") as environ:
        start_core(environ)
        start_server(environ)
        found = [measure(side, environ, "begin", calls=1) for _ in range(repeats + 1)]
    values = [one["init_ms"] for one in found[1:]]
    show("init, core and local server running", OURS, values, "ms", 100)


def core_start(repeats: int) -> None:
    """Until it answers, as the bindings start it."""
    code = (
        "import os, time\n"
        "from wandb_proto.places import Places\n"
        "from wandb._launcher import ensure_core\n"
        "places = Places.from_environment(os.environ)\n"
        "began = time.perf_counter()\n"
        "ensure_core(places, os.environ)\n"
        "print((time.perf_counter() - began) * 1000)\n"
    )
    values = []
    for _ in range(repeats + 1):
        with private_environment() as environ:
            done = subprocess.run(
                [sys.executable, "-c", code],
                env=environ, capture_output=True, text=True, check=True,
            )  # fmt: skip
            values.append(float(done.stdout))
    show("starting core", OURS, values[1:], "ms", 600)


def memory(side: Side, calls: int) -> None:
    """Resident memory above that of a Python without tracker."""
    with private_environment() as environ:
        if side.name == OURS:
            start_core(environ)
        without = held(side, environ, "bare", resident_mb)
        found = held(side, environ, "begin", resident_mb, calls=calls)
    total = sum(found[kind] - without[kind] for kind in ("RssAnon", "RssFile"))
    what = "memory of the training process"
    show(f"{what} but for the ring", side.name, [total], "MB", 40)
    for kind in KINDS:
        show(f"{what}: {kind}", side.name, [found[kind] - without[kind]], "MB")


def idle_core(seconds: float) -> None:
    """Core beside one open run that logs nothing."""
    with private_environment() as environ:
        start_core(environ)
        pid = core_pid(environ)

        def watch(_: int) -> tuple[float, float]:
            time.sleep(2)
            began, before = time.monotonic(), cpu_s(pid)
            time.sleep(seconds)
            spent = (cpu_s(pid) - before) / (time.monotonic() - began)
            return spent * 100, resident_mb(pid)["VmRSS"]

        share, resident = held(Side(OURS, sys.executable), environ, "begin", watch)
    show("core idle with one open run: of a core", OURS, [share], "%", 0.5)
    show("core idle with one open run: memory", OURS, [resident], "MB", 70)


def held(
    side: Side,
    environ: dict[str, str],
    workload: str,
    look: Callable[[int], Any],
    calls: int = 10,
) -> Any:
    """What `look` finds at a process that has logged and not yet finished."""
    mark = Path(environ["HOME"], f"{workload}.ready")
    process = start(side, environ, workload, calls=calls, hold=str(mark))
    wait_for(mark)
    found = look(process.pid)
    result(process)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    repeats = 3 if quick else 7
    all_sides = sides()
    for side in all_sides:
        times(side, repeats if side.name == OURS else 1 if quick else 3, quick=quick)
        memory(side, 5000 if quick else 20_000)
    init_online(repeats)
    core_start(repeats)
    idle_core(5 if quick else 20)


if __name__ == "__main__":
    main()
