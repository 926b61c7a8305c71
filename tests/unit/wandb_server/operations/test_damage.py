"""Segments and files whose bytes are not those that were written any more.

Every kind of damage in both kinds of stores: in the store itself and in a cached copy.
What is expected is what was logged.
"""

import json
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from wandb_server.errors import QueryError, StorageDamaged
from wandb_server.model.history import LostRows, SeriesQuery
from wandb_server.model.runs import RunUpsert
from wandb_server.operations.stores import Stores

from tests.unit.wandb_server.operations.conftest import Desk

ROWS, PER_SEGMENT = 3_000, 1_000
HISTORY = "wandb-history.jsonl"


def stores_of(desk: Desk) -> Stores:
    return desk.archive._stores  # type: ignore[attr-defined, no-any-return]


async def fill(desk: Desk, name: str = "r1", factor: int = 1) -> None:
    """A run of three segments; values differ from those of another factor."""
    stores = stores_of(desk)
    await desk.start(name)
    for first in range(0, ROWS, PER_SEGMENT):
        steps = range(first, first + PER_SEGMENT)
        await desk.log(*({"_step": n, "v": n * factor} for n in steps), name=name)
        await desk.archive.compact()
    assert stores.settings.tail_rows_max == 10


async def object_of(desk: Desk, column: str, name: str = "r1", at: int = 1) -> str:
    """The key of a segment's object: the one in the middle."""
    run = await desk.run(name)
    found = await desk.ask(
        f"SELECT {column} FROM segments WHERE run_id = {run.id} ORDER BY first_row"
    )
    suffix = {"rows_object": "rows", "series_object": "parquet"}.get(column, "blocks")
    number = int(found[at][0])
    return f"{number >> 12:x}/{number:x}.{suffix}"


async def read_object(desk: Desk, key: str) -> bytes:
    pieces = [bytes(piece) async for piece in stores_of(desk).objects.get(key)]
    return b"".join(pieces)


async def write_object(desk: Desk, key: str, content: bytes) -> None:
    """In the store, behind the back of the server; cached copies are left alone."""

    async def body() -> AsyncIterator[bytes]:
        yield content

    await stores_of(desk).objects.put(key, body())


def flipped(content: bytes) -> bytes:
    """One bit, in the first block of rows."""
    at = 40
    return content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :]


