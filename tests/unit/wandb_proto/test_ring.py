"""The ring: what was appended is read once and in order, whatever happens between."""

import errno
import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from wandb_proto.ring import RingDamaged, RingHeader, RingReader, RingWriter
from wandb_proto.ring_format import (
    FRAME_BYTES,
    HEADER_BYTES,
    decode_header,
    encode_header,
)

CAPACITY = 4096


def make_header(directory: Path, stream_id: str = "s1") -> RingHeader:
    return RingHeader(
        stream_id=stream_id,
        run_id="r1",
        log_path=str(directory / "run-r1.wandb"),
        overflow_dirs=(str(directory / "over"), str(directory / "over2")),
        pid=os.getpid(),
        primary=True,
        base_url="http://localhost:8080",
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "over").mkdir()
    return tmp_path


@pytest.fixture
def ring(directory: Path) -> Iterator[RingWriter]:
    writer = RingWriter.create(directory, make_header(directory), CAPACITY)
    yield writer
    writer.close()


def payload(number: int, size: int = 40) -> bytes:
    return f"{number}:".encode().ljust(size, b"x")


def append(ring: RingWriter, numbers: range, size: int = 40) -> int:
    """Append until full; how many went in."""
    for count, number in enumerate(numbers):
        if not ring.append(payload(number, size)):
            return count
    return len(numbers)


def drain(path: Path) -> list[bytes]:
    reader = RingReader.open(path)
    records = list(reader.records())
    assert [sequence for sequence, _ in records] == sorted({s for s, _ in records})
    reader.close()
    return [record for _, record in records]


def test_records_are_read_in_order_after_the_writer_has_gone(
    ring: RingWriter,
) -> None:
    append(ring, range(20))
    ring.close()

    assert ring.path is not None
    assert drain(ring.path) == [payload(number) for number in range(20)]


def test_the_file_is_private_and_its_space_is_taken(ring: RingWriter) -> None:
    assert ring.path is not None
    found = ring.path.stat()

    assert stat.S_IMODE(found.st_mode) == 0o600
    assert found.st_blocks * 512 >= HEADER_BYTES + CAPACITY


def test_a_second_ring_of_the_same_stream_is_refused(
    ring: RingWriter, directory: Path
) -> None:
    with pytest.raises(FileExistsError):
        RingWriter.create(directory, make_header(directory), CAPACITY)


def test_a_full_ring_takes_again_what_was_released(ring: RingWriter) -> None:
    reader = RingReader.beside(ring)
    first = append(ring, range(1000))
    assert 0 < first < 1000
    batch = reader.read()
    assert batch is not None
    assert len(batch.records) == first

    assert not ring.append(payload(first))
    reader.release(batch.next_sequence)

    assert append(ring, range(first, 1000)) > first // 2


def test_laps_over_the_end_are_read_in_order(ring: RingWriter) -> None:
    reader = RingReader.beside(ring)
    received: list[bytes] = []
    for number in range(2000):
        assert ring.append(payload(number, 20 + number % 97))
        if number % 13 == 0:
            batch = reader.read()
            assert batch is not None
            received += batch.records
            reader.release(batch.next_sequence)
    last = reader.read()
    assert last is not None

    numbers = [int(record.split(b":")[0]) for record in received + last.records]
    assert numbers == list(range(2000))


def test_only_what_was_not_released_is_drained(ring: RingWriter) -> None:
    reader = RingReader.beside(ring)
    append(ring, range(10))
    reader.read(4)
    reader.read(3)

    assert reader.release(5)
    assert not reader.release(7)  # in the middle of a batch
    ring.close()

    assert ring.path is not None
    assert drain(ring.path) == [payload(number) for number in range(4, 10)]


def test_batches_are_bounded_in_records_and_bytes(ring: RingWriter) -> None:
    append(ring, range(20), size=100)
    reader = RingReader.beside(ring)

    by_count = reader.read(records_max=3)
    by_bytes = reader.read(bytes_max=250)
    single = reader.read(bytes_max=1)

    assert by_count is not None
    assert by_bytes is not None
    assert single is not None
    assert [len(b.records) for b in (by_count, by_bytes, single)] == [3, 2, 1]


