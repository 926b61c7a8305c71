"""Read a log piece by piece and fold it into what goes to a server.

```
 log  ├── skipped: folded only ──┤ offset ├─ chunk ─┤ chunk ├──── …  committed_end
```

Blocking; one thread at a time. A chunk depends on the log's bytes before its end alone,
so the same range read again gives the same lines with the same ordinals.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from wandb_proto.v1.record_pb2 import (
    AlertRecord,
    FilesItem,
    RunRecord,
    UploadTarget,
)

from wandb_core.artifacts import AnnouncedArtifact
from wandb_core.console import ConsoleLine
from wandb_core.model import LogDamage, LoggedRecord
from wandb_core.run_state import RunState
from wandb_core.transaction_log import LogReader
from wandb_core.uploader.oversize import oversize_path, shorten

FIRST_OFFSET = 7
_PEEK_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class AnnouncedFile:
    """A run file that the log names."""

    offset: int
    """Of the record that names it."""
    name: str
    policy: FilesItem.PolicyType
    """When it is to be uploaded: NOW, END, or LIVE: whenever it changed."""


@dataclass(slots=True)
class FoldedChunk:
    """What the records of [offset, next_offset) add; ordinals count from the log's
    first line.
    """

    offset: int
    next_offset: int = 0
    first_row: int = 0
    rows: list[str] = field(default_factory=list)
    oversize_rows: list[tuple[int, str]] = field(default_factory=list)
    """(ordinal, whole text) of rows that are only markers in `rows`."""
    first_stats: int = 0
    stats: list[str] = field(default_factory=list)
    console: list[ConsoleLine] = field(default_factory=list)
    """Changed lines by number; numbers need not be contiguous."""
    files: list[AnnouncedFile] = field(default_factory=list)
    artifacts: list[AnnouncedArtifact] = field(default_factory=list)
    alerts: list[AlertRecord] = field(default_factory=list)
    preempting: bool = False
    summary_changed: bool = False


@dataclass(frozen=True, slots=True)
class LogIdentity:
    """What a log's first records say."""

    run: RunRecord
    log_id: str
    """The same whoever reads the log, wherever it was copied to."""
    target: UploadTarget | None = None
    """Where the writer wanted it to go; None in logs of other clients."""


def identify(path: Path, end: int | None = None) -> LogIdentity | None:
    """Run and identity of a log; None while it holds no run record below `end`."""
    run: RunRecord | None = None
    with LogReader(path) as reader:
        for logged in reader.read(end, _PEEK_BYTES_MAX):
            record = logged.record
            if run is None and record.WhichOneof("record_type") == "run":
                run = record.run
            elif run is not None and record.summary.HasField("carrier"):
                carrier = record.summary.carrier
                target = carrier.target if carrier.HasField("target") else None
                return LogIdentity(run, _log_id(run, carrier.stream_id), target)
    return None if run is None else LogIdentity(run, _log_id(run, ""))


