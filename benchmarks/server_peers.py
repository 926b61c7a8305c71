"""How do MLflow and trackio do the same on the same data?

Three sizes of a run of ten metrics (10,000, 100,000 and 1,000,000 rows): stored, the
history of one metric asked for, all of it written as Parquet. Three sizes of a project
(100, 300 and 1,000 runs of 200 summary keys, some NaN): stored, filtered by two keys,
sorted by a third, the first 50 with all their values; all sides have to find the same
50. Sides take turns, each in its own environment, beginning with nothing.

Ours is a server process asked over HTTP; the peers are called in their own process,
without a server between, the fastest way that they offer (`_peer_store.py` says which
calls). What is given to them so: MLflow 3.17.2 gets no HTTP, trackio 0.43.0 no server
and one writer at a time. MLflow stores at most 100,000 rows here: a million would take
a quarter of an hour. What differs in the answers: a chart of ours is 500 buckets with
lowest, highest and mean over all points, trackio's 500 of the points, MLflow's all
points; MLflow has no export, `_peer_store.py` says what is done instead. `cpu of
storing` is of our server with compaction, of a peer the whole process that logs.

    python benchmarks/server_peers.py [--quick]
"""

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _peers import OURS, STORES, Side, sides
from _report import show
from _same_data import (
    ABOVE,
    BELOW,
    CHARTED,
    METRICS,
    PAGE_RUNS,
    SORTED,
    first_page,
    key_of,
)
from _server import CHARTS, asking, fill_runs, memory_shown, started_server
from _sides import cpu_s

ROWS = (10_000, 100_000, 1_000_000)
ROWS_MAX = {"mlflow": 100_000}
RUNS = (100, 300, 1_000)
REPEATS = 5
PEER_STORE = Path(__file__).with_name("_peer_store.py")
TIMEOUT_S = 1800
PAGE = """query ($entity: String!, $project: String!, $filters: JSONString!,
    $order: String!, $first: Int!) {
  project(name: $project, entityName: $entity) {
    runs(filters: $filters, order: $order, first: $first) {
      edges { node { name displayName state createdAt config summaryMetrics } } } } }"""


async def our_history(size: int) -> dict[str, Any]:
    """A run of so many rows in a server of its own."""
    with started_server() as server, memory_shown(server, f"peers, {size:,} rows"):
        async with asking(server) as client:
            cpu = cpu_s(server.pid)
            spent = await client.fill("bench", "one", size, METRICS)
            await asyncio.to_thread(server.settle)
            cpu = cpu_s(server.pid) - cpu
            asked: dict[str, Any] = {"runs": ["one"], "keys": [key_of(CHARTED)]}
            await client.time(CHARTS, "bench", **asked)
            path = f"/api/export/{client.entity}/bench/one.parquet"
            made, _ = await client.download(path)
            return {
                "points_per_s": size * METRICS / spent,
                "cpu_us": cpu / (size * METRICS) * 1e6,
                "chart_ms": [
                    await client.time(CHARTS, "bench", **asked) for _ in range(REPEATS)
                ],
                "rows_per_s": size / made,
            }


async def our_runs(size: int) -> dict[str, Any]:
    """So many runs in a server of its own."""
    filters = {
        f"summary_metrics.{BELOW[0]}": {"$lt": BELOW[1]},
        f"summary_metrics.{ABOVE[0]}": {"$gt": ABOVE[1]},
    }
    asked: dict[str, Any] = {
        "filters": json.dumps(filters),
        "order": f"-summary_metrics.{SORTED}",
        "first": PAGE_RUNS,
    }
    with started_server() as server, memory_shown(server, f"peers, {size:,} runs"):
        async with asking(server) as client:
            began = time.perf_counter()
            await fill_runs(client, "runs", 0, size)
            spent = time.perf_counter() - began
            await asyncio.to_thread(server.settle)
            data = await client.ask(PAGE, "runs", **asked)
            return {
                "runs_per_s": size / spent,
                "names": [e["node"]["name"] for e in data["project"]["runs"]["edges"]],
                "page_ms": [
                    await client.time(PAGE, "runs", **asked) for _ in range(REPEATS)
                ],
            }


def of_peer(side: Side, task: str, size: int) -> dict[str, Any] | None:
    """The same in the peer's interpreter, in a directory of its own; None, and said
    why, where it cannot.
    """
    order = json.dumps({"side": side.name, "task": task, "size": size})
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        done = subprocess.run(
            [side.python, str(PEER_STORE), order],
            env={"HOME": str(directory), "PATH": "/usr/bin:/bin"},
            cwd=directory, timeout=TIMEOUT_S, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
            return found
    why = (done.stderr.strip() or "no reason given").splitlines()[-1]
    print(f"# {side.name}, {task} of {size:,}: {why}", file=sys.stderr, flush=True)
    return None


def compare_histories(all_sides: list[Side], size: int) -> None:
    """One size, all sides that can bear it."""
    for side in all_sides:
        if size > ROWS_MAX.get(side.name, size):
            continue
        found = (
            asyncio.run(our_history(size))
            if side.name == OURS
            else of_peer(side, "history", size)
        )
        if found is None:
            continue
        what, name = f"a run of {size:,} rows of 10 metrics", side.name
        show(f"{what}: ingest", name, [found["points_per_s"]], "points/s")
        show(f"{what}: cpu of storing", name, [found["cpu_us"]], "us/point")
        show(f"{what}: chart of one metric", name, found["chart_ms"], "ms")
        show(f"{what}: export as Parquet", name, [found["rows_per_s"]], "rows/s")
        if "peak_mb" in found:
            show(f"{what}: most memory", name, [found["peak_mb"]], "MB")


def compare_runs(all_sides: list[Side], size: int) -> None:
    """One size, all sides."""
    for side in all_sides:
        found = (
            asyncio.run(our_runs(size))
            if side.name == OURS
            else of_peer(side, "runs", size)
        )
        if found is None:
            continue
        assert found["names"] == first_page(size), f"{side.name}: other runs"
        what, name = f"{size:,} runs of 200 summary keys", side.name
        show(f"{what}: stored", name, [found["runs_per_s"]], "runs/s")
        show(f"{what}: filter, sort, 50 runs", name, found["page_ms"], "ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="the smallest sizes")
    parser.add_argument("--long", action="store_true", help="no effect here")
    quick = parser.parse_args().quick
    all_sides = sides(*STORES)
    for size in ROWS[:1] if quick else ROWS:
        compare_histories(all_sides, size)
    for size in RUNS[:1] if quick else RUNS:
        compare_runs(all_sides, size)


if __name__ == "__main__":
    main()