def test_rewind_gives_unreleased_records_again(ring: RingWriter) -> None:
    append(ring, range(6))
    reader = RingReader.beside(ring)
    reader.read(2)
    reader.read(2)
    reader.release(3)

    reader.rewind()

    batch = reader.read()
    assert batch is not None
    assert batch.first_sequence == 3
    assert batch.records == [payload(number) for number in range(2, 6)]


def test_a_large_record_goes_to_a_file_beside_the_ring(
    ring: RingWriter, directory: Path
) -> None:
    large = os.urandom(CAPACITY)
    ring.append(payload(0))
    assert ring.append(large)
    ring.append(payload(2))
    assert (directory / "s1-2.record").stat().st_mode & 0o777 == 0o600

    reader = RingReader.beside(ring)
    batch = reader.read()
    assert batch is not None
    assert batch.records == [payload(0), large, payload(2)]
    reader.release(batch.next_sequence)

    assert not (directory / "s1-2.record").exists()


def test_overflow_holds_what_the_ring_does_not(
    ring: RingWriter, directory: Path
) -> None:
    in_ring = append(ring, range(1000))
    for number in range(in_ring, in_ring + 50):
        assert ring.append_overflow(payload(number))
    assert ring.overflowing
    ring.close()

    assert ring.path is not None
    assert drain(ring.path) == [payload(number) for number in range(in_ring + 50)]


def test_ring_and_overflow_alternate(ring: RingWriter, directory: Path) -> None:
    reader = RingReader.beside(ring)
    received: list[bytes] = []
    number = 0
    for _ in range(5):
        while ring.append(payload(number)):
            number += 1
        for _ in range(7):
            assert ring.append_overflow(payload(number))
            number += 1
        ring.end_overflow()
        while batch := reader.read():
            received += batch.records
            reader.release(batch.next_sequence)
        assert ring.append(payload(number))
        number += 1
    while batch := reader.read():
        received += batch.records
        reader.release(batch.next_sequence)

    assert received == [payload(n) for n in range(number)]
    assert list((directory / "over").iterdir()) == []


@pytest.mark.parametrize("gap", range(1, 12))
def test_the_end_mark_of_an_overflow_never_touches_the_oldest_record(
    ring: RingWriter, directory: Path, gap: int
) -> None:
    """The head may come as close to the tail as it likes, byte by byte."""
    size = 400
    while ring.append(b"a" * size):
        pass
    reader = RingReader.beside(ring)
    first = reader.read(records_max=1)
    assert first is not None
    reader.release(first.next_sequence)  # room for one more record, exactly
    fits = ring.append(b"b" * (size - gap))

    assert ring.append_overflow(b"c")

    ring.close()
    left = list(RingReader.open(directory / "s1.ring").records())
    assert [number for number, _ in left] == list(range(2, ring.sequence))
    assert left[0][1] == b"a" * size
    assert (left[-2][1][:1] == b"b") is fits


def test_a_rewind_in_the_middle_of_an_overflow_file_goes_on_there(
    ring: RingWriter,
) -> None:
    in_ring = append(ring, range(1000))
    for number in range(in_ring, in_ring + 10):
        ring.append_overflow(payload(number))
    reader = RingReader.beside(ring)
    batch = reader.read(records_max=in_ring + 4)
    assert batch is not None
    reader.release(batch.next_sequence)

    reader.rewind()

    rest = reader.read()
    assert rest is not None
    assert rest.records == [payload(n) for n in range(in_ring + 4, in_ring + 10)]


def test_the_next_directory_takes_the_overflow_if_the_first_does_not(
    ring: RingWriter, directory: Path
) -> None:
    (directory / "over").rmdir()
    (directory / "over2").mkdir()
    append(ring, range(1000))

    assert ring.append_overflow(b"there")

    assert [p.suffix for p in (directory / "over2").iterdir()] == [".overflow"]


def test_no_directory_for_the_overflow_is_an_answer_not_an_error(
    directory: Path,
) -> None:
    (directory / "over").rmdir()
    ring = RingWriter.create(directory, make_header(directory), 0)

    assert not ring.append(b"no frames at all")
    assert not ring.append_overflow(b"nowhere")

    ring.close()


