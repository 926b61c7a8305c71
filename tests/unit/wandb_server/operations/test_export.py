"""History as Parquet: every row and value, read back by DuckDB itself."""

import asyncio
import math
import random
from pathlib import Path
from typing import Any

import duckdb
import pytest
from wandb_server.errors import QueryError
from wandb_server.operations import export

from tests.unit.wandb_server.operations.conftest import Desk


def read(path: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        question = f"SELECT {columns} FROM read_parquet($path)"
        return connection.execute(question, {"path": str(path)}).fetchall()


async def exported(desk: Desk) -> Path:
    path: Path = await desk.archive.export_parquet(await desk.run())
    return path


async def test_segments_and_tail_become_one_table(desk: Desk) -> None:
    await desk.start()
    for first in range(0, 200, 50):
        await desk.log(*({"_step": s, "a": s / 2} for s in range(first, first + 50)))
        if first < 150:
            await desk.archive.compact()

    rows = read(await exported(desk), "_step, a")

    assert rows == [(step, step / 2) for step in range(200)]


@pytest.mark.parametrize("moved", [False, True])
async def test_what_is_no_finite_number_stays_what_it_is(
    desk: Desk, moved: bool
) -> None:
    await desk.start()
    await desk.log(
        {"_step": 0, "a": math.nan, "o": {"x": True}, "t": "text"},
        {"_step": 1, "a": math.inf, "t": 5},
        {"_step": 2, "a": -math.inf, "t": {"_type": "image-file", "path": "p"}},
        {"_step": 3, "n": None, "": 2, 'q"': 3},
        complete=True,
    )
    if moved:
        await desk.archive.compact()

    path = await exported(desk)

    assert math.isnan(read(path, "a")[0][0])
    assert [row[0] for row in read(path, "a")][1:] == [math.inf, -math.inf, None]
    assert read(path, '"o.x"')[0] == (1.0,)
    assert [row[0] for row in read(path, "t")] == [
        '"text"', "5", '{"_type":"image-file","path":"p"}', None,
    ]  # fmt: skip
    assert read(path, '"q""", "(empty)", n')[3] == (3.0, 2.0, None)


async def test_rows_are_in_the_order_of_steps(desk: Desk) -> None:
    await desk.start()
    await desk.log({"_step": 5, "a": 1}, {"_step": 1, "a": 2}, {"_step": 5, "a": 3})
    await desk.log({"_step": 0, "b": 4})

    assert read(await exported(desk), "_step, a") == [
        (0, None), (1, 2.0), (5, 1.0), (5, 3.0),
    ]  # fmt: skip


async def test_a_file_is_kept_until_rows_arrive(desk: Desk) -> None:
    await desk.start()
    await desk.log({"_step": 0, "a": 1})
    first = await exported(desk)
    made = first.stat().st_ino

    again = await exported(desk)
    assert (again, again.stat().st_ino) == (first, made)
    await desk.log({"_step": 1, "a": 1})
    newer = await exported(desk)

    assert newer != first
    assert not first.exists()


async def test_keys_that_differ_in_case_are_two_columns(desk: Desk) -> None:
    await desk.start()
    await desk.log({"_step": 0, "loss": 1, "Loss": 2})

    assert read(await exported(desk), "loss, loss_1") == [(2.0, 1.0)]


async def test_a_run_without_rows_says_so(desk: Desk) -> None:
    await desk.start()

    with pytest.raises(QueryError, match="no rows"):
        await exported(desk)


@pytest.mark.parametrize("order", ["ascending", "back and forth"])
@pytest.mark.parametrize("points_per_read", [1, 1_000_000])
async def test_every_cell_arrives_whatever_the_batches(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, order: str, points_per_read: int
) -> None:
    monkeypatch.setattr(export, "CELLS_PER_BATCH", 7 * 20)
    monkeypatch.setattr(export, "POINTS_PER_READ", points_per_read)
    chance = random.Random(11)
    steps = list(range(300))
    if order == "back and forth":
        chance.shuffle(steps)
    rows = [
        {"_step": step, "every": float(step)}
        | {f"some{k}": step + k / 10 for k in range(4) if chance.random() < 0.7}
        | ({"text": f"t{step}"} if chance.random() < 0.5 else {})
        | ({"odd": chance.choice([math.nan, math.inf, -math.inf])})
        for step in steps
    ]
    await desk.start()
    for first in range(0, 300, 75):
        await desk.log(*rows[first : first + 75])
        if first < 200:
            await desk.archive.compact()

    names = ["_step", "every", "some0", "some1", "some2", "some3"]
    path = await exported(desk)
    found = read(path, ", ".join([*names, "text", "odd"]))

    expected = sorted(rows, key=lambda row: row["_step"])
    assert [row[:6] for row in found] == [
        tuple(row.get(name) for name in names) for row in expected
    ]
    assert [row[6] for row in found] == [
        f'"{row["text"]}"' if "text" in row else None for row in expected
    ]
    assert [str(row[7]) for row in found] == [str(row["odd"]) for row in expected]


async def test_an_export_that_is_given_up_leaves_room_for_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "CELLS_PER_BATCH", 2)
    await desk.start()
    await desk.log(*({"_step": step, "a": step} for step in range(2000)))
    await desk.archive.compact()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await exported(desk)
    monkeypatch.undo()

    async with asyncio.timeout(20):
        assert len(read(await exported(desk))) == 2000
