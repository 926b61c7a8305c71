"""Calls without grpcio, against a server of grpcio: the wire format is the contract."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from wandb._core_calls import CallError, Code, CoreCalls
from wandb_proto.core_place import CoreAddress
from wandb_proto.v1 import core_service_pb2 as pb
from wandb_proto.v1 import core_service_pb2_grpc as pb_grpc

LARGE_BYTES = 12 << 20
"""More than any window or buffer on the way."""


class Answering(pb_grpc.CoreServiceServicer):
    """Does what the request says."""

    def __init__(self) -> None:
        self.tokens: set[Any] = set()
        self.remaining_s = 0.0
        self.is_waiting = threading.Event()
        self.given_up = threading.Event()

    def GetSummary(self, request: Any, context: Any) -> Any:
        self.tokens.add(dict(context.invocation_metadata()).get("wandb-token"))
        left = context.time_remaining()
        self.remaining_s = left if left is not None else -1.0
        match request.run.run_id:
            case "refuse":
                text = "nein: ü, 100 %\nand more"
                context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
            case "large":
                return pb.GetSummaryResponse(summary_json="x" * LARGE_BYTES)
            case "slow":
                context.add_callback(self.given_up.set)
                self.is_waiting.set()
                self.given_up.wait(20)
        return pb.GetSummaryResponse(summary_json=request.run.log_path)

    def Publish(self, requests: Any, context: Any) -> Iterator[Any]:
        for request in requests:
            if request.first_sequence == 99:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "enough")
            for _ in range(2):
                yield pb.BatchAck(next_sequence=sum(map(len, request.records)))

    def CarryFile(self, requests: Any, context: Any) -> Any:
        size = sum(len(part.data) for part in requests)
        context.abort(grpc.StatusCode.UNKNOWN, str(size))


@pytest.fixture
def servicer() -> Answering:
    return Answering()


@pytest.fixture(params=["unix", "tcp"])
def calls(
    request: pytest.FixtureRequest, servicer: Answering, tmp_path: Path
) -> Iterator[CoreCalls]:
    limits = [
        (f"grpc.max_{way}_message_length", 64 << 20) for way in ("receive", "send")
    ]
    server = grpc.server(futures.ThreadPoolExecutor(8), options=limits)
    pb_grpc.add_CoreServiceServicer_to_server(servicer, server)
    address = f"unix:{tmp_path}/s" if request.param == "unix" else "127.0.0.1:0"
    port = server.add_insecure_port(address)
    server.start()
    where = address if request.param == "unix" else f"127.0.0.1:{port}"
    yield CoreCalls(CoreAddress(1, where, "secret", "", "", 1))
    servicer.given_up.set()
    server.stop(None).wait()


def summary_of(run_id: str, log_path: str = "") -> Any:
    return pb.GetSummaryRequest(run=pb.RunRef(run_id=run_id, log_path=log_path))


def test_a_question_is_answered(calls: CoreCalls, servicer: Answering) -> None:
    answer = calls.ask("GetSummary", summary_of("any", "/l"), 5)

    assert answer.summary_json == "/l"
    assert servicer.tokens == {"secret"}
    assert 0 < servicer.remaining_s <= 5
    assert calls.ask("GetSummary", summary_of("any")).summary_json == ""
    assert servicer.remaining_s < 0 or servicer.remaining_s > 3600


def test_messages_of_any_size_pass_both_ways(calls: CoreCalls) -> None:
    sent = "y" * LARGE_BYTES

    assert calls.ask("GetSummary", summary_of("any", sent), 30).summary_json == sent
    assert len(calls.ask("GetSummary", summary_of("large"), 30).summary_json) == (
        LARGE_BYTES
    )


def test_many_messages_go_in_one_call(calls: CoreCalls) -> None:
    call = calls.call("Publish")
    records = [os.urandom(300_000), b"", b"abc"]
    for number in range(60):
        call.send(pb.RecordBatch(first_sequence=number, records=records))
        assert call.receive(10).next_sequence == 300_003
        assert call.receive(10).next_sequence == 300_003
    with pytest.raises(TimeoutError):
        call.receive(0.05)
    call.end()

    assert call.receive(10) is None
    call.close()


def test_a_stream_of_parts_has_one_answer(calls: CoreCalls) -> None:
    parts = (pb.FilePart(data=bytes(1 << 20)) for _ in range(20))

    with pytest.raises(CallError) as caught:
        calls.ask_in_parts("CarryFile", parts)

    assert (caught.value.code, str(caught.value)) == (Code.UNKNOWN, str(20 << 20))


def test_a_refusal_says_why(calls: CoreCalls) -> None:
    with pytest.raises(CallError) as caught:
        calls.ask("GetSummary", summary_of("refuse"), 5)

    assert caught.value.code == Code.RESOURCE_EXHAUSTED
    assert str(caught.value) == "nein: ü, 100 %\nand more"
    assert not caught.value.is_passing


def test_a_call_that_is_ended_from_the_other_side_is_noticed_while_sending(
    calls: CoreCalls,
) -> None:
    call = calls.call("Publish")

    def send_without_end() -> None:
        call.send(pb.RecordBatch(first_sequence=99))
        while True:
            call.send(pb.RecordBatch(records=[bytes(1 << 20)]))

    with pytest.raises(CallError) as caught:
        send_without_end()

    assert caught.value.code == Code.FAILED_PRECONDITION
    call.close()


def test_an_answer_that_does_not_come_is_given_up(
    calls: CoreCalls, servicer: Answering
) -> None:
    began = time.monotonic()

    with pytest.raises(CallError) as caught:
        calls.ask("GetSummary", summary_of("slow"), 0.3)

    assert caught.value.code == Code.DEADLINE_EXCEEDED
    assert 0.2 < time.monotonic() - began < 5
    assert servicer.given_up.wait(10)


def test_a_call_is_cancelled_from_another_thread(
    calls: CoreCalls, servicer: Answering
) -> None:
    call = calls.call("GetSummary")
    call.send(summary_of("slow"))
    call.end()
    threading.Timer(0.2, call.cancel).start()

    with pytest.raises(CallError) as caught:
        call.receive()

    assert caught.value.is_passing
    call.close()
    assert servicer.given_up.wait(10)


FORKING = """
import os, signal, sys
from wandb._core_calls import CoreCalls
from wandb_proto.core_place import CoreAddress
from wandb_proto.v1 import core_service_pb2 as pb

