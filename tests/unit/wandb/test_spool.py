"""The calling thread's half: waits, overflow, gaps, re-entrance."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from wandb._encode import RECORD_BYTES_MAX
from wandb._spool import FullRing, Spool
from wandb_proto.ring import RingHeader, RingReader, RingWriter
from wandb_proto.v1.record_pb2 import Record

CAPACITY = 4096
RECORD = b"r" * 100


class Bench:
    """A spool with its reader in hand, instead of a link."""

    def __init__(self, directory: Path, full: FullRing, capacity: int = CAPACITY):
        self.over = directory / "over"
        self.over.mkdir()
        header = RingHeader("s", "r", "/l", (str(self.over),), os.getpid(), True)
        self.ring = RingWriter.create(directory, header, capacity)
        self.reader = RingReader.beside(self.ring)
        self.notices: list[str] = []
        self.kicks = 0
        self.take_when_kicked = False
        self.taken: list[bytes] = []
        self.spool = Spool(
            self.ring, full, lambda _, text: self.notices.append(text), self.kick
        )

    def kick(self) -> None:
        self.kicks += 1
        if self.take_when_kicked:
            self.take()

    def take(self) -> list[bytes]:
        while batch := self.reader.read():
            self.taken += batch.records
            self.reader.release(batch.next_sequence)
        return self.taken

    def fill(self) -> int:
        """Until not even a tiny record fits; how many went in."""
        count = 0
        for record in (RECORD, b"."):
            while self.ring.append(record):
                count += 1
        return count


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Any]:
    made: list[Bench] = []

    def make_bench(full: FullRing, capacity: int = CAPACITY) -> Bench:
        made.append(Bench(tmp_path, full, capacity))
        return made[-1]

    yield make_bench
    for bench in made:
        bench.spool.close()


def test_a_full_ring_waits_while_core_takes_records(make: Any) -> None:
    bench = make(FullRing("overflow", 5.0))
    bench.fill()
    bench.take_when_kicked = True

    bench.spool.append(b"late")

    assert bench.take()[-1] == b"late"
    assert bench.spool.counts.wait_count == 1
    assert bench.spool.counts.overflowed == 0
    assert bench.spool.counts.waited_s > 0


def test_without_progress_records_overflow_into_a_file(make: Any) -> None:
    bench = make(FullRing("overflow", 0.05))
    count = bench.fill()

    bench.spool.append(b"a")
    bench.spool.append(b"b")

    assert bench.spool.counts.wait_count == 1
    assert bench.spool.counts.waited_s >= 0.05
    assert bench.spool.counts.overflowed == 2
    assert len(bench.take()) == count + 2
    bench.spool.append(b"c")
    assert not bench.ring.overflowing
    assert bench.take()[-3:] == [b"a", b"b", b"c"]


def test_policy_drop_drops_and_marks_the_gap(make: Any) -> None:
    bench = make(FullRing("drop"))
    count = bench.fill()

    for _ in range(3):
        bench.spool.append(b"dropped")
    assert bench.spool.counts.dropped == 3
    assert len(bench.notices) == 1
    bench.take()
    bench.spool.append(b"again")

    taken = bench.take()
    gap = Record.FromString(taken[count]).request.gap
    assert gap.record_count == 3
    assert taken[count + 1 :] == [b"again"]


def test_records_are_dropped_only_when_nothing_takes_bytes(make: Any) -> None:
    bench = make(FullRing("overflow", 0.01))
    bench.fill()
    bench.over.rmdir()

    bench.spool.append(b"x")
    bench.spool.append(b"y")

    assert bench.spool.counts.wait_count == 1
    assert bench.spool.counts.dropped == 2
    bench.over.mkdir()
    bench.spool.append(b"z")
    taken = bench.take()
    assert Record.FromString(taken[-2]).request.gap.record_count == 2
    assert taken[-1] == b"z"


def test_policy_wait_waits_as_long_as_it_takes(make: Any) -> None:
    bench = make(FullRing("wait", 0.01))
    bench.fill()
    appending = threading.Thread(target=bench.spool.append, args=(b"patient",))
    appending.start()
    appending.join(0.2)
    assert appending.is_alive()

    bench.take()
    appending.join(5)

    assert bench.take()[-1] == b"patient"


def test_without_frames_everything_goes_to_the_overflow_file(make: Any) -> None:
    bench = make(FullRing("overflow", 5.0), capacity=0)

    for number in range(50):
        bench.spool.append(b"%d" % number)

    assert bench.spool.counts.waited_s == 0
    assert bench.take() == [b"%d" % number for number in range(50)]


def test_a_record_over_the_limit_is_a_gap(make: Any) -> None:
    bench = make(FullRing())

    bench.spool.append(bytes(RECORD_BYTES_MAX + 1))
    bench.spool.append(b"next")

    gap, following = bench.take()
    assert Record.FromString(gap).request.gap.record_count == 1
    assert following == b"next"


def test_an_append_inside_an_append_is_queued_and_follows(make: Any) -> None:
    """As from a finaliser; here from the message that is told in the middle."""
    bench = make(FullRing())
    bench.spool._notify = lambda level, text: bench.spool.append(b"from inside")

    bench.spool.append(bytes(RECORD_BYTES_MAX + 1))

    gap, inside = bench.take()
    assert Record.FromString(gap).request.gap.record_count == 1
    assert inside == b"from inside"


def test_an_append_inside_a_wait_does_not_wait_again(make: Any) -> None:
    """As from a signal handler while log() waits for room."""
    bench = make(FullRing("wait"))
    bench.fill()

    def kick() -> None:
        bench.spool._kick = bench.take
        bench.spool.append(b"from inside")

    bench.spool._kick = kick
    bench.spool.append(b"outer")

    assert sorted(bench.take()[-2:]) == [b"from inside", b"outer"]


def test_threads_and_signals_together_lose_nothing(make: Any) -> None:
    bench = make(FullRing("wait"), capacity=1 << 16)
    stop = threading.Event()

    def link() -> None:
        bench.spool.join_link_thread()
        while not stop.is_set():
            bench.take()

    def work(name: int) -> None:
        for number in range(500):
            bench.spool.append(b"%d:%d" % (name, number))

    handled = 0

    def handler(*_: object) -> None:
        nonlocal handled
        bench.spool.append(b"9:%d" % handled)
        handled += 1

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    linking = threading.Thread(target=link)
    linking.start()
    try:
        threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
        for thread in threads:
            thread.start()
        work(3)
        for thread in threads:
            thread.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        stop.set()
        linking.join()
    bench.spool.append_queued()

    by_name: dict[bytes, list[int]] = {}
    for record in bench.take():
        name, _, number = record.partition(b":")
        by_name.setdefault(name, []).append(int(number))
    for name in (b"0", b"1", b"2", b"3"):
        assert by_name[name] == list(range(500))
    assert len(by_name.get(b"9", [])) == handled  # handlers interrupt each other


def test_the_link_thread_never_waits_for_itself(make: Any) -> None:
    bench = make(FullRing("wait"))
    bench.fill()
    done = threading.Event()

    def link() -> None:
        bench.spool.join_link_thread()
        bench.spool.append(b"notice shown on the captured console")
        done.set()

    thread = threading.Thread(target=link)
    thread.start()
    assert done.wait(5)
    thread.join()
    assert bench.spool.counts.overflowed == 1


def test_an_exception_in_the_middle_does_not_lock_the_spool(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control-C while log() waits for room."""
    bench = make(FullRing("wait"))
    bench.fill()

    def interrupt() -> None:
        raise KeyboardInterrupt

    bench.spool._kick = interrupt
    with pytest.raises(KeyboardInterrupt):
        bench.spool.append(b"interrupted")
    bench.take()
    bench.spool._kick = lambda: None

    bench.spool.append(b"after")

    assert bench.take()[-1] == b"after"


def test_after_close_records_are_counted_as_dropped(make: Any) -> None:
    bench = make(FullRing())
    bench.spool.close()

    bench.spool.append(b"too late")

    assert bench.spool.counts.dropped == 1
