"""The types that cross stage boundaries of core, in the order of the journey.

IncomingBatch ► receiver ► processor ► transaction_log ► LoggedRecord
                               LoggedRecord ► uploader ► UploadChunk ► ChunkAck
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1.record_pb2 import Record

OWN_RECORDS = ""
"""Stands for a stream in batches that core itself made: they are in no ring."""


@dataclass(frozen=True, slots=True)
class IncomingBatch:
    """Consecutive records of one stream, serialised, as they came from the bindings."""

    stream_id: str
    first_sequence: int
    records: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class UserNotice:
    """A message for the terminal of a run's user."""

    level: str
    """info | warning | error | fatal (nothing more will be uploaded)"""
    text: str


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What core has to say to one stream: how far it is in the log, and messages."""

    next_sequence: int
    """Everything below is in the log; 0 if nothing is known yet."""
    notices: tuple[UserNotice, ...] = ()
    stop_requested: bool = False


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record with its place in the log: [offset, next_offset) in bytes."""

    offset: int
    next_offset: int
    record: Record


@dataclass(frozen=True, slots=True)
class LogDamage:
    """A part of a log that could not be read, half-open in bytes."""

    offset: int
    byte_count: int
    reason: str


@dataclass(frozen=True, slots=True)
class UploadChunk:
    """Consecutive lines of one stream file going to the server."""

    file: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ServerRun:
    """What the server said when the run was created or updated."""

    storage_id: str
    entity: str
    project: str
    display_name: str
    history_line_count: int


class Notifier(Protocol):
    """Takes messages for the user of one run; never blocks."""

    def notify(self, level: str, text: str) -> None:
        """level: as in `UserNotice`. A text already told is not told again."""
        ...


class LogProgress(Protocol):
    """How far a log has been written: what the uploader of that log follows."""

    path: Path

    def committed_end(self) -> int:
        """Offset up to which whole batches are in the log."""
        ...

    def ended(self) -> bool:
        """No more will be written (exit record in the log, or its writer is gone)."""
        ...

    async def changed(self, known_end: int, timeout_s: float) -> None:
        """Return when the end moved on, ended() flipped, or after timeout_s."""
        ...


class PublishedStream(Protocol):
    """The stream of one writing process, as the receiver sees it."""

    async def send(self, batch: IncomingBatch) -> None:
        """Return when the batch is queued; waits while the log is behind.

        Raises:
            LinkLost: core stops, or the stream was opened a second time.
        """
        ...

    async def next_answer(self) -> Acknowledgement | None:
        """Wait for news, several joined into one; None after `half_close` or detach.

        Raises:
            LinkLost: as in `send`.
        """
        ...

    def ask(self) -> None:
        """Let `next_answer` have one, whether there is news or not."""
        ...

    def half_close(self) -> None:
        """No more batches; answers end when all that was sent is acknowledged."""
        ...

    def detach(self) -> None:
        """The connection is over, for whatever reason; idempotent."""
        ...


class Reception(Protocol):
    """Who answers the calls of the bindings: implemented by the daemon."""

    def open_stream(self, opening: service.StreamOpening) -> PublishedStream:
        """Let a stream in.

        Raises:
            LinkLost: core is stopping.
            PermanentError: the opening makes no sense or there are too many clients.
        """
        ...

    async def start_run(
        self, request: service.StartRunRequest
    ) -> service.StartRunResponse: ...

    async def get_summary(
        self, request: service.GetSummaryRequest
    ) -> service.GetSummaryResponse: ...

    async def finish_run(
        self, request: service.FinishRunRequest
    ) -> service.FinishRunResponse: ...

    async def artifact_outcome(
        self, request: service.ArtifactOutcomeRequest
    ) -> service.ArtifactOutcomeResponse: ...

    async def find_carried(
        self, request: service.FindCarriedRequest
    ) -> service.FindCarriedResponse:
        """How much of a file of another host is here. Raises as `carry_file`."""
        ...

    async def carry_file(
        self, first: service.FilePart, rest: AsyncIterator[service.FilePart]
    ) -> None:
        """Take a file of another host; taking it twice changes nothing.

        Raises:
            PermanentError: it has no place here.
            TransientError: it is to be sent again.
            OSError: the disk is full, or fails.
        """
        ...

    async def carry_records(
        self, request: service.CarryRecordsRequest
    ) -> service.CarryRecordsResponse:
        """Log records whose files were carried; durable on return. Raises as above."""
        ...

    async def status_json(self) -> str: ...

    def stop(self, *, abort: bool) -> None:
        """Begin to stop; returns at once."""
        ...

    async def listen(self, request: service.ListenRequest) -> service.ListenResponse:
        """Let processes on other hosts in."""
        ...
