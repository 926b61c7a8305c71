"""How long does a table of 10,000 runs wait: filter, sort, first page, groups?

10,000 runs with 200 summary keys each (one value in fifty is NaN) and two config keys,
over three sizes to show the growth. The first question is the page's own: filter by a
config and a summary key, sort by another summary key, the first 100 runs with 40 of
their values, and how many there are; the second puts the same runs together by a config
key, with two columns added up.

Estimate before building, on the 2-core reference machine: 10,000 runs times three
look-ups in the primary key of the value table at 2 µs are 60 ms. Aim: 150 ms for both.

    python benchmarks/server_runs.py [--quick]
"""

import argparse
import asyncio
import json
import time

from _report import show
from _server import (
    Client,
    Server,
    asking,
    fill_runs,
    memory_shown,
    started_server,
)
from _sides import cpu_s

SIZES = (1_000, 3_000, 10_000)
WARMS = 9
FILTERS = json.dumps({"config.lr": {"$gt": 0.2}, "summary_metrics.k5": {"$lt": 0.9}})
PAGE = """query ($entity: String!, $project: String!, $filters: JSONString!,
    $columns: [String!]!) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: "-summary_metrics.k7", first: 100) {
      totalCount
      edges { node { id name displayName state createdAt heartbeatAt group jobType tags
        notes user { name } values(columns: $columns) } cursor }
      pageInfo { hasNextPage } } } }"""
GROUPS = """query ($entity: String!, $project: String!, $filters: JSONString!) {
  project(name: $project, entityName: $entity) {
    runGroups(by: "config.model", filters: $filters,
        columns: ["summary_metrics.k7", "summary_metrics.k8"]) {
      value runCount newestAt columns { count mean minimum maximum } } } }"""
COLUMNS = ["config.lr", "config.model", *(f"summary.k{key}" for key in range(38))]


async def ask(client: Client, pid: int, runs: int) -> None:
    """Both questions, in turn, after once that is not counted."""
    page, groups, cpu = [], [], [cpu_s(pid)]
    for _ in range(WARMS + 1):
        asked = {"filters": FILTERS, "columns": COLUMNS}
        page.append(await client.time(PAGE, "runs", **asked))
        groups.append(await client.time(GROUPS, "runs", filters=FILTERS))
        cpu.append(cpu_s(pid))
    both = [sum(pair) for pair in zip(page, groups, strict=True)]
    what = f"{runs:,} runs of 200 summary keys"
    show(f"{what}: first time", "ours", both[:1], "ms")
    show(f"{what}: filter, sort, page", "ours", page[1:], "ms")
    show(f"{what}: filter, group", "ours", groups[1:], "ms")
    show(f"{what}: both", "ours", both[1:], "ms", 150)
    used = (cpu[-1] - cpu[1]) / WARMS * 1000
    show(f"{what}: both, processor time", "ours", [used], "ms")


async def measure(server: Server, sizes: tuple[int, ...]) -> None:
    made = 0
    for size in sizes:
        with memory_shown(server, f"{size:,} runs"):
            async with asking(server) as client:
                began, cpu = time.perf_counter(), cpu_s(server.pid)
                await fill_runs(client, "runs", made, size)
                rate = (size - made) / (time.perf_counter() - began)
            await asyncio.to_thread(server.settle)
            each = (cpu_s(server.pid) - cpu) / (size - made) * 1000
            what = f"storing runs, up to {size:,}"
            show(what, "ours", [rate], "runs/s")
            show(f"{what}: cpu, indexing included", "ours", [each], "ms/run")
            await asyncio.to_thread(server.restart)
            async with asking(server) as client:
                await client.time("query { viewer { id } }", "runs")
                await ask(client, server.pid, size)
        made = size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 runs only")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    with started_server() as server:
        asyncio.run(measure(server, SIZES[:1] if quick else SIZES))


if __name__ == "__main__":
    main()