call = CoreCalls(CoreAddress(1, sys.argv[1], "t", "", "", 1)).call("GetSummary")
call.send(pb.GetSummaryRequest(run=pb.RunRef(run_id="slow")))
call.end()
sys.stdin.readline()
if not os.fork():
    call.leave_to_parent()
    signal.pause()
call.close()
signal.pause()
"""


def test_a_forked_child_lets_go_of_the_connection(
    calls: CoreCalls, servicer: Answering
) -> None:
    command = [sys.executable, "-c", FORKING, calls._address.address]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    try:
        assert servicer.is_waiting.wait(20)
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert servicer.given_up.wait(10)  # core sees the end, though both live
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_nobody_there_says_so(tmp_path: Path) -> None:
    calls = CoreCalls(CoreAddress(1, f"unix:{tmp_path}/none", "t", "", "", 1))

    with pytest.raises(CallError, match=r"cannot reach core at unix:.*none") as caught:
        calls.ask("GetSummary", summary_of("any"), 1)

    assert caught.value.code == Code.UNAVAILABLE


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(99)])
def test_what_does_not_speak_the_protocol_is_an_error(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(10)
                connection.sendall(said)

        thread = threading.Thread(target=answer)
        thread.start()
        where = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(CallError, match="lost") as caught:
            CoreCalls(CoreAddress(1, where, "t", "", "", 1)).ask(
                "GetSummary", summary_of("any"), 5
            )
        thread.join()

    assert caught.value.is_passing


def test_a_call_has_no_threads(calls: CoreCalls) -> None:
    before = set(threading.enumerate())
    call = calls.call("Publish")
    call.send(pb.RecordBatch(records=[b"a"]))
    call.receive(10)

    assert {
        one.name for one in set(threading.enumerate()) - before
        if not one.name.startswith("ThreadPoolExecutor")
    } == set()  # fmt: skip
    call.close()
