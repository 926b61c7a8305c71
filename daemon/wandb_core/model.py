"""The types that cross stage boundaries of core, in the order of the journey.

IncomingBatch ► receiver ► processor ► transaction_log ► LoggedRecord
                               LoggedRecord ► uploader ► UploadChunk ► ChunkAck
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wandb_proto.v1.record_pb2 import Record


@dataclass(frozen=True, slots=True)
class IncomingBatch:
    """Consecutive records of one stream, serialised, as they came from the bindings."""

    stream_id: str
    first_sequence: int
    records: tuple[bytes, ...]


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
        """level: info | warning | error. A text already told is not told again."""
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
