"""How long does the page of a run with 10,000 metrics wait, and how does it grow?

Runs of 100, 1,000 and 10,000 metrics and 200 steps. Opening is what the page asks: the
run, the names of all its metrics, then the first twelve charts; while the run streams
(ten rows per request, the newest in the tail) and after it ended. Cold is the first
opening after a start of the server, warm the median of those after it.

Estimate before building, on the 2-core reference machine: reading the facts of 10,000
keys 10 ms, making 10,000 objects of them 20 ms, their JSON 10 ms, twelve charts from
Parquet 60 ms. Aim: 500 ms, memory 400 MB.

Measured with 10,000 metrics, cold and while it streams: run 10 ms, names 30 (GraphQL
took 130 for an object per name), charts 130 (half of it loading DuckDB). Parsing a tail
of 36 MB, as it was when moving it waited for the next look, added 450.

    python benchmarks/server_wide.py [--quick]
"""

import argparse
import asyncio
import time

from _report import show
from _same_data import key_of
from _server import (
    CHARTS,
    METRIC_KEYS,
    Client,
    Server,
    asking,
    memory_shown,
    post_body,
    rows,
    started_server,
)

SIZES = (100, 1_000, 10_000)
STEPS = 200
POST_ROWS = 10
CHARTS_SHOWN = 12
COLDS = 2
WARMS = 3
RUN = """query ($entity: String!, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    id name displayName state createdAt heartbeatAt group tags jobType notes config
    summaryMetrics historyLineCount eventsLineCount logLineCount lastStep } } }"""


async def stream(server: Server, metrics: int) -> float:
    """A run that goes on; points per second of its requests."""
    spent = 0.0
    async with asking(server) as client:
        await client.make_run("wide", f"m{metrics}")
        for first in range(0, STEPS, POST_ROWS):
            body = post_body(first, rows(first, POST_ROWS, metrics))
            began = time.perf_counter()
            await client.post("wide", f"m{metrics}", body)
            spent += time.perf_counter() - began
    return STEPS * metrics / spent


async def open_page(client: Client, metrics: int) -> float:
    """Milliseconds until the first charts are there."""
    name = f"m{metrics}"
    shown = [key_of(metric) for metric in range(CHARTS_SHOWN)]
    return (
        await client.time(RUN, "wide", run=name)
        + await client.time(METRIC_KEYS, "wide", runs=[name])
        + await client.time(CHARTS, "wide", runs=[name], keys=shown)
    )


async def show_opening(server: Server, what: str, metrics: int) -> None:
    cold, warm = [], []
    for _ in range(COLDS):
        await asyncio.to_thread(server.restart)
        async with asking(server) as client:
            await client.time("query { viewer { id } }", "wide")
            cold.append(await open_page(client, metrics))
            warm += [await open_page(client, metrics) for _ in range(WARMS)]
    what = f"opening a run of {metrics:,} metrics, {what}"
    show(f"{what}, warm", "ours", warm, "ms", 500)
    show(f"{what}, cold", "ours", cold, "ms", 500)


async def measure(server: Server, metrics: int) -> None:
    what = f"a run of {metrics:,} metrics"
    with memory_shown(server, f"{what}: streaming, opening"):
        rate = await stream(server, metrics)
        show(f"{what}: ingest, a request at a time", "ours", [rate], "points/s")
        await show_opening(server, "streaming", metrics)
        async with asking(server) as client:
            end = post_body(STEPS, rows(STEPS, 1, metrics), ended=True)
            await client.post("wide", f"m{metrics}", end)
        await asyncio.to_thread(server.settle)
        await show_opening(server, "ended", metrics)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 1,000 metrics")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    for metrics in SIZES[:2] if quick else SIZES:
        with started_server() as server:
            asyncio.run(measure(server, metrics))


if __name__ == "__main__":
    main()
