"""How long does a page wait for its first chart and for the list of metrics?

100 runs with 2,000 steps of 10 metrics each, compacted, 500 buckets: one chart of all
runs, cold (the archive opened anew) and warm. And the metric names of 100 runs with
10,000 metrics each.

Estimate before building, on the 2-core reference machine: opening a Parquet file
0.5 ms, reading 2,000 points of one key 0.3 ms: 80 ms for 100 runs. Budget of the page:
first chart 1 s, all included. Measured on a machine busy with other work (load 4.6):
chart 460 ms cold, 260 warm; names 2,080 ms cold, 69 warm (7,650 and 480 before facts
were columns).

    python benchmarks/server_charts.py
"""

import asyncio
import tempfile
import time

from server_ingest import rows, show
from wandb_server.model import (
    Archive,
    FileChunk,
    FileStreamPost,
    RunUpsert,
    SeriesQuery,
)
from wandb_server.operations import open_archive

RUNS = 100
STEPS = 2_000
WIDE_METRICS = 10_000
REPEATS = 5


async def open_at(directory: str) -> Archive:
    return await open_archive(
        f"sqlite:///{directory}/wandb.db", f"file://{directory}/objects"
    )


async def fill(archive: Archive, project: str, texts: tuple[str, ...]) -> None:
    """Runs that ended, compacted."""
    user = await archive.create_user("ann")
    for number in range(RUNS):
        await archive.upsert_run(RunUpsert("ann", project, f"r{number}"), user)
        chunk = FileChunk("wandb-history.jsonl", 0, texts)
        post = FileStreamPost(chunks=(chunk,), complete=True, exit_code=0)
        await archive.post_file_stream("ann", project, f"r{number}", post)
        await archive.compact()


async def measure(directory: str) -> None:
    archive = await open_at(directory)
    await fill(archive, "long", rows(0, STEPS))
    await fill(archive, "wide", rows(0, 2, WIDE_METRICS))
    await archive.close()
    names = tuple(f"r{number}" for number in range(RUNS))
    query = SeriesQuery("ann", "long", names, ("train/metric_3",))
    cold, warm, keys, again = [], [], [], []
    for _ in range(REPEATS):
        archive = await open_at(directory)
        for spent in (cold, warm):
            began = time.perf_counter()
            assert len(await archive.series(query)) == RUNS
            spent.append((time.perf_counter() - began) * 1000)
        for spent in (keys, again):
            began = time.perf_counter()
            assert len(await archive.project_metric_keys("ann", "wide", names)) > 10_000
            spent.append((time.perf_counter() - began) * 1000)
        await archive.close()
    show("chart of 100 runs, cold", cold, "ms")
    show("chart of 100 runs, warm", warm, "ms")
    show("10,000 metric keys of 100 runs, cold", keys, "ms")
    show("10,000 metric keys of 100 runs, warm", again, "ms")


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(directory))


if __name__ == "__main__":
    main()
