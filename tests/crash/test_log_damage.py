"""Cut and corrupt a log at every byte: what is undamaged is read back, every loss is
reported to the byte, and appending goes on.

Method: a log of a little more than a block, with records of many sizes, one of them
across the border. Most of it happens in memory, on the functions that reader and writer
are made of; a selection of cuts goes through real files.
"""

import random
from pathlib import Path

import pytest
from wandb_core.model import LogDamage
from wandb_core.transaction_log import BLOCK_BYTES, LogReader, LogWriter, read_all
from wandb_core.transaction_log.framing import FILE_HEADER_BYTES, frame
from wandb_core.transaction_log.scanner import FoundRecord, Scan, scan
from wandb_proto.v1.record_pb2 import Record

SIZES = [1, 2, 30, 200, 1000, 5000, 12000, 9000, 4000, 700, 3, 5000, 6, 300, 90]


def payload(number: int, size: int) -> bytes:
    record = Record(num=number)
    record.output_raw.line = "x\n" * (size // 2 + 1)
    return record.SerializeToString()


def read(data: bytes) -> Scan:
    offset = FILE_HEADER_BYTES
    return scan(data[offset:], offset, is_last=True, skips_orphans=False)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "run-abc.wandb"
    with LogWriter.create(path) as writer:
        for number, size in enumerate(SIZES, 1):
            writer.append([payload(number, size)])
    return path


@pytest.fixture(scope="module")
def data(path: Path) -> bytes:
    return path.read_bytes()


@pytest.fixture(scope="module")
def records(data: bytes) -> list[FoundRecord]:
    found = read(data).records
    assert len(found) == len(SIZES)
    assert len(data) > BLOCK_BYTES
    assert any(r.offset < BLOCK_BYTES < r.next_offset for r in found)
    return found


def expect_loss(found: Scan, records: list[FoundRecord], position: int) -> None:
    """All but the record at `position` are there, and exactly that one is reported."""
    lost = [r for r in records if r.offset <= position < r.next_offset]
    assert found.records == [r for r in records if r not in lost]
    assert [(d.offset, d.byte_count) for d in found.damages] == [
        (r.offset, r.next_offset - r.offset) for r in lost
    ], position


@pytest.mark.parametrize("mask", [0xFF, None], ids=["flipped", "zeroed"])
def test_one_damaged_byte_loses_one_record(
    data: bytes, records: list[FoundRecord], mask: int | None
) -> None:
    damaged = bytearray(data)
    for position in range(FILE_HEADER_BYTES, len(data)):
        damaged[position] = 0 if mask is None else data[position] ^ mask
        if damaged[position] != data[position]:
            expect_loss(read(bytes(damaged)), records, position)
            damaged[position] = data[position]


def test_every_bit_of_every_chunk_header_is_guarded(
    data: bytes, records: list[FoundRecord]
) -> None:
    damaged = bytearray(data)
    for start in [*(record.offset for record in records), BLOCK_BYTES]:
        for position in range(start, start + 7):
            for bit in range(8):
                damaged[position] ^= 1 << bit
                expect_loss(read(bytes(damaged)), records, position)
                damaged[position] = data[position]


@pytest.mark.parametrize("length", [3, 40, 600, 4096])
def test_zeroed_range_loses_the_records_it_touches(
    data: bytes, records: list[FoundRecord], length: int
) -> None:
    for start in range(FILE_HEADER_BYTES, len(data) - length, 101):
        end = start + length
        damaged = data[:start] + bytes(length) + data[end:]

        found = read(damaged)

        hit = [r for r in records if r.offset < end and r.next_offset > start]
        assert found.records == [r for r in records if r not in hit]
        covered = [(d.offset, d.offset + d.byte_count) for d in found.damages]
        assert covered == [(hit[0].offset, hit[-1].next_offset)]


def test_cut_at_every_byte_keeps_what_is_whole_and_appending_goes_on(
    data: bytes, records: list[FoundRecord]
) -> None:
    addition = [payload(100, 10), payload(101, 3000)]
    for cut in range(FILE_HEADER_BYTES, len(data)):
        whole = [r for r in records if r.next_offset <= cut]
        end = whole[-1].next_offset if whole else FILE_HEADER_BYTES

        found = read(data[:cut])

        assert found.records == whole
        lost = [(d.offset, d.offset + d.byte_count) for d in found.damages]
        assert lost == ([(end, cut)] if cut > end else [])
        again = read(data[:end] + frame(addition, end))
        assert [r.payload for r in again.records[-2:]] == addition
        assert again.damages == []


def test_cut_files_are_recovered_and_written_on(
    tmp_path: Path, data: bytes, records: list[FoundRecord]
) -> None:
    cut_file = tmp_path / "run-cut.wandb"
    borders = [r.offset for r in records] + [BLOCK_BYTES, len(data)]
    cuts = {b + d for b in borders for d in range(-9, 10)} | set(range(0, 40_000, 331))
    for cut in sorted(cut for cut in cuts if 0 <= cut <= len(data)):
        cut_file.write_bytes(data[:cut])
        whole = [r for r in records if r.next_offset <= cut]

        writer, recovery = LogWriter.append_to(cut_file)
        with writer:
            writer.append([payload(100, 2000)])

        damages: list[LogDamage] = []
        numbers = [logged.record.num for logged in read_all(cut_file, damages)]
        assert numbers == [*range(1, len(whole) + 1), 100]
        assert damages == []
        lost = sum(damage.byte_count for damage in recovery.damages)
        assert lost == cut - (recovery.end if cut >= FILE_HEADER_BYTES else 0)


def test_windows_of_any_size_find_the_same(tmp_path: Path, data: bytes) -> None:
    """Random damage, several at once, read at once and in small pieces."""
    choice = random.Random(3)
    damaged_file = tmp_path / "run-damaged.wandb"
    for _ in range(25):
        damaged = bytearray(data[: choice.randint(100, len(data))])
        for _ in range(choice.randint(1, 5)):
            start = choice.randrange(7, len(damaged))
            length = choice.choice([1, 1, 5, 500, 20_000])
            filling = choice.choice([b"\0", b"\xff", b"\x01"])
            damaged[start : start + length] = filling * len(
                damaged[start : start + length]
            )
        damaged_file.write_bytes(damaged)

        found = [read_in_pieces(damaged_file, size) for size in (1 << 20, 3000, 500)]

        assert found[0] == found[1] == found[2]
        [(records, damages), *_] = found
        assert sum(record[1] - record[0] for record in records) + sum(
            damage.byte_count for damage in damages
        ) <= len(damaged)


def read_in_pieces(
    path: Path, bytes_max: int
) -> tuple[list[tuple[int, int]], list[LogDamage]]:
    records = []
    with LogReader(path) as reader:
        while found := reader.read(path.stat().st_size, bytes_max):
            records += [(logged.offset, logged.next_offset) for logged in found]
        return records, reader.damages
