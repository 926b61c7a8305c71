"""The tail: batches of lines, and what was there before them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, create_engine, insert
from wandb_server.errors import StorageDamaged
from wandb_server.storage import dump, lines, migrations, runs
from wandb_server.storage.older_tail import OLDER_TAIL
from wandb_server.storage.row_segment import NO_STEP
from wandb_server.storage.schema import metadata
from wandb_server.storage.tail_batch import BATCH_BYTES, pack, unpack

STREAM = (1, lines.HISTORY, "")
Line = tuple[int, bytes, int | None]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        make_run(connection, metadata.tables["runs"])
        yield connection
    engine.dispose()


def make_run(db: Connection, table: Table) -> None:
    values: dict[str, Any] = {
        column.name: 0
        for column in table.columns
        if not column.nullable and column.name != "id"
    }
    projects = metadata.tables["projects"]
    db.execute(insert(projects).values(entity="a", name="p", created_at=0))
    names = dict.fromkeys(("name", "display_name", "state", "user_name"), "x")
    db.execute(insert(table).values({**values, "project_id": 1, **names}))


@given(st.lists(st.tuples(st.binary(max_size=9), st.none() | st.integers(-9, 9))))
def test_a_batch_is_read_as_it_was_packed(rows: list[tuple[bytes, int | None]]) -> None:
    content = pack([step for _, step in rows], [text for text, _ in rows])
    steps, texts = unpack(content)

    assert texts == [text for text, _ in rows]
    assert [None if s == NO_STEP else s for s in steps] == [step for _, step in rows]
    for damaged in (content[:-1], content + b"x", b""):
        with pytest.raises(StorageDamaged):
            unpack(damaged)


def test_lines_come_back_in_the_order_of_rows(db: Connection) -> None:
    lines.insert_lines(db, STREAM, 0, [(0, b"a", 0), (1, b"b", None), (5, b"c", 7)])
    lines.insert_lines(db, (1, lines.HISTORY, "other"), 3, [(0, b"d", 2)])

    assert lines.read_tail(db, *STREAM[:2]) == [
        (0, 0, b"a"),
        (1, None, b"b"),
        (2, 7, b"c"),
        (3, 2, b"d"),
    ]
    assert lines.read_tail(db, *STREAM[:2], first_row=2)[0] == (2, 7, b"c")
    assert lines.read_tail(db, *STREAM[:2], steps=(1, 7)) == [(3, 2, b"d")]
    assert lines.texts_with_steps(db, *STREAM[:2], {0, 7, 9}) == [(0, b"a"), (7, b"c")]
    assert lines.known_lines(db, *STREAM, range(1, 9)) == {1, 5}
    assert lines.newest_tail_line(db, *STREAM[:2]) == b"d"


def test_oldest_batches_keep_to_the_limits_but_one_always_comes(
    db: Connection,
) -> None:
    for row in range(4):
        lines.insert_lines(db, STREAM, row, [(row, b"12345", row)])

    def count(rows_max: int, bytes_max: int) -> int:
        return len(lines.oldest_batches(db, *STREAM[:2], rows_max, bytes_max))

    assert (count(9, 99), count(2, 99), count(9, 15), count(0, 0)) == (4, 2, 3, 1)


def test_large_posts_become_several_batches(db: Connection) -> None:
    text = b"x" * (BATCH_BYTES // 2)
    lines.insert_lines(db, STREAM, 0, [(n, text, n) for n in range(5)])

    batches = lines.oldest_batches(db, *STREAM[:2], 100, 100 * BATCH_BYTES)
    assert [(b.first_row, b.end_row) for b in batches] == [(0, 2), (2, 4), (4, 5)]


def older_lines() -> list[tuple[int, str, str, int, int, int | None, bytes]]:
    """Two files and two logs, their rows one among the other."""
    return [
        (1, lines.HISTORY, "", 0, 0, 0, b'{"a":1}'),
        (1, lines.EVENTS, "", 0, 1, 0, b"{}"),
        (1, lines.HISTORY, "", 1, 2, None, b"no object"),
        (1, lines.HISTORY, "", 2, 3, 9, b"\xed\xa0\x80"),
        (1, lines.HISTORY, "b", 7, 4, 5, b""),
    ]


def expect_older_lines(db: Connection) -> None:
    wanted = [(row, step, text) for _, f, _, _, row, step, text in older_lines()
              if f == lines.HISTORY]  # fmt: skip
    assert lines.read_tail(db, 1, lines.HISTORY) == wanted
    assert lines.read_tail(db, 1, lines.EVENTS) == [(1, 0, b"{}")]
    assert lines.known_lines(db, 1, lines.HISTORY, "b", range(10)) == {7}


def test_the_migration_moves_every_line(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    names = ("run_id", "file", "log_id", "line", "row", "step", "text")
    with engine.begin() as connection:
        migrations.migrate(connection, "0004")
        make_run(connection, metadata.tables["runs"])
        rows = [dict(zip(names, row, strict=True)) for row in older_lines()]
        connection.execute(insert(OLDER_TAIL), rows)

        migrations.upgrade(connection)

        expect_older_lines(connection)
    engine.dispose()


def test_the_tail_of_an_older_backup_is_restored(db: Connection) -> None:
    columns = ["id", "run_id", "file", "log_id", "line", "row", "step", "text"]
    dumped = [columns] + [
        [at, *row[:-1], base64.b64encode(row[-1]).decode()]
        for at, row in enumerate(older_lines())
    ]

    count = dump.load_older_tail(db, [json.dumps(row).encode() for row in dumped])

    assert count == len(older_lines())
    expect_older_lines(db)


def test_posted_runs_are_found_by_name_alone(db: Connection) -> None:
    found = runs.find_posted_run(db, "a", "p", "x")

    assert found is not None
    assert (found["id"], found["stop_requested"]) == (1, False)
    assert runs.find_posted_run(db, "a", "p", "y") is None
