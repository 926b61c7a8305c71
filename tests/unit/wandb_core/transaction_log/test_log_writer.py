import errno
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_core.errors import LogDamaged, LogLocked, LogWriteFailed
from wandb_core.transaction_log import (
    FILE_HEADER,
    LogReader,
    LogWriter,
    find_last_checkpoint,
    read_all,
)
from wandb_core.transaction_log.lock import is_locked
from wandb_proto.v1.record_pb2 import Record

from tests.support.faulty_file import FaultyFile


def payload(number: int, size: int = 10) -> bytes:
    record = Record(num=number)
    record.output_raw.line = "x" * size
    return record.SerializeToString()


def carrier(number: int, checkpoint: bytes = b"") -> bytes:
    record = Record(num=number)
    record.summary.carrier.next_sequence = number
    record.summary.carrier.checkpoint = checkpoint
    return record.SerializeToString()


def numbers(path: Path) -> list[int]:
    return [logged.record.num for logged in read_all(path)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run-abc.wandb"


@pytest.fixture
def files() -> FaultyFile:
    return FaultyFile()


@pytest.fixture
def writer(path: Path, files: FaultyFile) -> Iterator[LogWriter]:
    with LogWriter.create(path, files) as made:
        yield made


def test_new_log_holds_the_file_header(writer: LogWriter) -> None:
    assert writer.path.read_bytes() == FILE_HEADER
    assert writer.end == 7


def test_existing_log_is_not_created_again(writer: LogWriter) -> None:
    writer.append([payload(1)])

    with pytest.raises(FileExistsError):
        LogWriter.create(writer.path)

    assert numbers(writer.path) == [1]


def test_batch_is_one_write(writer: LogWriter, files: FaultyFile) -> None:
    before = files.write_count

    end = writer.append([payload(number) for number in range(1, 100)])

    assert files.write_count == before + 1
    assert end == writer.end == writer.path.stat().st_size
    assert writer.append([]) == end


def test_no_log_is_left_if_not_even_the_header_fits(path: Path) -> None:
    files = FaultyFile()
    files.bytes_left = 3

    with pytest.raises(LogWriteFailed):
        LogWriter.create(path, files)

    assert not path.exists()


def test_full_disk_leaves_the_log_as_it_was(
    writer: LogWriter, files: FaultyFile
) -> None:
    writer.append([payload(1)])
    before = writer.path.read_bytes()
    files.bytes_left = 100

    with pytest.raises(LogWriteFailed) as failure:
        writer.append([payload(2), payload(3, 200)])

    assert failure.value.errno == errno.ENOSPC
    assert failure.value.path == writer.path
    assert failure.value.byte_count > 200
    assert writer.path.read_bytes() == before
    files.bytes_left = None
    writer.append([payload(2)])
    assert numbers(writer.path) == [1, 2]


def test_broken_disk_is_cut_back_before_the_next_write(
    writer: LogWriter, files: FaultyFile
) -> None:
    writer.append([payload(1)])
    files.write_errno = files.truncate_errno = errno.EIO
    with pytest.raises(LogWriteFailed) as failure:
        writer.append([payload(2, 1000)])
    assert failure.value.errno == errno.EIO
    assert writer.path.stat().st_size > writer.end
    files.write_errno = 0
    with pytest.raises(LogWriteFailed):
        writer.append([payload(3)])

    files.truncate_errno = 0
    writer.append([payload(4)])

    assert numbers(writer.path) == [1, 4]
    assert writer.path.stat().st_size == writer.end


def test_short_write_is_completed(writer: LogWriter, files: FaultyFile) -> None:
    files.short_write_bytes = 5

    writer.append([payload(1), payload(2)])

    assert numbers(writer.path) == [1, 2]


def test_failed_fsync_is_told(writer: LogWriter, files: FaultyFile) -> None:
    writer.append([payload(1)])
    writer.sync()
    files.fsync_errno = errno.EIO

    with pytest.raises(LogWriteFailed) as failure:
        writer.sync()

    assert failure.value.errno == errno.EIO
    assert files.fsync_count == 2


def test_second_writer_is_refused_in_this_process_and_in_others(
    writer: LogWriter,
) -> None:
    code = (
        "import sys, pathlib; from wandb_core.transaction_log import LogWriter\n"
        "from wandb_core.errors import LogLocked\n"
        "try: LogWriter.append_to(pathlib.Path(sys.argv[1]))\n"
        "except LogLocked: sys.exit(7)"
    )

    with pytest.raises(LogLocked):
        LogWriter.append_to(writer.path)
    other = subprocess.run([sys.executable, "-c", code, str(writer.path)], check=False)

    assert other.returncode == 7


def test_reading_the_log_does_not_unlock_it(writer: LogWriter) -> None:
    """A classic POSIX lock would be lost by the first close of any descriptor."""
    writer.append([payload(1)])
    LogReader(writer.path).close()
    writer.path.read_bytes()

    assert is_locked(writer.path)

    writer.close()
    writer.close()
    assert not is_locked(writer.path)


def test_missing_log_is_not_locked(path: Path) -> None:
    assert not is_locked(path)
    with pytest.raises(FileNotFoundError):
        LogWriter.append_to(path)


def test_appending_goes_on_after_a_clean_close(writer: LogWriter) -> None:
    writer.append([payload(1), carrier(2)])
    writer.close()

    again, recovery = LogWriter.append_to(writer.path)

    with again:
        assert recovery.damages == ()
        assert recovery.end == recovery.committed_end == recovery.file_bytes
        again.append([payload(3)])
    assert numbers(writer.path) == [1, 2, 3]


def test_records_behind_the_last_carrier_are_told_apart(writer: LogWriter) -> None:
    committed = writer.append([payload(1), carrier(2)])
    end = writer.append([payload(3), payload(4)])
    writer.close()

    again, recovery = LogWriter.append_to(writer.path)

    with again:
        assert (recovery.committed_end, recovery.end) == (committed, end)
        again.truncate(recovery.committed_end)
        again.append([payload(5)])
    assert numbers(writer.path) == [1, 2, 5]


def test_torn_tail_is_cut_and_reported(writer: LogWriter) -> None:
    end = writer.append([payload(1), carrier(2)])
    writer.append([payload(3, 50_000)])
    writer.close()
    with writer.path.open("r+b") as file:
        file.truncate(end + 40_000)

    again, recovery = LogWriter.append_to(writer.path)

    with again:
        assert recovery.end == end
        [damage] = recovery.damages
        assert (damage.offset, damage.byte_count) == (end, 40_000)
        assert writer.path.stat().st_size == end
        again.append([payload(4)])
    assert numbers(writer.path) == [1, 2, 4]


def test_zeros_that_a_power_loss_left_are_cut(writer: LogWriter) -> None:
    end = writer.append([payload(1), carrier(2)])
    writer.close()
    with writer.path.open("r+b") as file:
        file.truncate(end + 100_000)

    again, recovery = LogWriter.append_to(writer.path)

    again.close()
    assert recovery.end == end == writer.path.stat().st_size
    assert [damage.byte_count for damage in recovery.damages] == [100_000]


@pytest.mark.parametrize("size", range(7))
def test_log_cut_inside_its_header_starts_anew(path: Path, size: int) -> None:
    path.write_bytes(FILE_HEADER[:size])

    writer, recovery = LogWriter.append_to(path)

    with writer:
        assert recovery.end == 7
        writer.append([payload(1)])
    assert numbers(path) == [1]


def test_damaged_header_is_repaired_if_records_follow(writer: LogWriter) -> None:
    writer.append([payload(1), carrier(2)])
    writer.close()
    data = bytearray(writer.path.read_bytes())
    data[3] ^= 0xFF
    writer.path.write_bytes(data)

    again, recovery = LogWriter.append_to(writer.path)

    again.close()
    assert [(d.offset, d.byte_count) for d in recovery.damages] == [(0, 7)]
    assert writer.path.read_bytes()[:7] == FILE_HEADER


def test_file_that_is_no_log_is_left_alone(path: Path) -> None:
    path.write_bytes(b"no log at all, " * 100)

    with pytest.raises(LogDamaged, match="not a run log"):
        LogWriter.append_to(path)

    assert path.read_bytes() == b"no log at all, " * 100
    assert not is_locked(path)


def test_large_log_is_recovered_from_its_tail(
    writer: LogWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Count the bytes that are read: the last window, not the whole log."""
    for number in range(1, 200, 2):
        writer.append([payload(number, 60_000), carrier(number + 1)])
    writer.close()
    read_bytes = 0
    read_at = LogReader._read_at

    def counting(self: LogReader, offset: int, byte_count: int) -> bytes:
        nonlocal read_bytes
        read_bytes += byte_count
        return read_at(self, offset, byte_count)

    monkeypatch.setattr(LogReader, "_read_at", counting)
    again, recovery = LogWriter.append_to(writer.path)

    again.close()
    assert recovery.end == recovery.committed_end == recovery.file_bytes > 5_000_000
    assert read_bytes < 2_000_000


def test_window_grows_over_a_record_larger_than_it(writer: LogWriter) -> None:
    end = writer.append([carrier(1), payload(2, 3_000_000)])
    writer.close()

    again, recovery = LogWriter.append_to(writer.path)

    again.close()
    assert recovery.end == end
    assert recovery.committed_end < 100


def test_last_checkpoint_is_found_backwards(writer: LogWriter) -> None:
    writer.append([payload(1), carrier(2, b"early")])
    late = writer.append([payload(3), carrier(4, b"late")])
    for number in range(5, 60):
        writer.append([payload(number, 70_000), carrier(100 + number)])

    found = find_last_checkpoint(writer.path, writer.end)
    before = find_last_checkpoint(writer.path, late - 1)

    assert found is not None
    assert found.record.summary.carrier.checkpoint == b"late"
    assert found.next_offset == late
    assert before is not None
    assert before.record.summary.carrier.checkpoint == b"early"


def test_log_without_checkpoint_has_none(writer: LogWriter) -> None:
    writer.append([payload(1), carrier(2)])

    assert find_last_checkpoint(writer.path, writer.end) is None


def test_checkpoint_larger_than_a_window_is_found(writer: LogWriter) -> None:
    writer.append([payload(1), carrier(2, b"c" * 3_000_000)])
    writer.append([payload(3), carrier(4)])

    found = find_last_checkpoint(writer.path, writer.end)

    assert found is not None
    assert found.record.num == 2