def zeroed(content: bytes) -> bytes:
    """A page of zeros in the middle."""
    at = len(content) // 3
    page = min(4096, len(content) // 4)
    return content[:at] + bytes(page) + content[at + page :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "flipped": flipped,
    "zeroed": zeroed,
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda _: b"",
    "garbage": lambda content: b"\xff" * len(content),
}


@pytest.fixture
async def filled(desk: Desk) -> Desk:
    await fill(desk)
    return desk


async def steps_of(desk: Desk, name: str = "r1") -> list[int]:
    rows = await desk.archive.history_rows(await desk.run(name))
    found = [json.loads(row) for row in rows]
    assert all(row["v"] == row["_step"] for row in found)
    return [row["_step"] for row in found]


async def lost(desk: Desk, name: str = "r1") -> list[LostRows]:
    found = await desk.archive.lost_rows("ann", "p", [name])
    return list(found.get(name, ()))


@pytest.mark.parametrize("kind", [*DAMAGES, "missing"])
async def test_damaged_rows_are_left_out_and_said_and_all_others_are_read(
    filled: Desk, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = await object_of(filled, "rows_object")
    if kind == "missing":
        await stores_of(filled).objects.delete([key])
    else:
        await write_object(filled, key, DAMAGES[kind](await read_object(filled, key)))

    found = await steps_of(filled)

    [told] = await lost(filled)
    assert told.first_step is not None
    assert told.last_step is not None
    gone = set(range(ROWS)) - set(found)
    assert len(gone) == told.row_count > 0
    assert gone <= set(range(told.first_step, told.last_step + 1))
    assert set(range(PER_SEGMENT)) <= set(found)
    assert set(range(2 * PER_SEGMENT, ROWS)) <= set(found)
    if kind == "flipped":
        assert told.row_count < PER_SEGMENT  # the other blocks are whole
    assert found == sorted(found)
    said = [one.getMessage() for one in caplog.records if "rows lost" in one.message]
    assert len(said) == 1
    assert f"steps={told.first_step}-{told.last_step}" in said[0]


async def test_the_segment_of_another_run_is_never_taken_for_ones_own(
    desk: Desk,
) -> None:
    """Every part of it is whole: only the checksum of the object tells."""
    await fill(desk, "r1")
    await fill(desk, "r2", factor=-1)
    for column in ("rows_object", "series_object", "blocks_object"):
        mine = await object_of(desk, column, "r1")
        other = await object_of(desk, column, "r2")
        await write_object(desk, mine, await read_object(desk, other))

    found = await steps_of(desk)

    assert found == [*range(PER_SEGMENT), *range(2 * PER_SEGMENT, ROWS)]
    series = await chart(desk)
    assert set(series.last) == {float(step) for step in found}


@pytest.mark.parametrize("kind", [*DAMAGES, "missing"])
@pytest.mark.parametrize("column", ["series_object", "blocks_object"])
async def test_a_chart_with_damaged_columns_is_drawn_from_the_rows(
    filled: Desk, column: str, kind: str
) -> None:
    expected = await chart(filled)
    stores_of(filled).damage.forget(range(100))
    key = await object_of(filled, column)
    if kind == "missing":
        await stores_of(filled).objects.delete([key])
    else:
        await write_object(filled, key, DAMAGES[kind](await read_object(filled, key)))

    assert await chart(filled) == expected
    assert not await lost(filled)


async def chart(desk: Desk) -> Any:
    query = SeriesQuery("ann", "p", ("r1",), ("v",), buckets=ROWS)
    [series] = await desk.archive.series(query)
    return series


async def test_a_damaged_segment_is_not_merged_and_its_run_goes_on(
    filled: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    key = await object_of(filled, "series_object")
    await write_object(filled, key, flipped(await read_object(filled, key)))
    before = await filled.ask("SELECT id FROM segments ORDER BY id")

    await filled.log({"_step": ROWS, "v": ROWS}, complete=True, exit_code=0)
    await filled.archive.compact()

    after = await filled.ask("SELECT id FROM segments ORDER BY id")
    assert after[:3] == before
    assert await steps_of(filled) == list(range(ROWS + 1))
    assert "not merged" in caplog.text


async def test_nothing_that_would_make_the_loss_permanent_is_done(filled: Desk) -> None:
    key = await object_of(filled, "rows_object")
    whole = await read_object(filled, key)
    await write_object(filled, key, flipped(whole))
    point = {"branch_point": {"run_id": "r1", "step": 10}}
    fork = json.dumps({"_wandb": {"value": point}})

    with pytest.raises(QueryError, match="would lose"):
        await filled.archive.rewind_run("ann", "p", "r1", 2_500)
    with pytest.raises(QueryError, match="steps 1000 to 1511"):
        await filled.archive.upsert_run(
            RunUpsert("ann", "p", "child", config_json=fork), filled.user
        )
    with pytest.raises(StorageDamaged):
        await filled.archive.export_parquet(await filled.run())

    await write_object(filled, key, whole)  # from a backup
    stores_of(filled).objects.drop_copy(key)
    assert await steps_of(filled) == list(range(ROWS))
    assert not await lost(filled)
    rewound = await filled.archive.rewind_run("ann", "p", "r1", 1_500)
    assert rewound is not None
    assert await steps_of(filled) == list(range(1_501))


async def test_a_run_with_lost_rows_is_resumed_and_written_to(filled: Desk) -> None:
    key = await object_of(filled, "rows_object", at=2)
    await write_object(filled, key, b"")

    tail = await filled.archive.tail_line(await filled.run(), HISTORY)
    assert tail is not None
    assert json.loads(tail)["_step"] == ROWS - 1
    await filled.log({"_step": ROWS - 1, "v": ROWS - 1}, {"_step": ROWS, "v": ROWS})

    assert (await steps_of(filled))[-2:] == [ROWS - 1, ROWS]


async def test_a_damaged_copy_in_the_cache_is_fetched_anew(
    filled: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    objects = stores_of(filled).objects
    if not hasattr(objects, "_cache"):
        pytest.skip("files of a directory have no copies")
    expected = await chart(filled)
    await steps_of(filled)
    for column in ("rows_object", "series_object", "blocks_object"):
        path = await objects.local_path(await object_of(filled, column))
        path.write_bytes(flipped(path.read_bytes()))

    assert await steps_of(filled) == list(range(ROWS))
    assert await chart(filled) == expected
    assert "damaged" not in caplog.text


async def test_rows_that_rot_while_the_server_runs_are_noticed(filled: Desk) -> None:
    """The file looks unchanged: only its blocks' own checksums tell."""
    await steps_of(filled)
    path = await stores_of(filled).objects.local_path(
        await object_of(filled, "rows_object")
    )
    state = path.stat()
    with path.open("r+b") as file:
        content = file.read()
        file.seek(0)
        file.write(flipped(content))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    found = await steps_of(filled)

    if hasattr(stores_of(filled).objects, "_cache"):
        assert found == list(range(ROWS))  # fetched anew
    else:
        assert len(found) == ROWS - 512
        assert len(await lost(filled)) == 1


@pytest.fixture(params=[100, 3_000_000])
def content(request: pytest.FixtureRequest) -> bytes:
    """Of one piece and of several."""
    return bytes(range(256)) * (request.param // 256 + 1)


async def test_a_damaged_file_never_looks_whole(desk: Desk, content: bytes) -> None:
    run = await desk.start()

    async def body() -> AsyncIterator[bytes]:
        yield content

    await desk.archive.write_file(run, "a.bin", body())
    [(number,)] = await desk.ask("SELECT object_id FROM files")
    key = f"{number >> 12:x}/{number:x}.file"
    await write_object(desk, key, content[:-1] + b"\x00")

    pieces = await desk.archive.read_file(run, "a.bin")
    assert pieces is not None
    got = bytearray()

    async def read() -> None:
        async for piece in pieces:
            got.extend(piece)

    with pytest.raises(StorageDamaged, match="not those that were written"):
        await read()
    assert len(got) < len(content)