def test_a_write_that_fails_leaves_nothing_behind(
    ring: RingWriter, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(ring, range(1000))
    next_sequence = ring.sequence

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        assert not ring.append_overflow(b"lost")
    assert list((directory / "over").iterdir()) == []

    assert ring.append_overflow(b"kept")
    assert ring.sequence == next_sequence + 1


def test_a_damaged_record_is_stepped_over_and_reported(ring: RingWriter) -> None:
    append(ring, range(10))
    ring.memory[HEADER_BYTES + 3 * (FRAME_BYTES + 40) + FRAME_BYTES + 5] ^= 0xFF
    ring.close()
    assert ring.path is not None

    reader = RingReader.open(ring.path)
    numbers = [int(record.split(b":")[0]) for _, record in reader.records()]

    assert numbers == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    assert [(d.first_sequence, d.record_count) for d in reader.damages] == [(4, 1)]
    reader.close()


def test_every_flipped_byte_costs_at_most_the_records_it_lies_in(
    ring: RingWriter, directory: Path
) -> None:
    append(ring, range(8))
    ring.close()
    assert ring.path is not None
    good = ring.path.read_bytes()
    copy = directory / "copy.ring"
    for position in range(HEADER_BYTES, HEADER_BYTES + 8 * (FRAME_BYTES + 40)):
        bad = bytearray(good)
        bad[position] ^= 0x55
        copy.write_bytes(bad)

        records = drain(copy)

        hit = (position - HEADER_BYTES) // (FRAME_BYTES + 40)
        assert records == [payload(n) for n in range(8) if n != hit]


def test_one_damaged_tail_slot_gives_records_again_but_loses_none(
    ring: RingWriter,
) -> None:
    append(ring, range(9))
    reader = RingReader.beside(ring)
    for _ in range(3):
        batch = reader.read(2)
        assert batch is not None
        reader.release(batch.next_sequence)
    newest = HEADER_BYTES - (64 if reader._slot else 128)
    ring.memory[newest] ^= 0xFF
    ring.close()
    assert ring.path is not None

    assert drain(ring.path)[-3:] == [payload(number) for number in (6, 7, 8)]


@pytest.mark.parametrize("position", [0, 9, 30])
def test_a_damaged_header_is_refused(ring: RingWriter, position: int) -> None:
    ring.memory[position] ^= 0xFF
    ring.close()
    assert ring.path is not None

    with pytest.raises(RingDamaged):
        RingReader.open(ring.path)


def test_a_cut_file_is_refused(ring: RingWriter) -> None:
    ring.close()
    assert ring.path is not None
    os.truncate(ring.path, HEADER_BYTES + CAPACITY - 1)

    with pytest.raises(RingDamaged):
        RingReader.open(ring.path)


def test_the_header_comes_back_and_unknown_fields_are_ignored(tmp_path: Path) -> None:
    header = make_header(tmp_path)
    page = encode_header(header, 77).ljust(HEADER_BYTES, b"\0")

    assert decode_header(page) == (header, 77)


def test_discard_removes_every_file_of_the_stream(
    ring: RingWriter, directory: Path
) -> None:
    ring.append(os.urandom(CAPACITY))
    append(ring, range(1000))
    ring.append_overflow(b"over")
    ring.close()
    assert ring.path is not None
    reader = RingReader.open(ring.path)
    list(reader.records())

    reader.discard()
    reader.close()

    assert [p for p in directory.rglob("*") if p.is_file()] == []


def test_a_ring_without_directory_works_inside_the_process(tmp_path: Path) -> None:
    ring = RingWriter.create_in_memory(make_header(tmp_path), CAPACITY)
    append(ring, range(5))

    batch = RingReader.beside(ring).read()

    assert batch is not None
    assert len(batch.records) == 5


_ASK = """
import sys
from pathlib import Path
from wandb_proto.ring import RingReader
reader = RingReader.open(Path(sys.argv[1]))
print(reader.writer_alive(), reader.claim())
"""


def test_the_lock_tells_other_processes_that_the_writer_lives(
    ring: RingWriter,
) -> None:
    command = [sys.executable, "-c", _ASK, str(ring.path)]

    alive = subprocess.run(command, capture_output=True, text=True, check=True)
    ring.close()
    dead = subprocess.run(command, capture_output=True, text=True, check=True)

    assert alive.stdout.split() == ["True", "False"]
    assert dead.stdout.split() == ["False", "True"]


class RingModel(RuleBasedStateMachine):
    """Against a list: any mix of appends, overflow, reads, acks, restarts, fork."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.place = tempfile.TemporaryDirectory()
        directory = Path(self.place.name)
        (directory / "over").mkdir()
        self.ring = RingWriter.create(directory, make_header(directory), 1024)
        self.reader = RingReader.beside(self.ring)
        self.written: list[bytes] = []
        self.released = 0

    def teardown(self) -> None:
        self.ring.close()
        assert self.ring.path is not None
        reader = RingReader.open(self.ring.path)
        records = list(reader.records())
        assert [data for _, data in records] == self.written[self.released :]
        assert reader.damages == []
        reader.discard()
        reader.close()
        left = [p for p in Path(self.place.name).rglob("*") if p.is_file()]
        assert left == []
        self.place.cleanup()

    @rule(data=st.binary(min_size=1, max_size=200))
    def append(self, data: bytes) -> None:
        if self.ring.overflowing:
            self.ring.end_overflow()
        if self.ring.append(data):
            self.written.append(data)
        else:
            assert self.ring.used_bytes > 0

    @rule(data=st.binary(min_size=1, max_size=200))
    def append_overflow(self, data: bytes) -> None:
        assert self.ring.append_overflow(data)
        self.written.append(data)

    @rule(count=st.integers(1, 9))
    def read(self, count: int) -> None:
        first = self.reader.next_sequence
        batch = self.reader.read(records_max=count)
        if batch is None:
            assert first == len(self.written) + 1
        else:
            assert batch.records == self.written[first - 1 : first - 1 + count]

    @rule()
    def read_and_release(self) -> None:
        if batch := self.reader.read():
            self.reader.release(batch.next_sequence)
            self.released = self.reader.tail_sequence - 1

    @rule()
    def reconnect(self) -> None:
        self.reader.rewind()
        assert self.reader.next_sequence == self.released + 1

    @precondition(lambda self: self.ring.sequence > 1)
    @rule()
    def look_from_another_process(self) -> None:
        """As core does: on the file alone."""
        assert self.ring.path is not None
        # Not RingReader.open: closing a descriptor here would free the writer's lock.
        reader = RingReader(self.ring.memory, self.ring.header, 1024, self.ring.path)
        records = [data for _, data in reader.records()]
        assert records == self.written[self.released :]
        assert reader.damages == []

    @invariant()
    def nothing_is_released_unread(self) -> None:
        assert self.ring.tail_sequence == self.released + 1
        assert self.ring.sequence == len(self.written) + 1


TestRingModel = RingModel.TestCase
TestRingModel.settings = hypothesis_settings(
    max_examples=100, stateful_step_count=60, deadline=None
)


class _MovingWriter:
    """A writer that appends right after its reader has looked, as threads do."""

    def __init__(self, ring: RingWriter) -> None:
        self._ring = ring
        self._chance = random.Random(1)
        self.memory, self.header, self.path = ring.memory, ring.header, ring.path

    @property
    def offset(self) -> int:
        return self._ring.offset

    @property
    def sequence(self) -> int:
        seen = self._ring.sequence
        if self._chance.random() < 0.3:
            append(self._ring, range(seen - 1, seen), size=3)
        return seen


def test_what_is_appended_while_the_reader_looks_is_not_taken_for_damage(
    ring: RingWriter,
) -> None:
    reader = RingReader.beside(_MovingWriter(ring))
    received: list[bytes] = []
    for _ in range(400):
        if batch := reader.read(records_max=3):
            received += batch.records
            reader.release(batch.next_sequence)

    assert reader.damages == []
    assert received == [payload(number, 3) for number in range(len(received))]
    assert len(received) == ring.sequence - 1
