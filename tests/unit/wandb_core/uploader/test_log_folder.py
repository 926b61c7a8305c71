"""Folding a log: the same range gives the same lines, however it is reached."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb_core.transaction_log import BLOCK_BYTES
from wandb_core.uploader.fold_file import forget_fold, load_fold, save_fold
from wandb_core.uploader.last_step import last_logged_step
from wandb_core.uploader.log_folder import LogFolder, identify
from wandb_proto.v1 import record_pb2 as pb

from tests.support.logged_runs import LoggedRun, record_ends, row_records

PIECE_BYTES = 512


@pytest.fixture(scope="module")
def log_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    log = LoggedRun(tmp_path_factory.mktemp("run") / "run-r1.wandb")
    for step in range(60):
        log.rows(1, text="t" * 20)
        log.prints(f"\rprogress {step}")
        if step % 7 == 0:
            log.prints(f"line {step}\n", is_stderr=True)
            log.system_metrics(at=step, cpu=step)
    log.close()
    return log.path


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_range_has_the_same_lines_however_it_is_reached(
    log_path: Path, data: st.DataObject
) -> None:
    """Skipped in one go, in pieces, or restored from a kept fold: the same chunk."""
    ends = record_ends(log_path)
    start, end = sorted(
        data.draw(st.tuples(st.sampled_from(ends), st.sampled_from(ends)))
    )
    middle = data.draw(st.sampled_from([e for e in ends if e <= start]))
    whole = LogFolder(log_path)
    whole.chunk_until(start)
    pieces = LogFolder(log_path, read_bytes_max=PIECE_BYTES)
    while pieces.offset < start:
        pieces.skip(start)
    kept = LogFolder(log_path)
    kept.chunk_until(middle)
    save_fold(log_path, "id", kept.state, kept.offset)
    found = load_fold(log_path, "id", start)
    assert found is not None
    restored = LogFolder(log_path, read_bytes_max=PIECE_BYTES)
    restored.restore(*found)
    while restored.offset < start:
        restored.skip(start)

    chunks = [folder.chunk_until(end) for folder in (whole, pieces, restored)]

    assert chunks[0] == chunks[1]
    assert chunks[0] is None or chunks[2] is not None
    if chunks[0] is not None and chunks[2] is not None:
        chunks[2].summary_changed = chunks[0].summary_changed
        assert chunks[0] == chunks[2]
    for folder in (whole, pieces, kept, restored):
        folder.close()
    forget_fold(log_path)


def test_pieces_together_are_the_whole(log_path: Path) -> None:
    end = log_path.stat().st_size
    folder = LogFolder(log_path, read_bytes_max=PIECE_BYTES)
    rows: list[str] = []
    count = 0
    while (chunk := folder.next_chunk(end)) is not None:
        assert chunk.first_row == len(rows)
        rows += chunk.rows
        count += 1
    folder.close()

    assert len(rows) == 60
    assert count > 10


def test_rows_below_the_starting_step_are_raised(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    for step in (0, 1, 20):
        log.append(*row_records(step, {}))
    folder = LogFolder(log.path, starting_step=10)

    chunk = folder.next_chunk(log.committed_end())

    assert chunk is not None
    assert ['"_step":10' in row for row in chunk.rows] == [True, False, False]
    assert '"_step":11' in chunk.rows[1]
    assert '"_step":20' in chunk.rows[2]
    folder.close()
    log.close()


def test_identity_survives_a_copy_and_differs_between_logs(tmp_path: Path) -> None:
    first = LoggedRun(tmp_path / "a" / "run-r1.wandb", stream_id="s1")
    second = LoggedRun(tmp_path / "b" / "run-r1.wandb", stream_id="s2")
    copy = tmp_path / "elsewhere.wandb"
    copy.write_bytes(first.path.read_bytes())
    first.rows(3)

    identities = [identify(path) for path in (first.path, second.path, copy)]

    assert all(identities)
    ids = [identity.log_id for identity in identities if identity]
    assert ids[0] == ids[2] != ids[1]
    first.close()
    second.close()


def test_writers_wish_is_part_of_the_identity(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb", ours=False)
    target = pb.UploadTarget(mode="offline", resume="must")
    carrier = pb.Carrier(stream_id="s", next_sequence=2, target=target)
    log.append(pb.Record(summary=pb.SummaryRecord(carrier=carrier)))

    identity = identify(log.path)

    assert identity is not None
    assert identity.target == target
    log.close()


@pytest.mark.parametrize("far", [False, True])
def test_last_step_is_found_from_the_end(tmp_path: Path, far: bool) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.rows(50)
    if far:
        for _ in range(40):
            log.prints("x" * BLOCK_BYTES)
    log.close()

    assert last_logged_step(log.path) == 49


def test_log_without_rows_has_no_last_step(tmp_path: Path) -> None:
    log = LoggedRun(tmp_path / "run-r1.wandb")
    log.close()

    assert last_logged_step(log.path) is None
    assert last_logged_step(tmp_path / "none.wandb") is None


@pytest.mark.parametrize("content", [b"", b"{}", b'{"log_id":"id","offset":1}', b"[]"])
def test_damaged_fold_is_not_used(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "run-r1.wandb"
    path.with_name("run-r1.wandb.fold").write_bytes(content)

    assert load_fold(path, "id", 100) is None


def test_fold_of_another_log_or_beyond_the_cursor_is_not_used(log_path: Path) -> None:
    folder = LogFolder(log_path)
    save_fold(log_path, "id", folder.state, 100)
    folder.close()

    assert load_fold(log_path, "other", 1000) is None
    assert load_fold(log_path, "id", 99) is None
    assert load_fold(log_path, "id", 100) is not None
    forget_fold(log_path)
