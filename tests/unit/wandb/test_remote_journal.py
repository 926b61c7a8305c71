"""What a core on another host is still to get, over the death of its writer."""

from pathlib import Path

import wandb._remote_journal as remote_journal
from hypothesis import given
from hypothesis import strategies as st
from wandb._remote_journal import Journal, NotedRecord
from wandb_proto.v1 import record_pb2 as pb


def noted(sequence: int, policy: int = pb.FilesItem.NOW) -> NotedRecord:
    record = pb.Record()
    record.files.files.add(path=f"f{sequence}", policy=policy)  # type: ignore[arg-type]
    return NotedRecord(sequence, record.SerializeToString())


def test_the_next_process_goes_on_where_the_last_one_was(tmp_path: Path) -> None:
    path = tmp_path / "s.carry"
    journal = Journal(path)
    for sequence in (3, 5, 9):
        journal.note(noted(sequence, pb.FilesItem.LIVE))
    journal.forget(1)

    found = Journal(path)

    assert list(found.waiting) == list(journal.waiting)
    assert (found.logged, found.noted) == (1, 9)
    assert found.open == {"f3": pb.FilesItem.LIVE}
    found.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_the_ring_gives_again_is_noted_once(tmp_path: Path) -> None:
    for path in (None, tmp_path / "s.carry"):
        journal = Journal(path)
        for sequence in (1, 2, 1, 2, 3):
            journal.note(noted(sequence))

        assert [record.sequence for record in journal.waiting] == [1, 2, 3]


@given(cut=st.integers(0, 400))
def test_a_line_cut_by_the_writers_death_costs_only_itself(cut: int) -> None:
    """The record of that line is still in the ring, and is noted again from there."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.carry"
        journal = Journal(path)
        for sequence in range(1, 5):
            journal.note(noted(sequence))
        content = path.read_bytes()
        path.write_bytes(content[: len(content) - min(cut, len(content))])

        found = Journal(path)
        for sequence in range(1, 5):
            found.note(noted(sequence))

        assert list(found.waiting) == list(journal.waiting)
        again = Journal(path)
        assert list(again.waiting) == list(journal.waiting)


def test_a_long_journal_is_written_anew_with_what_counts(tmp_path: Path) -> None:
    path = tmp_path / "s.carry"
    journal = Journal(path)
    journal.note(noted(1, pb.FilesItem.END))
    journal.keep_open("f1", pb.FilesItem.END)
    count = 2 * remote_journal.COMPACT_BYTES // 60
    for sequence in range(2, count):
        journal.note(noted(sequence))
    journal.forget(len(journal.waiting))

    assert path.stat().st_size < 1000
    found = Journal(path)
    assert (found.logged, found.noted) == (count - 1, count - 1)
    assert found.open == {"f1": pb.FilesItem.END}
    found.note(noted(count))
    assert [record.sequence for record in Journal(path).waiting] == [count]
