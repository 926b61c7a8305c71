"""A real core in directories of its own, and a small client that speaks to it.

```python
with running_core(places_env) as core:
    with core.stream("run1", log_path) as stream:
        stream.send(1, [open_run("run1"), log({"loss": 1.0}), exit_run()])
        stream.wait_acknowledged(4)
```

Whatever a test does, the process is gone afterwards.
"""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from wandb_proto import json_codec
from wandb_proto.core_place import CoreAddress, core_lives, read_address
from wandb_proto.places import Places, make_private
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import core_service_pb2_grpc as service_grpc
from wandb_proto.v1.record_pb2 import Record

from tests.support.waiting import wait_until

START_TIMEOUT_S = 60.0
TIMEOUT_S = 30.0


def open_run(run_id: str, *, mode: str = "offline", base_url: str = "") -> bytes:
    """The first record of a run."""
    record = Record()
    opening = record.request.open_run
    opening.run.run_id = run_id
    opening.run.project = "p"
    opening.run.start_time.FromSeconds(1_700_000_000)
    opening.target.mode = mode
    opening.target.base_url = base_url
    opening.target.app_url = base_url
    return record.SerializeToString()


def log(
    data: Mapping[str, Any], *, step: int | None = None, commit: bool = True
) -> bytes:
    """One `run.log` call."""
    record = Record()
    call = record.request.log
    call.timestamp = 1_700_000_001.5
    call.commit = commit
    call.data_json = json_codec.dumps(dict(data))
    if step is not None:
        call.step = step
    return record.SerializeToString()


def exit_run(exit_code: int = 0) -> bytes:
    """The last record of a run."""
    record = Record()
    record.exit.exit_code = exit_code
    record.exit.runtime = 1
    return record.SerializeToString()


class PublishStream:
    """One Publish call; answers are collected as they come."""

    def __init__(
        self, stub: Any, opening: service.StreamOpening, metadata: list[tuple[str, str]]
    ) -> None:
        self.acknowledged = 0
        self.notices: list[str] = []
        self._messages: queue.SimpleQueue[service.RecordBatch | None] = (
            queue.SimpleQueue()
        )
        self._messages.put(service.RecordBatch(opening=opening))
        self._call = stub.Publish(iter(self._messages.get, None), metadata=metadata)

    def send(self, first_sequence: int, records: Sequence[bytes]) -> None:
        """Send one batch; returns at once."""
        self._messages.put(
            service.RecordBatch(first_sequence=first_sequence, records=records)
        )

    def ask(self) -> int:
        """Ask whether there is news; returns what is acknowledged by then."""
        self._messages.put(service.RecordBatch())
        return int(next(self._call).next_sequence)

    def wait_acknowledged(self, next_sequence: int) -> None:
        """Read answers until everything below is acknowledged."""
        while self.acknowledged < next_sequence:
            answer = next(self._call)
            self.acknowledged = max(self.acknowledged, answer.next_sequence)
            self.notices += [notice.text for notice in answer.notices]

    def wait_notice(self, part: str) -> str:
        """Read answers until a notice with this text in it came."""
        while True:
            for text in self.notices:
                if part in text:
                    return text
            answer = next(self._call)
            self.acknowledged = max(self.acknowledged, answer.next_sequence)
            self.notices += [notice.text for notice in answer.notices]

    def wait_stop_requested(self) -> None:
        """Read answers until core passes on that the run shall stop."""
        while not next(self._call).stop_requested:
            pass

    def failure(self) -> grpc.RpcError:
        """Wait for core to refuse or end the stream; returns how."""
        try:
            for answer in self._call:
                self.notices += [notice.text for notice in answer.notices]
        except grpc.RpcError as error:
            return error
        raise AssertionError("the stream ended well")

    def close(self) -> None:
        """Say that no more comes and let the call end."""
        self._messages.put(None)
        with contextlib.suppress(grpc.RpcError):
            for answer in self._call:
                self.acknowledged = max(self.acknowledged, answer.next_sequence)

    def __enter__(self) -> "PublishStream":
        return self

    def __exit__(self, *_: object) -> None:
        self._messages.put(None)
        self._call.cancel()


