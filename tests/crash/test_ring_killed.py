"""SIGKILL a writer in its tight loop: every append that returned is there, in order.

The writer tells through a pipe which append has returned; the seed of each kill is
printed, so that a failure can be repeated.
"""

import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest
from wandb_proto.ring import RingReader
from wandb_proto.v1.record_pb2 import Record

from tests.support.recording_core import RecordingCore

KILLS = 20

_RING_WRITER = """
import os, random, struct, sys
from pathlib import Path
from wandb_proto.ring import RingHeader, RingReader, RingWriter

directory, capacity, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
header = RingHeader("s", "r", "/x.wandb", (str(directory),), os.getpid(), True)
ring = RingWriter.create(directory, header, capacity)
reader = RingReader.beside(ring)
chance = random.Random(seed)
number = 0
while True:
    number += 1
    payload = struct.pack("<Q", number) + b"p" * chance.randrange(capacity // 6)
    if ring.overflowing and ring.used_bytes * 2 < capacity:
        ring.end_overflow()
    if ring.overflowing or not ring.append(payload):
        assert ring.append_overflow(payload)
    os.write(1, struct.pack("<Q", number))
    if chance.random() < 0.02:  # as a link does: not always at once
        while batch := reader.read():
            reader.release(batch.next_sequence)
"""

_STREAM_WRITER = """
import os, struct, sys
from wandb_proto.core_place import CoreAddress
from wandb._link import Connector
from wandb._spool import FullRing
from wandb._stream import Stream, StreamSettings
from wandb_proto.places import Places

directory, target = sys.argv[1], sys.argv[2]
places = Places.from_environment(
    {"HOME": directory, "WANDB_SPOOL_DIR": directory + "/spool"}
)
address = CoreAddress(0, target, "secret", "1", "", 1)
settings = StreamSettings(ring_bytes=64 << 10, full=FullRing("overflow", 0.05))
stream = Stream.open(
    "r", directory + "/run-r.wandb", places, primary=True, settings=settings,
    connector=Connector(lambda: address, lambda wait_s: True),
)
number = 0
while True:
    number += 1
    stream.log({"n": number, "loss": 0.25, "acc": 0.5, "lr": 1e-3, "epoch": 1.0})
    os.write(1, struct.pack("<Q", number))
"""


def kill_after(command: list[str], delay_s: float) -> int:
    """Run until the first append, then delay_s more; returns the last one told."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        descriptor = writer.stdout.fileno()
        told = os.read(descriptor, 8)
        deadline = time.monotonic() + delay_s
        os.set_blocking(descriptor, False)
        while time.monotonic() < deadline:
            try:
                told += os.read(descriptor, 1 << 16)
            except BlockingIOError:
                continue
        writer.send_signal(signal.SIGKILL)
        os.set_blocking(descriptor, True)
        told += writer.stdout.read()
    whole = len(told) // 8 * 8
    return int(struct.unpack("<Q", told[whole - 8 : whole])[0])


@pytest.mark.parametrize("capacity", [4096, 1 << 16, 1 << 20])
def test_a_killed_writer_loses_nothing_that_append_returned_from(
    tmp_path: Path, capacity: int
) -> None:
    for kill in range(KILLS):
        seed = random.SystemRandom().getrandbits(32)
        print(f"{kill=} {capacity=} {seed=}")
        directory = tmp_path / str(kill)
        directory.mkdir()
        command = [sys.executable, "-c", _RING_WRITER, str(directory)]
        delay_s = random.Random(seed).uniform(0.0, 0.08)

        last = kill_after([*command, str(capacity), str(seed)], delay_s)

        reader = RingReader.open(directory / "s.ring")
        assert not reader.writer_alive()
        first = reader.tail_sequence
        numbers = [struct.unpack_from("<Q", data)[0] for _, data in reader.records()]
        assert reader.damages == []
        assert numbers == list(range(first, first + len(numbers)))
        # One more may be there: written, but not yet told.
        assert first + len(numbers) - 1 in (last, last + 1)
        reader.discard()
        reader.close()
        assert list(directory.iterdir()) == []


def test_a_killed_training_loses_no_log_call(tmp_path: Path) -> None:
    """Its ring is small and core stops at times, so that all ways are taken."""
    for kill in range(KILLS):
        seed = random.SystemRandom().getrandbits(32)
        print(f"{kill=} {seed=}")
        chance = random.Random(seed)
        directory = tmp_path / str(kill)
        directory.mkdir()
        core = RecordingCore()
        core.start()
        if kill % 4 == 1:
            core.acknowledging.clear()
        if kill % 4 == 3:
            core.stop()
        command = [sys.executable, "-c", _STREAM_WRITER, str(directory), core.target]

        try:
            last = kill_after(command, chance.uniform(0.0, 0.6))

            records = core.all_records()
            for ring in (directory / "spool").iterdir():
                if ring.suffix == ".ring":
                    reader = RingReader.open(ring)
                    for sequence, record in reader.records():
                        assert sequence <= len(records) + 1
                        records[sequence - 1 :] = [record]
                    assert reader.damages == []
                    reader.discard()
                    reader.close()
        finally:
            core.close()
        data = [json.loads(Record.FromString(r).request.log.data_json) for r in records]
        numbers = [row["n"] for row in data]
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) in (last, last + 1)
