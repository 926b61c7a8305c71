"""A stream as the SDK uses it: log, append, ask, close; threads, signals and forks."""

import gc
import json
import math
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wandb._launcher import CoreUnavailable
from wandb._spool import FullRing
from wandb._stream import Stream, StreamSettings
from wandb_proto.places import Places
from wandb_proto.ring import RingReader
from wandb_proto.v1 import core_service_pb2 as pb
from wandb_proto.v1.record_pb2 import LogRequest, Record

from tests.support.recording_core import RecordingCore

ROW = {"loss": 0.5, "acc": 0.25}


@pytest.fixture
def core() -> Iterator[RecordingCore]:
    core = RecordingCore()
    core.start()
    yield core
    core.close()


class Bench:
    """Opens streams that are closed at the end of the test."""

    def __init__(self, root: Path, core: RecordingCore, places: Places) -> None:
        self.root = root
        self.core = core
        self.places = places
        self.notices: list[str] = []
        self.opened: list[Stream] = []

    def open(self, **settings: Any) -> Stream:
        stream = Stream.open(
            "r1",
            self.root / "run-r1.wandb",
            self.places,
            primary=True,
            settings=StreamSettings(fallback_dir=str(self.root), **settings),
            notify=lambda level, text: self.notices.append(text),
            connector=self.core.connector(),
        )
        self.opened.append(stream)
        return stream

    def calls(self) -> list[LogRequest]:
        return [Record.FromString(r).request.log for r in self.core.all_records()]

    def rows(self) -> list[Any]:
        return [json.loads(call.data_json) for call in self.calls()]

    def files(self) -> list[Path]:
        return [p for p in self.places.spool_dirs[0].iterdir() if p.is_file()]


@pytest.fixture
def bench(places: Places, core: RecordingCore, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path, core, places)
    yield bench
    for stream in bench.opened:
        stream.close(0.0)


def test_log_reaches_core_with_time_and_commit(bench: Bench) -> None:
    stream = bench.open()

    stream.log(ROW)
    stream.log({"a": 1}, None, False)
    stream.log({"b": 2}, None, True)
    stream.log({"c": 3}, 7)
    stream.log({"d": 4}, 7, True)
    assert stream.flush(10)

    calls = bench.calls()
    assert [call.commit for call in calls] == [True, False, True, False, True]
    assert [call.step if call.HasField("step") else None for call in calls] == [
        None, None, None, 7, 7,
    ]  # fmt: skip
    assert bench.rows() == [ROW, {"a": 1}, {"b": 2}, {"c": 3}, {"d": 4}]
    assert all(call.timestamp > 1.7e9 for call in calls)


def test_the_step_counts_commits_and_follows_steps(bench: Bench) -> None:
    stream = bench.open()
    seen = []
    for arguments in ((), (None, False), (np.int64(5),), (5, True), (None, True)):
        stream.log({"x": 1}, *arguments)
        seen.append(stream.step)

    assert seen == [1, 1, 5, 6, 7]


def test_a_step_that_has_gone_by_is_told_and_left_to_core(bench: Bench) -> None:
    stream = bench.open()
    stream.log(ROW, 10, True)

    stream.log(ROW, 10)

    assert stream.step == 11
    assert "step 10 that is less than the current step 11" in bench.notices[0]
    assert stream.flush(10)
    assert len(bench.calls()) == 2


@pytest.mark.parametrize("step", [True, 1.0, "1"])
def test_a_step_that_is_no_integer_is_refused(bench: Bench, step: Any) -> None:
    with pytest.raises(TypeError):
        bench.open().log(ROW, step)


def test_bad_data_are_refused_and_leave_no_record(bench: Bench) -> None:
    stream = bench.open()
    with pytest.raises(TypeError, match="must be passed a dictionary"):
        stream.log([("a", 1)])
    with pytest.raises(TypeError, match="must be strings"):
        stream.log({1: 2})
    stream.log(ROW)
    assert stream.flush(10)

    assert bench.rows() == [ROW]
    assert stream.step == 1


