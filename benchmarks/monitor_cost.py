"""What do system metrics cost core, with one run and with many?

CPU time that sampling takes at the default of every 15 s, as a share of a core, by
number of runs: of one process each, and of a tree of 20. Nothing is written here, so
this is the reading alone; `process_costs.py` has core idle beside an open run, samples
and their way into the log included.

Estimate before building: reading the machine 0.5 ms, a process 0.1 ms, a look at
all processes of the machine 5 ms, once for all runs: one run 0.005 %, with its tree
0.05 %; 64 runs 0.05 % and 0.9 %.

Result (2 cores, 155 processes): 0.008 %, 0.033 %, 0.15 % and 0.59 %.

    python benchmarks/monitor_cost.py [--quick]
"""

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from _report import show
from wandb_core.clock import SystemClock
from wandb_core.monitor import Monitor, Watch
from wandb_core.monitor.monitor import Baseline

TREE = (
    "import subprocess, sys\n"
    "code = 'import sys; sys.stdin.read()'\n"
    "children = [subprocess.Popen([sys.executable, '-S', '-c', code],"
    " stdin=subprocess.PIPE) for _ in range(19)]\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


@contextmanager
def family() -> Iterator[int]:
    """A process with 19 children; the pid of the first."""
    with subprocess.Popen(
        [sys.executable, "-S", "-c", TREE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.terminate()


async def spend(pid: int, runs: int, rounds: int, *, whole_tree: bool) -> float:
    """CPU seconds per round of sampling all runs."""
    monitor = Monitor(SystemClock(), 5.0)
    watch = Watch(1.0, pid, whole_tree, ("/",), frozenset())
    baselines = [Baseline() for _ in range(runs)]
    for baseline in baselines:
        await monitor.sample(watch, baseline)
    spent = 0.0
    for _ in range(rounds):
        await asyncio.sleep(0.6)  # so that what is shared is read anew
        began = time.process_time()
        for baseline in baselines:
            await monitor.sample(watch, baseline)
        spent += time.process_time() - began
    return spent / rounds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    rounds = 3 if parser.parse_args().quick else 10
    with family() as pid:
        for runs in (1, 64):
            for whole_tree in (False, True):
                seconds = asyncio.run(spend(pid, runs, rounds, whole_tree=whole_tree))
                kind = "a tree of 20 processes" if whole_tree else "one process"
                what = f"sampling {runs} runs of {kind} every 15 s: of a core"
                show(what, "ours", [100 * seconds / 15], "%", 0.5 if runs == 1 else 5)


if __name__ == "__main__":
    main()
