"""History as Parquet: every row and value, read back by DuckDB itself."""

import math
from pathlib import Path
from typing import Any

import duckdb
import pytest
from wandb_server.errors import QueryError

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
