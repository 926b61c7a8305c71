"""What does log() cost among threads, and does it keep their rows?

Beside a second thread that computes all the time, and from 8 threads at once. For our
side the log is read afterwards: every row is there once, in the order of its thread.

Estimate before building: log() does not give the GIL away, so that only a switch in
the middle of it (every 5 ms, 2 µs in 200) makes it slow: p99 below 10 µs.

    python benchmarks/log_threads.py [--quick]
"""

import argparse
import json
from pathlib import Path

from _peers import OURS, Side, sides
from _report import show
from _sides import measure, measure_alone, private_environment, repeated, start_core
from wandb_core.run_state import item_text
from wandb_core.transaction_log import LogReader

THREADS = 8


def beside(all_sides: list[Side], calls: int, repeats: int) -> None:
    """A thread that never rests."""
    found = repeated(
        lambda side: measure_alone(side, "beside", calls=calls), all_sides, repeats
    )
    for side, results in found.items():
        what = "beside a computing thread"
        show(f"{what}: p99", side, [one["p99"] for one in results], "us", 50)
        show(f"{what}: max", side, [one["max"] for one in results], "us")


def together(side: Side, calls: int) -> None:
    """All threads at once; what is missing or out of order is counted."""
    with private_environment() as environ:
        if side.name == OURS:
            start_core(environ)
        found = measure(side, environ, "threads", calls=calls, threads=THREADS)
        what = f"{THREADS} threads at once"
        show(f"{what}: p50", side.name, [found["p50"]], "us")
        show(f"{what}: p99", side.name, [found["p99"]], "us")
        if side.name == OURS:
            lost, disordered = check(Path(found["log_path"]), calls)
            show(f"{what}: rows lost", side.name, [lost], "rows", 0)
            show(f"{what}: out of order", side.name, [disordered], "rows", 0)


def check(path: Path, calls: int) -> tuple[int, int]:
    """How many rows are missing from the log, how many are not in their turn."""
    seen = [-1] * THREADS
    count = disordered = 0
    with LogReader(path) as reader:
        while records := reader.read(None):
            for logged in records:
                items = {
                    item.nested_key[0]: json.loads(item_text(item))
                    for item in logged.record.history.item
                }
                if "thread" not in items:
                    continue
                count += 1
                thread, number = items["thread"], items["number"]
                disordered += number != seen[thread] + 1
                seen[thread] = number
    return THREADS * calls - count, disordered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    all_sides = sides()
    beside(all_sides, 800 if quick else 5000, 1 if quick else 3)
    for side in all_sides:
        together(side, 1000 if quick else 10_000)


if __name__ == "__main__":
    main()
