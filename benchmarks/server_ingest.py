"""How many points per second does the server store?

Posts of 8 writers at once, straight into the archive (no HTTP), each waiting for its
answer before the next, as core does: 200 rows of 10 metrics per post.

Estimate before building, on the 2-core reference machine: parsing a row 2 µs, inserting
it into SQLite with two indexes 5 µs, so 7 µs per row of 10 points: 1.4 million points
per second. Aim: 100,000. Measured: 518,000, on a machine busy with other work.

    python benchmarks/server_ingest.py
"""

import asyncio
import json
import platform
import random
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.runs import RunUpsert
from wandb_server.operations import open_archive

WRITERS = 8
POSTS = 20
ROWS = 200
METRICS = 10
REPEATS = 3


def show(what: str, values: list[float], unit: str) -> None:
    """One line of JSON."""
    revision = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    line = {
        "what": what,
        "value": statistics.median(values),
        "unit": unit,
        "spread": [min(values), max(values)],
        "machine": f"{platform.machine()} {platform.system()}",
        "revision": revision.stdout.strip() or "unknown",
    }
    print(json.dumps(line), flush=True)


def rows(first: int, count: int, metrics: int = METRICS) -> tuple[str, ...]:
    """History lines with random metrics."""
    chance = random.Random(first)
    names = [f"train/metric_{number}" for number in range(metrics)]
    return tuple(
        json.dumps(
            {
                "_step": step,
                "_timestamp": 1.7e9 + step,
                "_runtime": float(step),
                **{name: chance.random() for name in names},
            }
        )
        for step in range(first, first + count)
    )


async def write(archive: Archive, name: str, posts: list[FileStreamPost]) -> None:
    """One writer."""
    for post in posts:
        await archive.post_file_stream("ann", "p", name, post)


async def measure(directory: str) -> float:
    """Points per second."""
    archive = await open_archive(
        f"sqlite:///{directory}/wandb.db", f"file://{directory}/objects"
    )
    user: User = await archive.create_user("ann")
    posts = []
    for number in range(POSTS):
        texts = rows(number * ROWS, ROWS)
        chunk = FileChunk("wandb-history.jsonl", number * ROWS, texts)
        posts.append(FileStreamPost(chunks=(chunk,)))
    for writer in range(WRITERS):
        await archive.upsert_run(RunUpsert("ann", "p", f"r{writer}"), user)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for writer in range(WRITERS):
            group.create_task(write(archive, f"r{writer}", posts))
    spent = time.perf_counter() - began
    await archive.close()
    return WRITERS * POSTS * ROWS * METRICS / spent


def main() -> None:
    values = []
    for _ in range(REPEATS):
        with tempfile.TemporaryDirectory() as directory:
            values.append(asyncio.run(measure(directory)))
    show("server ingest", values, "points/s")


if __name__ == "__main__":
    main()
