"""The file of a segment's rows."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_server.errors import StorageDamaged
from wandb_server.storage import row_segment
from wandb_server.storage.row_segment import (
    NO_STEP,
    iterate_blocks,
    read_index,
    read_rows,
    write_rows,
)


@given(
    texts=st.lists(st.binary(max_size=30), max_size=1200), picks=st.sets(st.integers(0))
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_rows_come_back_whatever_they_hold(
    tmp_path: Path, texts: list[bytes], picks: set[int]
) -> None:
    steps = np.array(
        [NO_STEP if at % 7 == 3 else at * 2 for at in range(len(texts))], np.int64
    )
    rows = np.arange(100, 100 + len(texts))
    path = tmp_path / "x.rows"

    size = write_rows(path, steps, rows, texts)

    index = read_index(path)
    assert path.stat().st_size == size
    assert [text for block in iterate_blocks(path, index) for text in block] == texts
    wanted = sorted(pick % len(texts) for pick in picks) if texts else []
    wanted = sorted(set(wanted))
    assert read_rows(path, index, np.array(wanted, np.int64)) == [
        texts[at] for at in wanted
    ]
    assert index.row.tolist() == rows.tolist()
    assert index.step.tolist() == steps.tolist()


def test_a_row_larger_than_a_block_has_its_own(tmp_path: Path) -> None:
    texts = [b"a", b"x" * (2 * row_segment.BLOCK_BYTES), b"b"]
    write_rows(tmp_path / "x", np.arange(3), np.arange(3), texts)

    index = read_index(tmp_path / "x")

    assert index.first.tolist() == [0, 1, 2, 3]
    assert read_rows(tmp_path / "x", index, np.array([0, 2])) == [b"a", b"b"]


def test_damage_is_reported_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x"
    texts = [b'{"_step": %d}' % step for step in range(40)]
    write_rows(path, np.arange(40), np.arange(40), texts)
    whole = path.read_bytes()

    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        with pytest.raises(StorageDamaged):
            read_index(path)
    unnoticed = 0
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :])
        try:
            index = read_index(path)
            found = read_rows(path, index, np.arange(len(index.step)))
            unnoticed += found != texts or index.step.tolist() != list(range(40))
        except StorageDamaged:
            continue
    assert unnoticed == 0