def test_values_off_the_fast_path_arrive_too(bench: Bench) -> None:
    stream = bench.open()
    stream.log({"nan": math.nan, "": 1, "_step": 3})
    stream.log({"long": "x" * 10_000})
    stream.log({"huge": "y" * 3_000_000})
    stream.log({"np": np.float32(0.5), "t": (1, 2)})
    assert stream.flush(10)

    first, long, huge, converted = bench.rows()
    assert list(first) == ["nan"]
    assert long == {"long": "x" * 10_000}
    assert huge == {"huge": "y" * 3_000_000}
    assert converted == {"np": 0.5, "t": [1, 2]}


def test_the_ring_is_gone_when_core_has_everything(bench: Bench) -> None:
    stream = bench.open()
    stream.log(ROW)
    assert bench.files()

    assert stream.close()

    assert bench.files() == []


def test_without_core_close_leaves_the_ring_for_it(bench: Bench) -> None:
    bench.core.stop()
    stream = bench.open()
    stream.log(ROW)

    assert not stream.close(0.1)

    assert [p.suffix for p in bench.files()] == [".ring"]


def test_a_closed_stream_takes_no_harm(bench: Bench) -> None:
    stream = bench.open()
    stream.close()

    stream.append(b"late")
    stream.log(ROW)

    assert stream.dropped == 2
    assert not stream.flush(0.1)
    with pytest.raises(CoreUnavailable):
        stream.ask("finish_run", pb.FinishRunRequest())
    assert not stream.close()


def test_questions_go_through(bench: Bench) -> None:
    stream = bench.open()

    assert stream.ask("start_run", pb.StartRunRequest(wait_s=1)).server_known


def test_a_tight_loop_over_a_small_ring_loses_nothing(bench: Bench) -> None:
    stream = bench.open(ring_bytes=32_768, full=FullRing("overflow", 1.0))
    for number in range(20_000):
        stream.log({"n": number})
    assert stream.flush(20)

    assert [row["n"] for row in bench.rows()] == list(range(20_000))
    assert stream.dropped == 0


def test_threads_signals_and_finalisers_lose_nothing(bench: Bench) -> None:
    stream = bench.open(ring_bytes=65_536)
    handled = 0

    class Garbage:
        def __init__(self) -> None:
            self.me = self  # only the collector frees it

        def __del__(self) -> None:
            stream.log({"t": "gc"})

    def handler(*_: object) -> None:
        nonlocal handled
        stream.log({"t": "signal", "n": handled})
        handled += 1

    def work(name: str) -> None:
        for number in range(3000):
            stream.log({"t": name, "n": number})
            if number % 50 == 0:
                Garbage()

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
    try:
        threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
        for thread in threads:
            thread.start()
        work("main")
        for thread in threads:
            thread.join()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    gc.collect()
    assert stream.flush(20)

    by_thread: dict[str, list[int]] = {}
    for row in bench.rows():
        by_thread.setdefault(row["t"], []).append(row.get("n", 0))
    for name in ("a", "b", "c", "main"):
        assert by_thread[name] == list(range(3000))
    assert len(by_thread["signal"]) == handled  # handlers interrupt each other
    assert len(by_thread["gc"]) == 4 * 60
    assert stream.dropped == 0


