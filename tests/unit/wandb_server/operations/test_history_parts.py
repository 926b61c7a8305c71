"""Histories as Parquet files: which runs have some, what they hold, when they go."""

import json
import math
from pathlib import Path
from typing import Any

import duckdb
import pytest
from wandb_server.maintenance import back_up, check, open_stores, restore
from wandb_server.operations import history_parts

from tests.support.stores import Embedded, Team
from tests.unit.wandb_server.operations.conftest import Desk
from tests.unit.wandb_server.operations.test_maintenance import settings_of


async def files(desk: Desk, name: str = "r1") -> list[int]:
    found = await desk.archive.history_files(await desk.run(name))
    assert [file.number for file in found] == list(range(len(found)))
    return [file.object_id for file in found]


async def content(desk: Desk, object_id: int, tmp_path: Path) -> list[dict[str, Any]]:
    """The rows of a file, as DuckDB reads them."""
    size = await desk.archive.history_file_size(object_id)
    assert size is not None
    path = tmp_path / f"read-{object_id}.parquet"
    with path.open("wb") as file:
        async for piece in desk.archive.read_history_file(object_id, 0, size):
            file.write(piece)
    with duckdb.connect() as connection:
        question = "SELECT * FROM read_parquet($path)"
        answer = connection.execute(question, {"path": str(path)})
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


async def logged(desk: Desk, *rows: dict[str, Any], name: str = "r1") -> None:
    """Rows of a run that ended."""
    await desk.start(name)
    await desk.log(*rows, name=name, complete=True)


def rows_of(first: int, end: int) -> list[dict[str, Any]]:
    return [{"_step": n, "loss": n / 2, "note": f"n{n}"} for n in range(first, end)]


@pytest.mark.parametrize("compacted", [False, True])
async def test_the_files_hold_the_rows(
    desk: Desk, tmp_path: Path, compacted: bool
) -> None:
    rows: list[dict[str, Any]] = [
        {"_step": 0, "a": math.inf, "n": None, "big": 2**60 + 1, "ok": True, "t": ""},
        {"_step": 1, "a": 2, "n": None, "big": -5, "ok": False, "t": 'a"b'},
        {"_step": 1, "a": -0.5, "n": None, "big": 0, "ok": None, "t": None},
    ]
    await logged(desk, *rows)
    if compacted:
        await desk.archive.compact()

    [file] = await files(desk)

    assert await content(desk, file, tmp_path) == rows


