"""A small real gRPC server that records what the bindings send; stands in for core."""

import fcntl
import json
import os
import tempfile
import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent import futures
from dataclasses import asdict
from typing import Any

import grpc
from wandb._link import Connector
from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.core_place import CoreAddress
from wandb_proto.places import Places, make_private
from wandb_proto.ring_format import RingDamaged, split_frames
from wandb_proto.v1 import core_service_pb2 as pb
from wandb_proto.v1 import core_service_pb2_grpc as pb_grpc

TOKEN = "secret"


class RecordingCore(pb_grpc.CoreServiceServicer):
    """Keeps each stream's records once and in order, as core's log would.

    It can be stopped and started again (same address, records kept), and told to hold
    acknowledgements back.
    """

    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="wb-", dir="/tmp")
        self.target = f"unix:{self._directory.name}/core.sock"
        self.openings: list[Any] = []
        self.streams: dict[str, list[bytes]] = defaultdict(list)
        self.batch_sizes: list[int] = []
        self.starts = 0
        self.stop_requests = 0
        self.protocol = PROTOCOL_VERSION
        self.acknowledging = threading.Event()
        self.acknowledging.set()
        self.notices: list[Any] = []
        self.token_refused = False
        self._lock = -1
        self._server: grpc.Server | None = None
        self._ending = threading.Event()

    # ---- for tests

    def start(self) -> None:
        """Begin to serve."""
        self._ending = threading.Event()
        self._server = grpc.server(
            futures.ThreadPoolExecutor(16),
            options=[
                ("grpc.max_receive_message_length", 64 << 20),
                ("grpc.max_send_message_length", 64 << 20),
            ],
        )
        pb_grpc.add_CoreServiceServicer_to_server(self, self._server)
        self._server.add_insecure_port(self.target)
        self._server.start()
        self.starts += 1

    def stop(self) -> None:
        """Cut all connections, as a killed core does."""
        if self._server is not None:
            self._ending.set()
            self._server.stop(None).wait()
            self._server = None

    def close(self) -> None:
        """Stop and remove the socket's directory."""
        self.acknowledging.set()
        self.stop()
        self._directory.cleanup()
        if self._lock >= 0:
            os.close(self._lock)

    def connector(self) -> Connector:
        """What a link needs to find this server."""
        return Connector(self._address, self._wait_until_gone)

    def be_found_in(self, places: Places) -> None:
        """Stand in for this user's core, so that nobody starts a real one.

        Not for tests that look for core in their own process: closing a descriptor of
        the lock file there would free the lock.
        """
        make_private(places.runtime_dir)
        self._lock = os.open(places.core_lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.lockf(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        places.core_address.write_text(json.dumps(asdict(self._address())))

    def all_records(self) -> list[bytes]:
        """The records of all streams, stream by stream."""
        return [record for records in self.streams.values() for record in records]

    def _address(self) -> CoreAddress:
        return CoreAddress(0, self.target, TOKEN, VERSION, "", PROTOCOL_VERSION)

    def _wait_until_gone(self, wait_s: float) -> bool:
        return self.stop_requests > 0

    # ---- the service

    def Handshake(self, request: Any, context: Any) -> Any:
        self._check(context)
        return pb.HandshakeResponse(protocol=self.protocol, version="0.9.0")

    def Publish(self, request_iterator: Iterator[Any], context: Any) -> Iterator[Any]:
        self._check(context)
        stream_id = ""
        for batch in request_iterator:
            if batch.HasField("opening"):
                assert not stream_id, "opening twice in one call"
                self.openings.append(batch.opening)
                stream_id = batch.opening.stream_id
            assert stream_id, "no opening in the first message"
            kept = self.streams[stream_id]
            known = len(kept) + 1 - batch.first_sequence
            assert known >= 0, f"records missing before {batch.first_sequence}"
            records = list(batch.records)
            if batch.frames:
                try:
                    records = split_frames(batch.frames, batch.first_sequence)
                except RingDamaged as damage:
                    context.abort(grpc.StatusCode.DATA_LOSS, str(damage))
            kept.extend(records[known:])
            self.batch_sizes.append(len(records))
            while not self.acknowledging.wait(0.01):
                if self._ending.is_set() or not context.is_active():
                    return
            notices, self.notices = self.notices, []
            yield pb.BatchAck(next_sequence=len(kept) + 1, notices=notices)

    def StartRun(self, request: Any, context: Any) -> Any:
        self._check(context)
        return pb.StartRunResponse(server_known=True, run_url="http://x/r")

    def GetSummary(self, request: Any, context: Any) -> Any:
        self._check(context)
        context.abort(grpc.StatusCode.NOT_FOUND, "no such run")

    def FinishRun(self, request: Any, context: Any) -> Any:
        self._check(context)
        return pb.FinishRunResponse(durable=True)

    def Stop(self, request: Any, context: Any) -> Any:
        self.stop_requests += 1
        self.protocol = PROTOCOL_VERSION
        return pb.StopResponse()

    def _check(self, context: Any) -> None:
        metadata = dict(context.invocation_metadata())
        if metadata.get("wandb-token") != TOKEN or self.token_refused:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "token")
