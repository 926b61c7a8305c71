"""The cursor file: what is saved is loaded, what is damaged is noticed."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb_core.uploader.cursor import (
    EVENTS,
    HISTORY,
    OUTPUT,
    Cursor,
    CursorUnreadable,
    cursor_path,
    load_cursor,
    save_cursor,
)

count = st.integers(0, 2**53)


@given(
    st.text(),
    st.dictionaries(st.sampled_from([HISTORY, EVENTS, OUTPUT]), count),
    st.tuples(count, count, count, st.booleans(), st.booleans()),
)
def test_saved_cursor_is_loaded_again(
    tmp_path_factory: pytest.TempPathFactory,
    destination: str,
    base: dict[str, int],
    rest: tuple[int, int, int, bool, bool],
) -> None:
    offset, more, step, resumed, done = rest
    log_path = tmp_path_factory.mktemp("run") / "run-1.wandb"
    cursor = Cursor(
        destination, "id", base, resumed, step, offset, offset + more, step, done
    )

    save_cursor(log_path, cursor, durable=done)

    assert load_cursor(log_path) == cursor


def test_log_without_a_cursor_has_none(tmp_path: Path) -> None:
    assert load_cursor(tmp_path / "run-1.wandb") is None


def test_acknowledged_chunk_moves_the_cursor() -> None:
    cursor = Cursor("d", "id", offset=10, pending_end=30).advanced()

    assert (cursor.offset, cursor.pending_end) == (30, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[1]",
        '{"version":2,"destination":"d","log_id":"i"}',
        '{"version":1}',
        '{"version":1,"destination":"d","log_id":"i","unknown":1}',
        '{"version":1,"destination":"d","log_id":"i","offset":-1}',
        '{"version":1,"destination":"d","log_id":"i","offset":9,"pending_end":3}',
        '{"version":1,"destination":"d","log_id":"i","base":[1]}',
        '{"version":1,"destination":"d","log_id":"i","base":{"x":1}}',
        '{"version":1,"destination":1,"log_id":"i"}',
        '{"version":1,"destination":"d","log_id":"i","starting_step":"1"}',
    ],
)
def test_damage_is_noticed(tmp_path: Path, text: str) -> None:
    log_path = tmp_path / "run-1.wandb"
    cursor_path(log_path).write_text(text)

    with pytest.raises(CursorUnreadable, match="cursor"):
        load_cursor(log_path)


def test_failed_save_leaves_the_old_cursor(tmp_path: Path) -> None:
    log_path = tmp_path / "run-1.wandb"
    save_cursor(log_path, Cursor("d", "id", offset=1), durable=True)
    cursor_path(log_path).with_name("run-1.wandb.cursor.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        save_cursor(log_path, Cursor("d", "id", offset=2), durable=True)

    found = load_cursor(log_path)
    assert found is not None
    assert found.offset == 1
