"""How long does a page wait for its charts and for the list of metrics?

- A run of a million steps and ten metrics: one chart, all ten, and a zoom into a tenth
  of it, 500 buckets.
- 200 series at once: 20 runs of 100,000 steps and ten metrics.
- 100 runs of 2,000 steps: one chart of all; and the names of 100 runs with 10,000
  metrics each.

Cold is the first question to an archive opened anew, warm the median of those after.

Estimate before building, on the 2-core reference machine: a million points of a key are
15,625 blocks; reading their 13 columns from Parquet 12 ms, adding them up 2 ms; from
memory 2 ms. Aims: one chart 25 ms warm, ten 80 ms, 200 series 1.5 s; page 1 s for its
first chart, all included.

Measured (load 1.5, files in the page cache), warm / cold in ms: one chart 3.8 / 38, ten
12 / 90, a tenth of it 15 / 39, 200 series 73 / 211, 100 runs 130 / 168; names 20 / 141
(912 cold before facts were arrays). Memory at most 340 MiB, making the data included.

    python benchmarks/server_charts.py
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
from server_ingest import rows, show
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.history import SeriesQuery
from wandb_server.model.runs import RunUpsert
from wandb_server.operations import open_archive

RUNS = 100
STEPS = 2_000
WIDE_METRICS = 10_000
LONG_STEPS = 1_000_000
MANY_RUNS = 20
MANY_STEPS = 100_000
METRICS = 10
POST_ROWS = 10_000
REPEATS = 5
WARM = 4

Question = Callable[[Archive], Awaitable[Any]]


async def open_at(directory: str) -> Archive:
    return await open_archive(
        f"sqlite:///{directory}/wandb.db", f"file://{directory}/objects"
    )


async def fill(
    archive: Archive, user: User, project: str, texts: tuple[str, ...]
) -> None:
    """Runs that ended, compacted."""
    for number in range(RUNS):
        await archive.upsert_run(RunUpsert("ann", project, f"r{number}"), user)
        chunk = FileChunk("wandb-history.jsonl", 0, texts)
        post = FileStreamPost(chunks=(chunk,), complete=True, exit_code=0)
        await archive.post_file_stream("ann", project, f"r{number}", post)
        await archive.compact()


async def write_long(archive: Archive, user: User, name: str, steps: int) -> None:
    """A run as it arrives live: compacted every few thousand rows."""
    await archive.upsert_run(RunUpsert("ann", "deep", name), user)
    chance = np.random.default_rng(steps)
    for first in range(0, steps, POST_ROWS):
        values = chance.random((POST_ROWS, METRICS)).round(6).tolist()
        texts = tuple(
            json.dumps(
                {
                    "_step": step,
                    "_timestamp": 1.7e9 + step,
                    "_runtime": step * 0.5,
                    **{f"train/metric_{n}": value for n, value in enumerate(row)},
                }
            )
            for step, row in enumerate(values, first)
        )
        chunk = FileChunk("wandb-history.jsonl", first, texts)
        post = FileStreamPost(
            chunks=(chunk,), complete=first + POST_ROWS >= steps, exit_code=0
        )
        await archive.post_file_stream("ann", "deep", name, post)
        await archive.compact()


def charts(names: tuple[str, ...], keys: int, **values: float) -> Question:
    wanted = tuple(f"train/metric_{number}" for number in range(keys))
    query = SeriesQuery("ann", "deep", names, wanted, **values)  # type: ignore[arg-type]

    async def ask(archive: Archive) -> None:
        assert len(await archive.series(query)) == len(names) * keys

    return ask


async def chart_of_all(archive: Archive) -> None:
    names = tuple(f"r{number}" for number in range(RUNS))
    query = SeriesQuery("ann", "long", names, ("train/metric_3",))
    assert len(await archive.series(query)) == RUNS


async def names_of_all(archive: Archive) -> None:
    names = tuple(f"r{number}" for number in range(RUNS))
    assert len(await archive.project_metric_keys("ann", "wide", names)) > WIDE_METRICS


async def time_question(directory: str, what: str, ask: Question) -> None:
    cold, warm = [], []
    for _ in range(REPEATS):
        archive = await open_at(directory)
        for spent in (cold, *(warm for _ in range(WARM))):
            began = time.perf_counter()
            await ask(archive)
            spent.append((time.perf_counter() - began) * 1000)
        await archive.close()
    show(f"{what}, cold", cold, "ms")
    show(f"{what}, warm", warm, "ms")


async def measure(directory: str) -> None:
    archive = await open_at(directory)
    user = await archive.create_user("ann")
    began = time.perf_counter()
    await write_long(archive, user, "million", LONG_STEPS)
    spent = time.perf_counter() - began
    points = LONG_STEPS * METRICS / spent
    show("million steps stored, compacted, merged", [points], "points/s")
    for number in range(MANY_RUNS):
        await write_long(archive, user, f"many{number}", MANY_STEPS)
    await fill(archive, user, "long", rows(0, STEPS))
    await fill(archive, user, "wide", rows(0, 2, WIDE_METRICS))
    await archive.close()
    one = ("million",)
    many = tuple(f"many{number}" for number in range(MANY_RUNS))
    zoom = {"x_min": 400_050.0, "x_max": 500_050.0}
    for what, ask in (
        ("chart of a million steps", charts(one, 1)),
        ("ten charts of a million steps", charts(one, METRICS)),
        ("chart of a tenth of a million steps", charts(one, 1, **zoom)),
        ("200 series of 100,000 steps", charts(many, METRICS)),
        ("chart of 100 runs", chart_of_all),
        ("10,000 metric keys of 100 runs", names_of_all),
    ):
        await time_question(directory, what, ask)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(directory))


if __name__ == "__main__":
    main()
