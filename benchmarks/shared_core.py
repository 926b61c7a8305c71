"""Do 64 processes at 200 calls per second fit beside each other on one core daemon?

All begin at once when the last has made its run. No process may wait for room in its
ring, core may take 0.6 of a processor, and every record must be in its own run's log.

Estimate before building: 12,800 records per second at 20 µs are 0.26 of a processor,
640 messages per second at 300 µs (half of it in core) 0.1.

    python benchmarks/shared_core.py [--quick]
"""

import argparse
import sys
import time
from pathlib import Path

from _peers import OURS, Side
from _report import show
from _sides import (
    core_pid,
    cpu_s,
    private_environment,
    resident_mb,
    result,
    start,
    start_core,
)
from wandb_core.transaction_log import LogReader

PROCESSES = 64
PER_S = 200


def row_count(path: Path) -> int:
    """History rows in a log."""
    count = 0
    with LogReader(path) as reader:
        while records := reader.read(None):
            count += sum(one.record.HasField("history") for one in records)
    return count


def measure_all(seconds: int) -> None:
    """All processes, from the gate to their end."""
    side = Side(OURS, sys.executable)
    calls = seconds * PER_S
    with private_environment() as environ:
        start_core(environ)
        gate = Path(environ["HOME"], "gate")
        processes = [
            start(side, environ, "paced", calls=calls, per_s=PER_S, gate=str(gate))
            for _ in range(PROCESSES)
        ]
        while len(list(gate.parent.glob("gate.*"))) < PROCESSES:
            time.sleep(0.1)
        pid = core_pid(environ)
        time.sleep(2)
        before, began = cpu_s(pid), time.monotonic()
        gate.touch()
        time.sleep(seconds)
        share = (cpu_s(pid) - before) / (time.monotonic() - began)
        memory = resident_mb(pid)["VmRSS"]
        results = [result(process) for process in processes]
        rows = [row_count(Path(one["log_path"])) for one in results]
    what = f"{PROCESSES} processes, {PER_S} calls/s each"
    waits = sum(one["wait_count"] for one in results)
    show(f"{what}: waits for room", OURS, [waits], "waits", 0)
    show(f"{what}: p50", OURS, [one["p50"] for one in results], "us")
    show(f"{what}: p99", OURS, [one["p99"] for one in results], "us")
    show(f"{what}: core", OURS, [share], "of a core", 0.6)
    show(f"{what}: memory of core", OURS, [memory], "MB")
    missing = sum(abs(count - calls) for count in rows)
    show(f"{what}: records not in their run", OURS, [missing], "records", 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    measure_all(3 if parser.parse_args().quick else 20)


if __name__ == "__main__":
    main()
