"""The stand-in for core behaves as core does towards the bindings."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from wandb_proto.v1 import core_service_pb2 as pb
from wandb_proto.v1 import core_service_pb2_grpc as pb_grpc

from tests.support.recording_core import TOKEN, RecordingCore

METADATA = (("wandb-token", TOKEN),)


@pytest.fixture
def core() -> Iterator[RecordingCore]:
    core = RecordingCore()
    core.start()
    yield core
    core.close()


def publish(core: RecordingCore, *batches: pb.RecordBatch) -> list[int]:
    """One call; the acknowledged sequences."""
    opening = pb.RecordBatch(opening=pb.StreamOpening(stream_id="s"), first_sequence=1)
    with grpc.insecure_channel(core.target) as channel:
        stub: Any = pb_grpc.CoreServiceStub(channel)
        answers = stub.Publish(iter((opening, *batches)), metadata=METADATA)
        return [answer.next_sequence for answer in answers]


def test_a_batch_that_comes_twice_counts_once(core: RecordingCore) -> None:
    first = pb.RecordBatch(first_sequence=1, records=[b"a", b"b"])
    longer = pb.RecordBatch(first_sequence=2, records=[b"b", b"c"])

    assert publish(core, first, first, longer) == [1, 3, 3, 4]
    assert publish(core, first) == [4, 4]

    assert core.all_records() == [b"a", b"b", b"c"]


def test_records_survive_its_restart(core: RecordingCore) -> None:
    publish(core, pb.RecordBatch(first_sequence=1, records=[b"a"]))
    core.stop()
    core.start()
    publish(core, pb.RecordBatch(first_sequence=2, records=[b"b"]))

    assert core.all_records() == [b"a", b"b"]


def test_a_wrong_token_is_refused(core: RecordingCore) -> None:
    with grpc.insecure_channel(core.target) as channel:
        stub: Any = pb_grpc.CoreServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refusal:
            stub.Handshake(pb.HandshakeRequest(), metadata=(("wandb-token", "x"),))

    assert refusal.value.code() == grpc.StatusCode.UNAUTHENTICATED
