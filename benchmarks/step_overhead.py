"""By how much does logging every step slow down a step of 1 ms of computing?

Blocks of 100 steps with and without log(), in pairs that alternate which comes first,
in one process: what else the machine does hits both. The median over the pairs counts;
the spread is that of the medians of the repeats. On a busy machine the second figure
says more: the time in which the thread was ready but other processes had the processor
is taken off (waiting for the GIL is not).

What the tracker's own threads do every second or two falls on both kinds of blocks
alike, so their whole processor time is added: the third figure is an upper bound, for
part of their work needs no GIL. (Longer blocks would hold whole messages, but here the
speed of one process changes by 2 % from one second to the next.) It is given for our
side alone: threads that work right after each log() are in the first figure already.

Estimate before building: log() 2 µs, and every 100 ms the link takes the GIL for 0.5
ms: 0.7 %. What it is made of, found by timing the steps themselves: log() 2.8 to 4.8 µs
(its caches are cold after 1 ms of other work; 1.5 in a tight loop), 1.1 to 1.6 µs that
the computing behind it takes longer, and the link's thread 0.05 to 0.1 % (it was 0.37
with grpcio in this process and a message per second, decision 0024).

    python benchmarks/step_overhead.py [--quick]
"""

import argparse
import statistics

from _peers import OURS, sides
from _report import show
from _sides import measure_alone, repeated


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    pairs = 20 if quick else 200
    found = repeated(
        lambda side: measure_alone(side, "steps", pairs=pairs, block=100),
        sides(),
        1 if quick else 3,
    )
    for side, results in found.items():
        slower = [statistics.median(one["slower"]) for one in results]
        show("a step of 1 ms that logs: blocks slower by", side, slower, "%")
        awake = [statistics.median(one["slower_awake"]) for one in results]
        show("the same without waiting for a processor", side, awake, "%")
        threads = [one["side_share"] for one in results]
        show("its other threads, of a core", side, threads, "%")
        if side == OURS:
            both = [sum(parts) for parts in zip(slower, threads, strict=True)]
            show("a step of 1 ms that logs: slower by, in all", side, both, "%", 1)


if __name__ == "__main__":
    main()