class LogFolder:
    """The state of a run up to `offset`, and the lines that the next records make."""

    def __init__(
        self,
        path: Path,
        *,
        starting_step: int = 0,
        read_bytes_max: int = 4 << 20,
        row_bytes_max: int = 8 << 20,
        label: str = "",
        first_line: int = 0,
        earlier_runtime_s: int = 0,
    ) -> None:
        """
        Args:
            first_line: number of the log's first row at the server, for file names.
            earlier_runtime_s: of the run that this log resumes; for samples that were
                logged before its writer knew.
        """
        self.state = RunState()
        self.state.next_step = starting_step
        self._reader = LogReader(path)
        self._read_bytes_max = read_bytes_max
        self._row_bytes_max = row_bytes_max
        self._label = label
        self._first_line = first_line
        self._earlier_runtime_s = earlier_runtime_s

    @property
    def offset(self) -> int:
        """Everything below it is folded."""
        return self._reader.offset

    @property
    def damages(self) -> list[LogDamage]:
        """What could not be read so far."""
        return self._reader.damages

    def close(self) -> None:
        """Close the log; idempotent."""
        self._reader.close()

    def restore(self, state: RunState, offset: int) -> None:
        """Go on from a state that was folded up to `offset` before."""
        path = self._reader.path
        self._reader.close()
        self._reader = LogReader(path, offset)
        self.state = state

    def skip(self, end: int) -> FoldedChunk | None:
        """Fold the next piece below `end`, whose lines the server has; None at `end`.

        The chunk tells only what is needed for files and console text.
        """
        return self._read(end, makes_lines=False)

    def next_chunk(self, end: int) -> FoldedChunk | None:
        """Lines of the next records below `end`; None if there are none."""
        return self._read(end, makes_lines=True)

    def chunk_until(self, end: int) -> FoldedChunk | None:
        """Lines of all records up to `end`: a chunk whose end was chosen before."""
        chunk = self._begin()
        while self._extend(chunk, end, makes_lines=True):
            pass
        return self._finish(chunk)

    def _read(self, end: int, *, makes_lines: bool) -> FoldedChunk | None:
        chunk = self._begin()
        self._extend(chunk, end, makes_lines=makes_lines)
        return self._finish(chunk)

    def _begin(self) -> FoldedChunk:
        return FoldedChunk(
            self.offset,
            first_row=self.state.history_line_count,
            first_stats=self.state.stats_line_count,
        )

    def _extend(self, chunk: FoldedChunk, end: int, *, makes_lines: bool) -> bool:
        if self.offset >= end:
            return False
        before = self.offset
        for logged in self._reader.read(end, self._read_bytes_max):
            record = logged.record
            self.state.apply(record)
            kind = record.WhichOneof("record_type")
            if kind == "history":
                if makes_lines:
                    line = self.state.history_line(record.history)
                    chunk.rows.append(self._checked_row(chunk, line))
            elif kind == "stats":
                if makes_lines:
                    start = self._start_of_samples()
                    line = self.state.stats_line(record.stats, start, self._label)
                    chunk.stats.append(line)
            else:
                self._add_facts(chunk, logged, kind)
        return self.offset > before

    def _start_of_samples(self) -> float:
        run = self.state.run
        if run is not None and run.runtime:  # its writer knows by now
            return self.state.start
        return self.state.start - self._earlier_runtime_s

    def _finish(self, chunk: FoldedChunk) -> FoldedChunk | None:
        chunk.next_offset = self.offset
        if chunk.next_offset == chunk.offset:
            return None
        chunk.console = self.state.console.take_lines()
        chunk.summary_changed = self.state.take_summary_changed()
        return chunk

    def _checked_row(self, chunk: FoldedChunk, line: str) -> str:
        if len(line) * 4 <= self._row_bytes_max:
            return line
        if len(line.encode()) <= self._row_bytes_max:
            return line
        ordinal = chunk.first_row + len(chunk.rows)
        chunk.oversize_rows.append((ordinal, line))
        path = oversize_path(self._first_line + ordinal)
        return shorten(line, self._row_bytes_max, path)

    def _add_facts(
        self, chunk: FoldedChunk, logged: LoggedRecord, kind: str | None
    ) -> None:
        record = logged.record
        if kind == "files":
            chunk.files += [
                AnnouncedFile(logged.offset, item.path, item.policy)
                for item in record.files.files
            ]
        elif kind == "alert":
            chunk.alerts.append(record.alert)
        elif kind in ("artifact", "use_artifact"):
            client_id = record.artifact.client_id if kind == "artifact" else ""
            chunk.artifacts.append(
                AnnouncedArtifact(logged.offset, logged.next_offset, client_id)
            )
        elif kind == "preempting":
            chunk.preempting = True


def _log_id(run: RunRecord, stream_id: str) -> str:
    """Logs of one run differ in their first stream; official ones in their start."""
    started = run.start_time
    facts = (run.run_id, stream_id, str(started.seconds), str(started.nanos))
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]