@dataclass
class CoreProcess:
    """A core that was started for a test."""

    environ: dict[str, str]
    places: Places
    process: subprocess.Popen[bytes]
    channels: list[grpc.Channel] = field(default_factory=list)

    @property
    def address(self) -> CoreAddress:
        """Where it listens; waits until it does."""
        found: list[CoreAddress] = []

        def is_listening() -> bool:
            address = read_address(self.places)
            if address is not None and address.pid == self.process.pid:
                found.append(address)
            assert found or self.process.poll() is None, self.log_text()
            return bool(found)

        wait_until(is_listening, START_TIMEOUT_S)
        return found[0]

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """What every call must carry."""
        return [("wandb-token", self.address.token)]

    def stub(self) -> Any:
        """A connected gRPC stub."""
        channel = grpc.insecure_channel(
            self.address.address, options=[("grpc.enable_http_proxy", 0)]
        )
        self.channels.append(channel)
        return service_grpc.CoreServiceStub(channel)

    def ask(self, method: str, request: Any) -> Any:
        """One unary call."""
        return getattr(self.stub(), method)(
            request, metadata=self.metadata, timeout=TIMEOUT_S * 3
        )

    def status(self) -> dict[str, Any]:
        """`GetStatus` as plain data."""
        answer = self.ask("GetStatus", service.GetStatusRequest())
        found: dict[str, Any] = json_codec.loads(answer.status_json)
        return found

    def stream(
        self,
        run_id: str,
        log_path: Path,
        *,
        stream_id: str = "s1",
        ring_path: str = "",
        primary: bool = True,
        api_key: str = "",
    ) -> PublishStream:
        """Open a Publish stream of this (living) process."""
        opening = service.StreamOpening(
            stream_id=stream_id,
            run_id=run_id,
            log_path=str(log_path),
            ring_path=ring_path,
            pid=os.getpid(),
            primary=primary,
            api_key=api_key,
        )
        return PublishStream(self.stub(), opening, self.metadata)

    def kill(self) -> None:
        """SIGKILL; returns when it is dead."""
        self.process.kill()
        self.process.wait(TIMEOUT_S)

    def terminate(self) -> int:
        """SIGTERM; returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(TIMEOUT_S * 2)

    def log_text(self) -> str:
        """What core wrote to its log."""
        with contextlib.suppress(OSError):
            return self.places.core_log.read_text()
        return ""


def start_core(environ: Mapping[str, str], **settings: str) -> CoreProcess:
    """Start a core; the caller sees to its end. settings: `fsync="always"`, …"""
    chosen = {f"WANDB_CORE_{name.upper()}": text for name, text in settings.items()}
    full = dict(environ) | chosen
    places = Places.from_environment(full)
    make_private(places.runtime_dir)
    with places.core_log.open("ab") as log_file:
        process = subprocess.Popen(
            [sys.executable, "-m", "wandb_core", "serve"],
            env=full,
            stdin=subprocess.DEVNULL,
            stdout=log_file,
            stderr=log_file,
        )
    return CoreProcess(full, places, process)


@contextlib.contextmanager
def running_core(environ: Mapping[str, str], **settings: str) -> Iterator[CoreProcess]:
    """A core that listens; killed at the end if it has not gone by itself."""
    core = start_core(environ, **settings)
    try:
        _ = core.address
        yield core
        assert "Traceback" not in core.log_text(), core.log_text()
    finally:
        for channel in core.channels:
            channel.close()
        if core.process.poll() is None:
            core.kill()
        core.process.wait(TIMEOUT_S)


def stop_any_core(environ: Mapping[str, str]) -> None:
    """Kill the core of these directories, whoever started it; for teardown."""
    places = Places.from_environment(environ)
    deadline = time.monotonic() + TIMEOUT_S
    while core_lives(places) and time.monotonic() < deadline:
        if (address := read_address(places)) is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(address.pid, signal.SIGKILL)
        time.sleep(0.02)
