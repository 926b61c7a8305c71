from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_core.model import LogDamage
from wandb_core.transaction_log import BLOCK_BYTES, LogReader, LogWriter, read_all
from wandb_proto.v1.record_pb2 import Record


def payload(number: int, size: int = 10) -> bytes:
    record = Record(num=number)
    record.output_raw.line = "x" * size
    return record.SerializeToString()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[LogWriter]:
    with LogWriter.create(tmp_path / "run-abc.wandb") as made:
        yield made


def numbers(reader: LogReader, end: int | None = None) -> list[int]:
    return [logged.record.num for logged in reader.read(end)]


def test_growing_log_is_followed(writer: LogWriter) -> None:
    with LogReader(writer.path) as reader:
        assert numbers(reader) == []
        writer.append([payload(1), payload(2)])
        assert numbers(reader) == [1, 2]
        assert numbers(reader) == []
        writer.append([payload(3, 100_000)])
        assert numbers(reader) == [3]
        assert reader.offset == writer.end
        assert reader.damages == []


def test_partial_record_waits_for_the_rest(tmp_path: Path, writer: LogWriter) -> None:
    writer.append([payload(1), payload(2, 50_000)])
    data = writer.path.read_bytes()
    live = tmp_path / "live.wandb"
    live.write_bytes(data[:3])
    seen = []

    with LogReader(live) as reader:
        for cut in [*range(3, 60), *range(60, len(data), 997), len(data)]:
            live.write_bytes(data[:cut])
            seen += numbers(reader)

        assert seen == [1, 2]
        assert reader.damages == []


def test_record_larger_than_the_window_is_read(writer: LogWriter) -> None:
    writer.append([payload(1, 300_000), payload(2)])

    with LogReader(writer.path) as reader:
        first = reader.read(None, 1000)
        second = reader.read(None, 1000)

    assert [logged.record.num for logged in first + second] == [1, 2]


def test_reading_stops_at_end(writer: LogWriter) -> None:
    end = writer.append([payload(1)])
    writer.append([payload(2)])

    with LogReader(writer.path) as reader:
        assert numbers(reader, end) == [1]
        assert numbers(reader, end) == []
        assert numbers(reader, writer.end) == [2]


def test_reading_starts_at_any_record(writer: LogWriter) -> None:
    for number in range(1, 40):
        writer.append([payload(number, 3000)])
    logged = list(read_all(writer.path))

    for position, record in enumerate(logged):
        with LogReader(writer.path, record.offset) as reader:
            assert numbers(reader) == list(range(position + 1, 40))
        with LogReader(writer.path, record.next_offset) as reader:
            assert numbers(reader) == list(range(position + 2, 40))


def test_reading_starts_at_any_block_border(writer: LogWriter) -> None:
    for number in range(1, 20):
        writer.append([payload(number, number * 4000)])
    logged = list(read_all(writer.path))

    for border in range(0, writer.end, BLOCK_BYTES):
        with LogReader(writer.path, border) as reader:
            found = []
            while records := reader.read(writer.end, 5000):
                found += [record.record.num for record in records]
            assert found == [r.record.num for r in logged if r.offset >= border]
            assert reader.damages == []


def test_torn_tail_of_an_ended_log_is_reported(writer: LogWriter) -> None:
    end = writer.append([payload(1)])
    writer.append([payload(2, 1000)])
    with writer.path.open("r+b") as file:
        file.truncate(end + 100)
    damages: list[LogDamage] = []

    records = list(read_all(writer.path, damages))

    assert [logged.record.num for logged in records] == [1]
    assert damages == [LogDamage(end, 100, "cut off")]


def test_damage_loses_only_the_damaged_record(writer: LogWriter) -> None:
    ends = [writer.append([payload(number, 100)]) for number in range(1, 6)]
    data = bytearray(writer.path.read_bytes())
    data[ends[1] + 30] ^= 0xFF
    writer.path.write_bytes(data)

    with LogReader(writer.path) as reader:
        assert numbers(reader, ends[-1]) == [1, 2, 4, 5]
        assert reader.damages == [
            LogDamage(ends[1], ends[2] - ends[1], "wrong checksum")
        ]


def test_neighbouring_damages_are_one(writer: LogWriter) -> None:
    ends = [writer.append([payload(number, 100)]) for number in range(1, 6)]
    data = bytearray(writer.path.read_bytes())
    data[ends[0] + 30] ^= 0xFF
    data[ends[1] + 30] ^= 0xFF
    writer.path.write_bytes(data)

    with LogReader(writer.path) as reader:
        assert numbers(reader) == [1, 4, 5]
        assert [(d.offset, d.byte_count) for d in reader.damages] == [
            (ends[0], ends[2] - ends[0])
        ]


def test_destroyed_block_is_passed_over_with_its_size(writer: LogWriter) -> None:
    for number in range(1, 100):
        writer.append([payload(number, 1000)])
    data = bytearray(writer.path.read_bytes())
    data[BLOCK_BYTES : 2 * BLOCK_BYTES] = b"\xa5" * BLOCK_BYTES
    before = list(read_all(writer.path))
    writer.path.write_bytes(data)
    damages: list[LogDamage] = []

    found = {logged.record.num for logged in read_all(writer.path, damages)}

    hit = [
        logged
        for logged in before
        if logged.next_offset > BLOCK_BYTES and logged.offset < 2 * BLOCK_BYTES
    ]
    assert found == {r.record.num for r in before} - {r.record.num for r in hit}
    [damage] = damages
    assert damage.offset == hit[0].offset
    assert damage.offset + damage.byte_count == hit[-1].next_offset


def test_valid_chunk_that_is_no_record_is_reported(writer: LogWriter) -> None:
    end = writer.append([payload(1)])
    after = writer.append([b"\xff\xff\xff"])
    writer.append([payload(3)])

    with LogReader(writer.path) as reader:
        assert numbers(reader) == [1, 3]
        assert reader.damages == [LogDamage(end, after - end, "not a record")]


def test_wrong_file_header_is_reported_once(writer: LogWriter) -> None:
    writer.append([payload(1)])
    data = writer.path.read_bytes()
    writer.path.write_bytes(b"12345678"[:7] + data[7:])

    with LogReader(writer.path) as reader:
        assert numbers(reader) == [1]
        assert numbers(reader) == []
        assert reader.damages == [LogDamage(0, 7, "no file header")]


def test_file_that_shrinks_while_it_is_read_ends_quietly(writer: LogWriter) -> None:
    writer.append([payload(1)])
    with LogReader(writer.path) as reader:
        assert numbers(reader) == [1]
        with writer.path.open("r+b") as file:
            file.truncate(7)

        assert numbers(reader) == []
