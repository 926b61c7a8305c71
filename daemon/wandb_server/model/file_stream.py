"""File stream requests: lines of a run's files on their way in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileChunk:
    """Consecutive lines of one file. `first_line` is the number of the first one."""

    file: str
    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileStreamPost:
    """One parsed file stream request, see `protocol: file stream`."""

    chunks: tuple[FileChunk, ...] = ()
    uploaded: tuple[str, ...] = ()
    preempting: bool = False
    complete: bool = False
    exit_code: int | None = None
    state: str | None = None
    """With `complete`: the state to set (`crashed`); None: as the exit code says."""
    log_id: str | None = None
    """Our core's id of the log; lines are unique per (run, log id, file, line)."""
    client_id: str | None = None
    """The writer in shared mode: its lines are appends of that writer."""


@dataclass(frozen=True, slots=True)
class FileStreamAnswer:
    """What the writer of a run is told: whether somebody asked it to stop."""

    stopped: bool
