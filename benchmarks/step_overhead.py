"""By how much does logging every step slow down a step of 1 ms of computing?

Blocks of steps with and without log(), in pairs that alternate which comes first, in
one process: what else the machine does hits both. The median over the pairs counts; the
spread is that of the medians of the repeats. On a busy machine the second figure says
more: the time in which the thread was ready but other processes had the processor is
taken off (waiting for the GIL is not).

A block has 4,000 steps: the link sends every two seconds, and in shorter blocks part of
what its messages cost falls on the steps that do not log.

Estimate before building: log() 2 µs, and every 100 ms the link takes the GIL for 0.5
ms: 0.7 %. What it is made of, found by timing the steps themselves: log() 2.8 to 4.8 µs
(its caches are cold after 1 ms of other work; 1.5 in a tight loop), 1.1 to 1.6 µs that
the computing behind it takes longer, and the link's thread 0.05 to 0.1 % (it was 0.37
with grpcio in this process and a message per second, decision 0024).

    python benchmarks/step_overhead.py [--quick]
"""

import argparse
import statistics

from _peers import sides
from _report import show
from _sides import measure_alone, repeated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    pairs, block = (4, 250) if quick else (10, 4000)
    found = repeated(
        lambda side: measure_alone(side, "steps", pairs=pairs, block=block),
        sides(),
        1 if quick else 2,
    )
    for side, results in found.items():
        medians = [statistics.median(one["slower"]) for one in results]
        show("a step of 1 ms that logs: slower by", side, medians, "%", 1)
        medians = [statistics.median(one["slower_awake"]) for one in results]
        show("the same without waiting for a processor", side, medians, "%")


if __name__ == "__main__":
    main()
