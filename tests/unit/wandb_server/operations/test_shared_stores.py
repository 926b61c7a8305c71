"""Several servers over one database: leases, clashes and changes that all hear."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.runs import RunUpsert
from wandb_server.storage import leases

from tests.support.stores import Embedded, Team

HISTORY = "wandb-history.jsonl"


@pytest.fixture
async def two(
    tmp_path: Path, open_at: Any, stores: Embedded | Team
) -> AsyncIterator[list[Any]]:
    """Two servers with a data directory each and the same database and bucket."""
    if stores.name == "embedded":
        pytest.skip("the embedded stores belong to one server: pytest --stores team")
    async with AsyncExitStack() as ending:
        desks = []
        for name in ("a", "b"):
            desk = await open_at(
                tmp_path, tail_rows_max=10, data_dir=tmp_path / name, garbage_age_s=0
            )
            ending.push_async_callback(desk.archive.close)
            desks.append(desk)
        yield desks


async def test_a_lease_has_one_holder_until_it_expires(desk: Any) -> None:
    async def take(holder: str, now: float) -> bool:
        taken: bool = await desk.archive._stores.database.write(
            lambda db: leases.take_lease(db, "x", holder, now, 10)
        )
        return taken

    assert await take("a", 0.0)
    assert not await take("b", 5.0)
    assert await take("a", 9.0)
    assert not await take("b", 15.0)
    assert await take("b", 20.0)
    await desk.archive._stores.database.write(lambda db: leases.give_back(db, "x", "b"))
    assert await take("a", 20.0)


async def test_runs_made_at_the_same_time_are_one_run(two: list[Any]) -> None:
    async def make(desk: Any, name: str) -> Any:
        return await desk.archive.upsert_run(RunUpsert("ann", "p", name), desk.user)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(make(desk, f"r{number % 5}"))
            for number in range(40)
            for desk in two
        ]

    made = [task.result() for task in tasks]
    assert sum(is_new for _, is_new in made) == 5
    assert len({run.storage_id for run, _ in made}) == 5


async def test_rows_posted_to_both_are_all_kept_once(two: list[Any]) -> None:
    await two[0].start("r1")

    async def post(desk: Any, log: str, first: int) -> None:
        texts = tuple(f'{{"_step": {first + n}, "log": "{log}"}}' for n in range(7))
        chunk = FileChunk(HISTORY, first, texts)
        await desk.archive.post_file_stream(
            "ann", "p", "r1", FileStreamPost(chunks=(chunk,), client_id=log)
        )

    async with asyncio.TaskGroup() as group:
        for first in range(0, 70, 7):
            for log, desk in zip("xyxy", (*two, *two), strict=True):
                group.create_task(post(desk, log, first))

    for desk in two:
        async with asyncio.TaskGroup() as group:
            for one in two:
                group.create_task(one.archive.compact())
        run = await desk.run("r1")
        rows = [line async for line in desk.archive.export_rows(run, HISTORY)]
        assert len(rows) == len(set(rows)) == 140


async def test_one_of_two_compacts_and_the_other_after_it_died(
    two: list[Any],
) -> None:
    await two[0].start("r1")
    await two[0].log(*({"_step": s} for s in range(20)))
    assert await two[0].archive.compact() == 20
    await two[0].log(*({"_step": s} for s in range(20, 40)))

    assert await two[1].archive.compact() == 0
    two[1].clock.now += 121
    assert await two[1].archive.compact() == 20


async def test_a_change_at_one_is_heard_at_the_other(two: list[Any]) -> None:
    await two[0].start("r1")
    changes = two[1].archive.subscribe("ann", "p")
    heard = None
    for step in range(100):
        await two[0].log({"_step": step})
        try:
            async with asyncio.timeout(0.5):
                heard = await anext(changes)
                break
        except TimeoutError:
            continue  # the other server was not listening yet

    assert heard is not None
    assert (heard.run, heard.entity, heard.project) == ("r1", "ann", "p")