async def test_rows_of_equal_steps_keep_their_order(desk: Desk, tmp_path: Path) -> None:
    rows = [{"_step": n * 7 % 20 // 2, "a": n} for n in range(50)]
    await logged(desk, *rows)

    [file] = await files(desk)

    found = await content(desk, file, tmp_path)
    assert found == sorted(rows, key=lambda row: row["_step"])


@pytest.mark.parametrize(
    "odd",
    [
        {"_step": 2, "loss": 1},
        {"_step": 2, "loss": 1, "note": 5},
        {"_step": 2, "loss": 1, "note": {"_type": "image-file", "path": "p"}},
        {"_step": 2, "loss": [1], "note": "n"},
        {"_step": 2, "loss": 0.5, "note": "n", "Loss": 0.5},
        {"loss": 0.5, "note": "n"},
    ],
)
async def test_a_run_whose_rows_a_file_cannot_say_has_none(
    desk: Desk, odd: dict[str, Any]
) -> None:
    await logged(desk, *rows_of(0, 2), odd)

    assert await files(desk) == []
    assert await files(desk) == []


async def test_keys_that_cannot_be_columns_are_none(desk: Desk) -> None:
    for number, key in enumerate(["", "a\0b", "_STEP"]):
        await logged(desk, {"_step": 0, key: 1}, name=f"odd{number}")
        assert await files(desk, f"odd{number}") == []
    await logged(desk, {"_step": 0, "a": 1, "A": 2}, name="case")
    assert await files(desk, "case") == []


async def test_a_nested_key_is_not_a_dotted_one(desk: Desk, tmp_path: Path) -> None:
    await logged(desk, {"_step": 0, "a": {"b": 1}}, name="nested")
    await logged(desk, {"_step": 0, "a.b": 1}, name="dotted")

    assert await files(desk, "nested") == []
    [file] = await files(desk, "dotted")
    assert await content(desk, file, tmp_path) == [{"_step": 0, "a.b": 1}]


async def test_a_run_that_goes_on_has_none_and_then_one_more(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.start()
    await desk.log(*rows_of(0, 3))
    assert await files(desk) == []
    await desk.post(complete=True)
    [first] = await files(desk)

    await desk.start(state="running")
    await desk.log(*rows_of(3, 5))
    assert await files(desk) == []
    await desk.post(complete=True)

    found = await files(desk)
    assert found[0] == first
    assert await content(desk, found[1], tmp_path) == rows_of(3, 5)


async def test_rows_of_earlier_steps_or_other_keys_end_it(desk: Desk) -> None:
    """The client mixes up files that overlap, and shows null for absent keys."""
    for name, row in (
        ("back", {"_step": 2, "loss": 0.5, "note": "again"}),
        ("other", {"_step": 9, "loss": 0.5}),
    ):
        await logged(desk, *rows_of(0, 3), name=name)
        assert len(await files(desk, name)) == 1
        await desk.log(row, name=name)
        assert await files(desk, name) == []


async def test_a_long_history_is_cut_where_steps_go_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_parts, "PART_LINES_MIN", 20)
    await desk.start()
    rows = rows_of(0, 95)
    rows[40], rows[45] = rows[45], rows[40]
    for first in range(0, 95, 12):
        await desk.log(*rows[first : first + 12])
        await desk.archive.compact()
    await desk.post(complete=True)

    found = await files(desk)

    assert len(found) > 2
    pieces = [await content(desk, file, tmp_path) for file in found]
    assert [row for piece in pieces for row in piece] == rows_of(0, 95)


async def test_a_file_is_made_once_and_deleted_when_nobody_asks(
    desk: Desk, tmp_path: Path
) -> None:
    await logged(desk, *rows_of(0, 30))
    [file] = await files(desk)
    assert await files(desk) == [file]

    desk.clock.now += 31 * 24 * 3600
    await desk.archive.collect_garbage()
    desk.clock.now += 1
    await desk.archive.collect_garbage()
    assert await desk.archive.history_file_size(file) is None
    assert not any(key.endswith(".parquet") for key in await desk.objects())

    [newer] = await files(desk)
    assert await content(desk, newer, tmp_path) == rows_of(0, 30)


async def test_a_rewound_run_has_no_files_any_more(desk: Desk) -> None:
    """A client may keep what it fetched before for ever."""
    await logged(desk, *rows_of(0, 30))
    await logged(desk, *rows_of(0, 30), name="unread")
    [file] = await files(desk)

    for name in ("r1", "unread"):
        await desk.archive.rewind_run("ann", "p", name, 10)

    assert await files(desk) == []
    assert await desk.archive.history_file_size(file) is None
    assert len(await files(desk, "unread")) == 1


async def test_a_new_run_of_an_old_name_has_none(desk: Desk) -> None:
    await logged(desk, *rows_of(0, 3))
    [file] = await files(desk)
    old = await desk.run()
    await desk.archive.delete_run(old.storage_id)
    assert await desk.archive.history_file_size(file) is None
    assert await desk.objects() == []
    desk.lines.clear()

    await logged(desk, *rows_of(0, 9))

    assert await files(desk) == []


async def test_damaged_rows_are_no_files(desk: Desk, embedded_only: None) -> None:
    await logged(desk, *rows_of(0, 30))
    await desk.archive.compact()
    for path in (desk.path / "objects").rglob("*.rows"):
        path.write_bytes(path.read_bytes()[:50])

    assert await files(desk) == []


async def test_making_goes_on_with_the_next_question(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A history that is too long for one question is made by several."""
    monkeypatch.setattr(history_parts, "PART_LINES_MIN", 10)
    await desk.start()
    for first in range(0, 40, 10):
        await desk.log(*rows_of(first, first + 10))
        await desk.archive.compact()
    await desk.post(complete=True)
    monkeypatch.setattr(history_parts, "MAKING_S_MAX", 1e-6)

    counts = [len(await files(desk)) for _ in range(5)]

    assert counts == [0, 0, 0, 4, 4]


async def test_every_value_is_what_the_rows_say(desk: Desk, tmp_path: Path) -> None:
    """The rows as the row-based path gives them are the oracle."""
    rows = [
        {"_step": n, "x": [1.5, math.nan, math.inf, 7][n % 4], "k": n * 3}
        for n in range(40)
    ]
    await logged(desk, *rows)
    texts = await desk.archive.history_rows(await desk.run())

    [file] = await files(desk)

    found = await content(desk, file, tmp_path)
    assert json.dumps(found) == json.dumps(
        [json.loads(text) | {"x": float(json.loads(text)["x"])} for text in texts]
    )


async def test_a_damaged_file_is_made_anew(
    desk: Desk, tmp_path: Path, embedded_only: None
) -> None:
    await logged(desk, *rows_of(0, 30))
    [file] = await files(desk)
    [path] = (desk.path / "objects").rglob("*.parquet")
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])

    [newer] = await files(desk)

    assert newer != file
    assert await content(desk, newer, tmp_path) == rows_of(0, 30)


async def test_files_are_in_a_backup_and_checked(
    desk: Desk, stores: Embedded | Team, tmp_path: Path, open_at: Any
) -> None:
    await logged(desk, *rows_of(0, 30))
    await logged(desk, *rows_of(0, 3), name="rewound")
    [file] = await files(desk)
    await files(desk, "rewound")
    await desk.archive.rewind_run("ann", "p", "rewound", 1)
    target, other = tmp_path / "all.tar", tmp_path / "other"
    other.mkdir()
    async with open_stores(settings_of(stores.place(desk.path), desk.path), {}) as old:
        await back_up(old, target)
    async with open_stores(settings_of(stores.place(other), other), {}) as new:
        await restore(new, target)
        assert (await check(new)).problems == []

    again = await open_at(other)

    assert await files(again) == [file]
    assert await content(again, file, tmp_path) == rows_of(0, 30)
    assert await files(again, "rewound") == []
    await again.archive.close()


async def test_rows_of_several_writers_and_forks_are_as_the_rows_say(
    desk: Desk, tmp_path: Path
) -> None:
    """In shared mode a step has a row of each writer; a fork begins with others'."""
    await desk.start()
    for first in range(0, 40, 5):
        for writer in ("one", "two"):
            rows = [
                {"_step": n, "x": n / 2, "who": writer} for n in range(first, first + 5)
            ]
            await desk.log(*rows, client_id=writer)
    await desk.post(complete=True)
    point = {"_wandb": {"value": {"branch_point": {"run_id": "r1", "step": 10}}}}
    await desk.start("child", config_json=json.dumps(point))
    desk.lines[("child", "")] = 22
    await desk.log({"_step": 11, "x": 0.5, "who": "child"}, name="child", complete=True)

    for name in ("r1", "child"):
        texts = await desk.archive.history_rows(await desk.run(name))
        [file] = await files(desk, name)
        found = await content(desk, file, tmp_path)
        assert found == [json.loads(text) for text in texts]


async def test_too_many_keys_for_a_file_are_none(desk: Desk) -> None:
    wide = {f"k{number}": number for number in range(501)}
    await logged(desk, {"_step": 0, **wide}, {"_step": 1, **wide})

    assert await files(desk) == []
    assert await desk.ask("SELECT number FROM history_parts") == []
