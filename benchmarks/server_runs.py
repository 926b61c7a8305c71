"""How long does a table of 10,000 runs wait: filter, sort, first page, groups?

10,000 runs with 200 summary keys each (one value in fifty is NaN) and two config keys,
over three sizes to show the growth. A question filters by a config and a summary key,
sorts by another summary key and takes the first 50 runs with their texts; the second
puts the same runs together by a config key, with two columns added up.

Estimate before building, on the 2-core reference machine: 10,000 runs times three
look-ups in the primary key of the value table at 2 µs are 60 ms. Aim: 150 ms for all.

Measured: filter, sort and first page 71 ms, groups 79 ms, both 150 ms; columns 2.1 s
once, then remembered. Writing the values of a run that ended: 4.2 ms in the background.

    python benchmarks/server_runs.py [--quick]
"""

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

from _report import show
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.run_questions import GroupQuery, RunQuery
from wandb_server.model.runs import RunUpsert
from wandb_server.operations import open_archive

SIZES = (1_000, 3_000, 10_000)
SUMMARY_KEYS = 200
NAN_SHARE = 0.02
AT_ONCE = 100
REPEATS = 9
FILTERS = {"config.lr": {"$gt": 0.2}, "summary_metrics.k5": {"$lt": 0.9}}


async def fill(archive: Archive, user: User, first: int, end: int) -> None:
    """Runs that ended, each with its summary."""
    chance = random.Random(first)

    async def make(number: int) -> None:
        summary = {
            f"k{key}": math.nan if chance.random() < NAN_SHARE else chance.random()
            for key in range(SUMMARY_KEYS)
        }
        config = {
            "lr": {"value": chance.random()},
            "model": {"value": f"m{number % 7}"},
        }
        name, text = f"r{number}", json.dumps(config)
        await archive.upsert_run(RunUpsert("ann", "p", name, config_json=text), user)
        chunk = FileChunk("wandb-summary.json", 0, (json.dumps(summary),))
        post = FileStreamPost(chunks=(chunk,), complete=True, exit_code=0)
        await archive.post_file_stream("ann", "p", name, post)

    for start in range(first, end, AT_ONCE):
        async with asyncio.TaskGroup() as group:
            for number in range(start, min(start + AT_ONCE, end)):
                group.create_task(make(number))


async def timed(ask: Callable[[], Awaitable[Any]]) -> list[float]:
    """Milliseconds of each repeat, after one that is not counted."""
    await ask()
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        await ask()
        found.append((time.perf_counter() - began) * 1000)
    return found


async def measure(sizes: tuple[int, ...]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        archive = await open_archive(
            f"sqlite:///{directory}/wandb.db", f"file://{directory}/objects"
        )
        user = await archive.create_user("ann")
        page = RunQuery("ann", "p", filters=FILTERS, order="-summary_metrics.k7")
        groups = GroupQuery(
            "ann",
            "p",
            "config.model",
            filters=FILTERS,
            columns=("summary_metrics.k7", "summary_metrics.k8"),
        )

        async def one_page() -> None:
            await archive.query_runs(page)

        async def all_groups() -> None:
            await archive.run_groups(groups)

        async def both() -> None:
            await one_page()
            await all_groups()

        made = 0
        for size in sizes:
            await fill(archive, user, made, size)
            began = time.perf_counter()
            await archive.count_runs("ann", "p", FILTERS)
            taken = (time.perf_counter() - began) * 1000 / (size - made)
            made = size
            for what, values, target in (
                ("index the values of one run", [taken], None),
                ("filter, sort, page", await timed(one_page), None),
                ("filter, group", await timed(all_groups), None),
                ("both", await timed(both), 150),
            ):
                show(f"{size} runs: {what}", "ours", values, "ms", target)
        await archive.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1,000 runs only")
    parser.add_argument("--long", action="store_true", help="no effect here")
    asyncio.run(measure(SIZES[:1] if parser.parse_args().quick else SIZES))


if __name__ == "__main__":
    main()
