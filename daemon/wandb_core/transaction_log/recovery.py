"""Finding the end of a log that a crash left behind, reading only its tail.

```
 … batch │ batch              │ records without a carrier │ torn bytes
         carrier ─────────────┘ committed_end              └ end     └ file_bytes
```

`LogWriter.append_to` cuts the torn bytes. Whether the records before them stay is up to
the caller: they are complete, but whoever sent them will send them again.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.v1.record_pb2 import Record

from wandb_core.model import LogDamage, LoggedRecord
from wandb_core.transaction_log.framing import (
    BLOCK_BYTES,
    FILE_HEADER,
    FILE_HEADER_BYTES,
)
from wandb_core.transaction_log.reader import LogReader

WINDOW_BYTES = 1 << 20
WINDOW_GROWTH = 8


@dataclass(frozen=True, slots=True)
class Recovery:
    """What `LogWriter.append_to` found; offsets in bytes."""

    file_bytes: int
    """Size of the file as it was found."""
    end: int
    """End of the last readable record: appending goes on here."""
    committed_end: int
    """End of the last carrier; the header's end if there is none."""
    damages: tuple[LogDamage, ...]
    """The file header and what lay behind `end`; the rest is found by reading."""
    header_is_damaged: bool


def recover(path: Path, descriptor: int) -> Recovery:
    """Find the ends of the log that is open (and locked) as `descriptor`."""
    file_bytes = os.fstat(descriptor).st_size
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        file.seek(0)
        header_is_damaged = file.read(FILE_HEADER_BYTES) != FILE_HEADER
    window, start = WINDOW_BYTES, file_bytes
    end = committed_end = None
    while committed_end is None and start > FILE_HEADER_BYTES:
        start = _window_start(file_bytes, window)
        window *= WINDOW_GROWTH
        end, committed_end = _ends(path, start, file_bytes)
    end = end or FILE_HEADER_BYTES
    damages = []
    if header_is_damaged:
        size = min(FILE_HEADER_BYTES, file_bytes)
        damages.append(LogDamage(0, size, "no file header"))
    if file_bytes > end:
        damages.append(LogDamage(end, file_bytes - end, "cut off"))
    return Recovery(
        file_bytes,
        end,
        committed_end or FILE_HEADER_BYTES,
        tuple(damages),
        header_is_damaged,
    )


def find_last_checkpoint(path: Path, end: int) -> LoggedRecord | None:
    """The last carrier below `end` that holds a checkpoint, or None.

    Searches backwards: the cost is the distance to it, not the size of the log.
    """
    window_end = end
    while window_end > FILE_HEADER_BYTES:
        start = _window_start(window_end, WINDOW_BYTES)
        last = None
        with LogReader(path, start) as reader:
            while reader.offset < window_end and (records := reader.read(end)):
                for logged in records:
                    if logged.offset < window_end and _holds_checkpoint(logged.record):
                        last = logged
        if last is not None:
            return last
        window_end = start
    return None


def is_carrier(record: Record) -> bool:
    """Whether the record is core's own mark at the end of a batch."""
    return record.WhichOneof("record_type") == "summary" and record.summary.HasField(
        "carrier"
    )


def _holds_checkpoint(record: Record) -> bool:
    return is_carrier(record) and bool(record.summary.carrier.checkpoint)


def _window_start(end: int, window: int) -> int:
    start = max(0, end - window)
    return max(FILE_HEADER_BYTES, start - start % BLOCK_BYTES)


def _ends(path: Path, start: int, file_bytes: int) -> tuple[int | None, int | None]:
    end = committed_end = None
    with LogReader(path, start) as reader:
        while records := reader.read(file_bytes):
            end = records[-1].next_offset
            for logged in records:
                if is_carrier(logged.record):
                    committed_end = logged.next_offset
    return end, committed_end
