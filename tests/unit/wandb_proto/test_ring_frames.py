"""Many records taken from the ring unseen, as they stand there."""

import os
import random
from contextlib import suppress
from pathlib import Path

import pytest
from wandb_proto.ring import RingDamaged, RingHeader, RingReader, RingWriter
from wandb_proto.ring_format import split_frames

CAPACITY = 8192


@pytest.fixture
def writer(tmp_path: Path) -> RingWriter:
    header = RingHeader("s", "r", "/l", (str(tmp_path),), os.getpid(), True)
    return RingWriter.create(tmp_path, header, CAPACITY)


@pytest.mark.parametrize("seed", range(30))
def test_any_mixture_of_records_and_reads_loses_and_repeats_nothing(
    writer: RingWriter, seed: int
) -> None:
    chance = random.Random(seed)
    reader = RingReader.beside(writer)
    sent: list[bytes] = []
    found: list[bytes] = []
    unseen = 0
    for _ in range(600):
        if chance.random() < 0.6:
            size = chance.choice([1, 20, 100, 900, 3000])  # the last has a side file
            sent.append(chance.randbytes(size))
            if writer.overflowing and chance.random() < 0.5:
                assert writer.append_overflow(sent[-1])
            elif writer.append(sent[-1]):
                writer.end_overflow()
            else:
                assert writer.append_overflow(sent[-1])
        elif chance.random() < 0.8:
            frames = reader.read_frames()
            if frames is not None:
                assert frames.first_sequence == len(found) + 1
                found += split_frames(frames.frames, frames.first_sequence)
                assert frames.next_sequence == len(found) + 1
                unseen += 1
            elif batch := reader.read():
                assert batch.first_sequence == len(found) + 1
                found += batch.records
        elif chance.random() < 0.8:
            reader.release(len(found) + 1)
        else:
            reader.rewind()
            del found[reader.next_sequence - 1 :]
    while rest := reader.read():
        found += rest.records

    assert found == sent
    assert unseen
    writer.close()


def test_damaged_frames_are_told(writer: RingWriter) -> None:
    for number in range(20):
        writer.append(b"%d" % number * 9)
    batch = RingReader.beside(writer).read_frames()
    assert batch is not None
    whole = split_frames(batch.frames, 1)
    assert whole == [b"%d" % number * 9 for number in range(20)]

    for at in range(len(batch.frames)):
        damaged = bytearray(batch.frames)
        damaged[at] ^= 1
        with pytest.raises(RingDamaged, match=r"record \d+:"):
            split_frames(bytes(damaged), 1)
        with suppress(RingDamaged):
            records = split_frames(batch.frames[:at], 1)
            assert records == whole[: len(records)]
    with pytest.raises(RingDamaged, match="record 2: found 1"):
        split_frames(batch.frames, 2)
    writer.close()


def test_too_many_are_left_to_the_other_way(writer: RingWriter) -> None:
    for _ in range(10):
        writer.append(b"x" * 50)
    reader = RingReader.beside(writer)

    assert reader.read_frames(records_max=9) is None
    assert reader.read_frames(bytes_max=600) is None
    frames = reader.read_frames(records_max=10)

    assert frames is not None
    assert frames.next_sequence == 11
    assert reader.read_frames() is None
    assert reader.read() is None
    assert reader.release(11)
    assert not reader.has_unreleased()
    writer.close()