def test_no_place_for_a_ring_is_told_and_works(bench: Bench, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    places = Places.from_environment({"WANDB_SPOOL_DIR": str(blocked / "spool")})
    bench.places = places

    stream = bench.open()
    stream.log(ROW)

    assert stream.flush(10)
    assert bench.rows() == [ROW]
    assert "No directory takes the spool file" in bench.notices[0]


def test_a_place_without_room_uses_files(bench: Bench) -> None:
    stream = bench.open(ring_bytes=1 << 45)
    stream.log(ROW)
    stream.log(ROW)

    assert stream.flush(10)
    assert bench.rows() == [ROW, ROW]


def test_the_setting_for_a_full_ring_is_checked() -> None:
    settings = StreamSettings.from_environment({"WANDB_FULL": "drop"})
    assert settings.full.choice == "drop"
    with pytest.raises(ValueError, match="overflow, wait, drop"):
        StreamSettings.from_environment({"WANDB_FULL": "explode"})


# What a child does must not run inside pytest: each of these is a script of its own.
_FORK = """
import json, multiprocessing, os, sys, threading
from wandb._stream import Stream, StreamSettings
from wandb_proto.places import Places

places = Places.from_environment(os.environ)
stream = Stream.open(
    "r1", os.environ["HOME"] + "/run-r1.wandb", places, primary=True,
    settings=StreamSettings(environ=os.environ),
)
stream.log({"who": "parent", "n": 0})

def child(name, count=200):
    for n in range(count):
        stream.log({"who": name, "n": n})
"""

_MATRIX = {
    "os_fork_and_exit": """
pid = os.fork()
if pid == 0:
    child("child")
    os._exit(0)
os.waitpid(pid, 0)
""",
    "os_fork_flush_and_normal_exit": """
assert stream.flush(10)  # gRPC is in full use
pid = os.fork()
if pid == 0:
    child("child")
    assert stream.flush(20), "not flushed"
    from wandb_proto.v1.core_service_pb2 import StartRunRequest
    assert stream.ask("start_run", StartRunRequest()).server_known
    assert stream.close(20)
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
""",
    "multiprocessing_fork": """
context = multiprocessing.get_context("fork")
process = context.Process(target=child, args=("child",))
process.start()
process.join()
assert process.exitcode == 0
""",
    "fork_while_other_threads_log": """
stop = threading.Event()
def work():
    n = 0
    while not stop.is_set():
        stream.log({"who": "thread", "n": n})
        n += 1
threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for number in range(3):
    pid = os.fork()
    if pid == 0:
        child(f"child{number}", 50)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
stop.set()
for thread in threads:
    thread.join()
""",
    "grandchild": """
pid = os.fork()
if pid == 0:
    child("child")
    grandchild = os.fork()
    if grandchild == 0:
        child("grandchild")
        os._exit(0)
    os.waitpid(grandchild, 0)
    os._exit(0)
os.waitpid(pid, 0)
""",
}


_CHILDREN = {
    "fork_while_other_threads_log": {f"child{number}": 50 for number in range(3)},
    "grandchild": {"child": 200, "grandchild": 200},
}


@pytest.mark.parametrize("case", _MATRIX)
def test_forked_children_have_streams_of_their_own(
    bench: Bench, places_env: dict[str, str], case: str
) -> None:
    code = _FORK + _MATRIX[case] + "\nstream.log({'who': 'parent', 'n': 1})\n"
    code += "assert stream.close(20)\n"
    command = [sys.executable, "-W", "ignore", "-c", code]
    bench.core.be_found_in(bench.places)

    done = subprocess.run(
        command, env=places_env, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert [opening.primary for opening in bench.core.openings].count(True) == 1
    by_name: dict[str, list[int]] = {}
    sent = bench.core.streams
    for path in bench.files():  # a child died: core sweeps its ring
        left = RingReader.open(path)
        assert left.claim()
        found = sent.setdefault(left.header.stream_id, [])
        found += [record for n, record in left.records() if n > len(found)]
    for records in sent.values():
        rows = [json.loads(Record.FromString(r).request.log.data_json) for r in records]
        for row in rows:
            by_name.setdefault(row["who"], []).append(row["n"])
    children = _CHILDREN.get(case, {"child": 200})
    assert by_name.pop("parent") == [0, 1]
    by_name.pop("thread", None)
    assert by_name == {name: list(range(count)) for name, count in children.items()}
    assert len(sent) == 1 + len(children)


def test_import_is_light() -> None:
    code = (
        "import sys, wandb._stream; "
        "print([m for m in ('grpc', 'aiohttp', 'numpy', 'google.protobuf') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
