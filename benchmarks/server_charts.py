"""How long does a page wait for its charts, and how does it grow with the run?

Runs of ten metrics and 10,000, 100,000 and 1,000,000 steps: one chart, all ten, a zoom
into a tenth of it, 500 buckets each. 200 series at once: 20 runs of ten metrics and
1,000, 10,000 and 50,000 steps. One chart of 100 runs of 2,000 steps. The names of 100
runs with 10,000 metrics each.

Cold is the first such question to a server that has just been started (its files are in
the page cache), warm the median of those after it.

Estimate before building, on the 2-core reference machine: a million points of a key are
15,625 blocks; reading their 13 columns from Parquet 12 ms, adding them up 2 ms; from
memory 2 ms; HTTP, JSON and compression of 500 buckets 3 ms. Aims: one chart 25 ms warm,
ten 80 ms, 200 series 1.5 s; memory 400 MB.

    python benchmarks/server_charts.py [--quick]
"""

import argparse
import asyncio
from typing import Any

from _report import show
from _same_data import key_of
from _server import (
    CHARTS,
    METRIC_KEYS,
    Server,
    asking,
    cold_and_warm,
    memory_shown,
    started_server,
)

METRICS = 10
LONG = (10_000, 100_000, 1_000_000)
MANY = (1_000, 10_000, 50_000)
MANY_RUNS = 20
PAGE_RUNS = 100
PAGE_STEPS = 2_000
WIDE_METRICS = 10_000
COLDS = 2
WARMS = 5
ONE_MS, TEN_MS, MANY_MS = 25, 80, 1500


async def fill(server: Server, *, quick: bool) -> None:
    """All runs, ended and compacted; how fast, and the memory that took."""
    with memory_shown(server, "storing the runs to be charted"):
        async with asking(server) as client:
            for steps in LONG[:2] if quick else LONG:
                spent = await client.fill("deep", f"s{steps}", steps, METRICS)
                rate = steps * METRICS / spent
                what = f"storing {steps:,} rows of 10 metrics, 10,000 per request"
                show(what, "ours", [rate], "points/s")
            for steps in MANY[:2] if quick else MANY:
                for run in range(MANY_RUNS):
                    await client.fill(f"many{steps}", f"r{run}", steps, METRICS)
            for run in range(10 if quick else PAGE_RUNS):
                await client.fill("page", f"r{run}", PAGE_STEPS, METRICS)
                await client.fill("wide", f"r{run}", 2, WIDE_METRICS)
        server.settle()


async def ask(
    server: Server, what: str, query: str, project: str, target: float | None = None,
    **variables: Any,
) -> None:  # fmt: skip
    """Print how long one question takes."""
    cold, warm = await cold_and_warm(server, query, project, COLDS, WARMS, **variables)
    show(f"{what}, warm", "ours", warm, "ms", target)
    show(f"{what}, cold", "ours", cold, "ms")


async def measure(server: Server, *, quick: bool) -> None:
    await fill(server, quick=quick)
    keys = [key_of(metric) for metric in range(METRICS)]
    with memory_shown(server, "charts"):
        for steps in LONG[:2] if quick else LONG:
            runs, what = [f"s{steps}"], f"of {steps:,} steps"
            one = {"runs": runs, "keys": keys[3:4]}
            zoom = one | {"low": steps * 0.4, "high": steps * 0.5}
            await ask(server, f"chart {what}", CHARTS, "deep", ONE_MS, **one)
            ten = {"runs": runs, "keys": keys}
            await ask(server, f"ten charts {what}", CHARTS, "deep", TEN_MS, **ten)
            await ask(server, f"chart of a tenth {what}", CHARTS, "deep", **zoom)
    with memory_shown(server, "200 series at once"):
        for steps in MANY[:2] if quick else MANY:
            runs = [f"r{run}" for run in range(MANY_RUNS)]
            many: dict[str, Any] = {"runs": runs, "keys": keys}
            what = f"200 series of {steps:,} steps"
            await ask(server, what, CHARTS, f"many{steps}", MANY_MS, **many)
    with memory_shown(server, "charts and names of many runs"):
        runs = [f"r{run}" for run in range(10 if quick else PAGE_RUNS)]
        what = f"chart of {len(runs)} runs of {PAGE_STEPS:,} steps"
        await ask(server, what, CHARTS, "page", runs=runs, keys=keys[3:4])
        what = f"names of 10,000 metrics of {len(runs)} runs"
        await ask(server, what, METRIC_KEYS, "wide", runs=runs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 100,000 steps")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    with started_server() as server:
        asyncio.run(measure(server, quick=quick))


if __name__ == "__main__":
    main()
