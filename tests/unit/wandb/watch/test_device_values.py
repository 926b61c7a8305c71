"""Scalars on an accelerator in log(): order, durability, nobody waits in vain.

The device is a stand-in: tensors that are not here, and copies that arrive when told.
What talks to torch is tested with torch (test_watch_torch.py).
"""

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from wandb._device_values import filled, split
from wandb._encode import DataEncoder
from wandb._log_call import RichCalls, StepCounter, make_log
from wandb._spool import FullRing, Spool
from wandb_proto.ring import RingHeader, RingReader, RingWriter
from wandb_proto.v1.record_pb2 import Record

from tests.support.waiting import wait_until


class FarTensor:
    """A 0-d tensor on another device."""

    shape = ()
    is_cpu = False
    is_meta = False

    def __init__(self, value: Any) -> None:
        self.value = value

    def item(self) -> Any:
        raise AssertionError("read one by one, which waits for the device each time")

    def is_complex(self) -> bool:
        return False


FarTensor.__module__ = "torch"


class LateCopy:
    """A copy that arrives when told."""

    def __init__(self, tensors: list[FarTensor]) -> None:
        self._values = [tensor.value for tensor in tensors]
        self._arrived = threading.Event()
        self.error: Exception | None = None
        self.asked = threading.Event()

    def arrive(self) -> None:
        self._arrived.set()

    def is_there(self) -> bool:
        return self._arrived.is_set()

    def values(self) -> list[Any]:
        self.asked.set()
        assert self._arrived.wait(10)
        if self.error:
            raise self.error
        return self._values


class Bench:
    """log() over a real ring, with the device in hand."""

    def __init__(self, directory: Path) -> None:
        header = RingHeader("s", "r", "/l", (str(directory),), os.getpid(), True)
        ring = RingWriter.create(directory, header, 1 << 16)
        self.reader = RingReader.beside(ring)
        self.spool = Spool(ring, FullRing(), lambda *_: None, lambda: None)
        self.copies: list[LateCopy] = []
        self.steps = StepCounter()
        encoder = DataEncoder(refuses_rich=True)
        self.log = make_log(
            self.spool, encoder, self.steps, lambda *_: None, RichCalls(), self.copy
        )
        self._seen: list[Record] = []

    def copy(self, tensors: list[Any]) -> LateCopy:
        self.copies.append(LateCopy(tensors))
        return self.copies[-1]

    def stored(self) -> list[tuple[Any, bool]]:
        """(data, whether committed) of what a killed process would leave."""
        while batch := self.reader.read():
            self._seen += map(Record.FromString, batch.records)
            self.reader.release(batch.next_sequence)
        calls = [record.request.log for record in self._seen]
        return [(orjson.loads(call.data_json or b"0"), call.commit) for call in calls]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    for copy in made.copies:
        copy.arrive()
    made.spool.close()


def in_thread(call: Any) -> threading.Thread:
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    return thread


def test_log_returns_at_once_and_keeps_what_is_here(bench: Bench) -> None:
    bench.log({"loss": FarTensor(0.5), "lr": 0.1})

    assert bench.stored() == [({"lr": 0.1}, False)]
    assert bench.steps.current == 1


def test_values_are_stored_when_they_arrive_without_another_call(bench: Bench) -> None:
    bench.log({"loss": FarTensor(0.5), "lr": 0.1})
    bench.copies[0].arrive()

    wait_until(lambda: len(bench.stored()) == 2)
    assert bench.stored()[1] == ({"loss": 0.5}, True)


def test_all_scalars_of_a_call_are_copied_together(bench: Bench) -> None:
    bench.log(
        {"a": FarTensor(1), "deep": {"b": FarTensor(True)}, "c": [FarTensor(2.5)]}
    )
    bench.copies[0].arrive()
    bench.spool.settle()

    assert len(bench.copies) == 1
    assert bench.stored() == [({"a": 1, "deep": {"b": True}, "c": [2.5]}, True)]


def test_a_later_row_waits_for_the_values_and_stands_behind_them(bench: Bench) -> None:
    bench.log({"loss": FarTensor(1.0)})
    later = in_thread(lambda: bench.log({"loss": 2.0}))
    assert bench.copies[0].asked.wait(10)
    assert bench.stored() == []

    bench.copies[0].arrive()
    later.join(10)

    assert bench.stored() == [({"loss": 1.0}, True), ({"loss": 2.0}, True)]


def test_console_output_does_not_wait_and_opens_no_short_cut(bench: Bench) -> None:
    bench.log({"loss": FarTensor(1.0)})

    output = Record()
    output.output_raw.line = "text"
    bench.spool.append(output.SerializeToString(), ordered=False)
    assert len(bench.stored()) == 1

    later = in_thread(lambda: bench.log({"loss": 2.0}))
    assert bench.copies[0].asked.wait(10)
    bench.copies[0].arrive()
    later.join(10)
    assert [data for data, _ in bench.stored()[1:]] == [{"loss": 1.0}, {"loss": 2.0}]


def test_rows_of_several_calls_keep_their_order(bench: Bench) -> None:
    def train() -> None:
        for step in range(20):
            bench.log({"step": step, "loss": FarTensor(step / 2)})
            bench.log({"plain": step})

    training = in_thread(train)
    while training.is_alive():
        for copy in list(bench.copies):
            copy.arrive()
    rows = [data for data, committed in bench.stored() if committed]

    expected: list[Any] = []
    for step in range(20):
        expected += [{"loss": step / 2}, {"plain": step}]
    assert rows == expected


def test_a_device_that_fails_loses_its_values_and_no_row(bench: Bench) -> None:
    bench.log({"loss": FarTensor(1.0), "lr": 0.1})
    bench.copies[0].error = RuntimeError("device-side assert")
    bench.copies[0].arrive()
    bench.log({"lr": 0.2})

    assert bench.stored() == [({"lr": 0.1}, False), ({}, True), ({"lr": 0.2}, True)]


def test_step_and_commit_are_those_of_the_call(bench: Bench) -> None:
    bench.log({"a": FarTensor(1)}, step=7)
    bench.copies[0].arrive()
    bench.spool.settle()
    bench.log({"b": FarTensor(2)}, step=7, commit=True)
    bench.copies[1].arrive()
    bench.spool.settle()

    assert bench.stored() == [({"a": 1}, False), ({"b": 2}, True)]
    assert bench.steps.current == 8


def test_nan_and_infinity_arrive(bench: Bench) -> None:
    bench.log({"loss": FarTensor(float("nan"))})
    bench.copies[0].arrive()
    bench.spool.settle()
    while batch := bench.reader.read():
        records = [Record.FromString(record) for record in batch.records]
        bench.reader.release(batch.next_sequence)

    assert b"NaN" in bytes(records[0].request.log.data_json)


def test_closing_waits_for_the_values(bench: Bench) -> None:
    bench.log({"loss": FarTensor(1.0)})
    closing = in_thread(bench.spool.append_queued)
    assert bench.copies[0].asked.wait(10)
    bench.copies[0].arrive()
    closing.join(10)

    assert bench.stored() == [({"loss": 1.0}, True)]


def test_data_are_divided_and_joined_again() -> None:
    far = FarTensor(1)
    data = {"a": 1, "b": {"c": far, "d": 2, "e": {}}, "f": [1, far], "g": {}}

    here, there, tensors = split(data)

    assert here == {"a": 1, "b": {"d": 2, "e": {}}, "g": {}}
    assert tensors == [far, far]
    assert filled(there, [5, 6]) == {"b": {"c": 5}, "f": [1, 6]}
