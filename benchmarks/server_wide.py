"""How long does the page of a run with 10,000 metrics wait, and how does it grow?

Runs of 100, 1,000 and 10,000 metrics. Opening is what the page asks: the run, the names
of all its metrics, then the first twelve charts; while the run streams (the newest rows
in the tail, as background compaction leaves them) and after it ended. Each archive is
opened anew, so the first question is a cold one.

Estimate before building, on the 2-core reference machine: reading the facts of 10,000
keys 10 ms, making 10,000 objects of them 20 ms, twelve charts from Parquet 60 ms. Aim:
500 ms, memory 400 MB.

Measured at load 8, two cores, 10,000 metrics, cold / warm in ms: streaming 1,128 / 178,
ended 151 / 164; at most 326 MB. Cold while it streams parses the tail once, after the
server has started anew: missed under that load, to be measured on a quiet machine.

    python benchmarks/server_wide.py [--quick]
"""

import argparse
import asyncio
import resource
import tempfile
import time

from _report import show
from server_charts import open_at
from server_ingest import rows
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.history import SeriesQuery
from wandb_server.model.runs import RunUpsert

SIZES = (100, 1_000, 10_000)
STEPS = 200
POST_ROWS = 10
CHARTS = 12
REPEATS = 5


async def write(archive: Archive, user: User, name: str, metrics: int) -> float:
    """Stream a run, compacted as the server does it; points per second of posting."""
    await archive.upsert_run(RunUpsert("ann", "p", name), user)
    spent = 0.0
    for first in range(0, STEPS, POST_ROWS):
        texts = rows(first, POST_ROWS, metrics)
        post = FileStreamPost(chunks=(FileChunk("wandb-history.jsonl", first, texts),))
        began = time.perf_counter()
        await archive.post_file_stream("ann", "p", name, post)
        spent += time.perf_counter() - began
        await archive.compact()
    return STEPS * metrics / spent


async def open_page(archive: Archive, name: str, metrics: int) -> float:
    """Milliseconds until the first charts are there."""
    began = time.perf_counter()
    run = await archive.run("ann", "p", name)
    assert run is not None
    names = await archive.project_metric_keys("ann", "p", (name,))
    shown = tuple(k.key for k in names if not k.key.startswith("_"))[:CHARTS]
    assert len(names) >= metrics
    series = await archive.series(SeriesQuery("ann", "p", (name,), shown))
    assert len(series) == len(shown)
    return (time.perf_counter() - began) * 1000


async def show_opening(directory: str, what: str, name: str, metrics: int) -> None:
    cold, warm = [], []
    for _ in range(REPEATS):
        archive = await open_at(directory)
        cold.append(await open_page(archive, name, metrics))
        warm.append(await open_page(archive, name, metrics))
        await archive.close()
    show(f"open {metrics} metrics, {what}, cold", "ours", cold, "ms", 500)
    show(f"open {metrics} metrics, {what}, warm", "ours", warm, "ms", 500)


async def measure(sizes: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        for metrics in sizes:
            name = f"m{metrics}"
            archive = await open_at(directory)
            user = await archive.user_named("ann") or await archive.create_user("ann")
            rate = await write(archive, user, name, metrics)
            await archive.close()
            show(f"ingest, {metrics} metrics", "ours", [rate], "points/s", 100_000,
                 at_least=True)  # fmt: skip
            await show_opening(directory, "streaming", name, metrics)
            archive = await open_at(directory)
            done = FileStreamPost(chunks=(), complete=True, exit_code=0)
            await archive.post_file_stream("ann", "p", name, done)
            await archive.compact()
            await archive.close()
            await show_opening(directory, "ended", name, metrics)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            show(f"most memory, up to {metrics} metrics", "ours", [peak], "MB", 400)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="up to 1,000 metrics")
    parser.add_argument("--long", action="store_true", help="no effect here")
    asyncio.run(measure(SIZES[:2] if parser.parse_args().quick else SIZES))


if __name__ == "__main__":
    main()
