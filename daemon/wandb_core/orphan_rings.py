"""Rings whose records core must fetch itself, because their writer no longer can.

A ring belongs to its writer (and its writer's link) while the writer lives: a lock says
so, never a pid or a timeout. Afterwards core claims the lock, reads what is left, and
removes the ring once that is durably in the log. Everything here blocks.
"""

import fcntl
import logging
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.places import make_private
from wandb_proto.ring import RingDamage, RingReader
from wandb_proto.ring_format import HEADER_BYTES

from wandb_core.model import IncomingBatch

_log = logging.getLogger(__name__)

BATCH_RECORDS_MAX = 4096
BATCH_BYTES_MAX = 1 << 20
STILLBORN_S = 30.0
"""A ring gets its header within microseconds; one so old without it is dead."""


@dataclass(frozen=True, slots=True)
class FoundRing:
    """A ring file and what its header says."""

    path: Path
    stream_id: str
    run_id: str
    log_path: Path
    pid: int
    primary: bool
    writer_alive: bool


def find_rings(
    spool_dirs: Iterable[Path], skipped: frozenset[Path] = frozenset()
) -> list[FoundRing]:
    """All readable rings but the skipped ones. What is no ring is left alone.

    So is a directory of somebody else: its rings could make us write anywhere. Only
    what a writer left that was killed while it made its ring is removed.
    """
    paths: list[Path] = []
    for directory in spool_dirs:
        if _is_ours_alone(directory):
            paths += sorted(directory.glob("*.ring"))
    found = []
    for path in paths:
        if path in skipped:
            continue
        ring = look_at(path)
        if ring is not None:
            found.append(ring)
        else:
            _remove_stillborn(path)
    return found


def look_at(path: Path) -> FoundRing | None:
    """The ring, or None if it is gone, or is none (yet)."""
    try:
        reader = RingReader.open(path)
    except (OSError, ValueError) as error:
        _log.debug("no_ring path=%s reason=%s", path, error)
        return None
    try:
        header = reader.header
        if header.core_address:
            return None  # its records belong to a core on another host
        return FoundRing(
            path=path,
            stream_id=header.stream_id,
            run_id=header.run_id,
            log_path=Path(header.log_path),
            pid=header.pid,
            primary=header.primary,
            writer_alive=reader.writer_alive(),
        )
    except OSError:
        return None
    finally:
        reader.close()


def _remove_stillborn(path: Path) -> None:
    """Its writer was killed between making the file and writing its header, so no
    record was ever in it; it would keep its bytes of memory until the next boot.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        age_s = time.time() - os.fstat(descriptor).st_mtime
        if age_s < STILLBORN_S or any(os.pread(descriptor, HEADER_BYTES, 0)):
            return
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        _log.info("stillborn_ring_removed path=%s", path)
    except OSError:
        return  # its writer lives, or it is gone
    finally:
        os.close(descriptor)


def _is_ours_alone(directory: Path) -> bool:
    if not directory.exists():
        return False
    try:
        make_private(directory)
    except OSError as error:
        _log.debug("spool_not_private path=%s reason=%s", directory, error)
        return False
    return True


class OrphanRing:
    """A claimed ring of a dead writer; nobody else drains it until `close`."""

    def __init__(self, reader: RingReader) -> None:
        self._reader = reader
        self._records = reader.records()
        self._held: tuple[int, bytes] | None = None
        self.stream_id = reader.header.stream_id
        self.next_sequence = reader.next_sequence

    @classmethod
    def claim(cls, path: Path) -> "OrphanRing | None":
        """None if the ring is gone, or its writer lives after all.

        Raises:
            OSError, ValueError: it cannot be read.
        """
        try:
            reader = RingReader.open(path)
        except FileNotFoundError:
            return None
        if not reader.claim():
            reader.close()
            return None
        return cls(reader)

    def next_batch(self) -> IncomingBatch | None:
        """The next records that can be read, or None at the end."""
        records: list[bytes] = []
        first = size = 0
        while (item := self._held or next(self._records, None)) is not None:
            self._held = None
            sequence, payload = item
            first = first if records else sequence
            size += len(payload)
            is_full = len(records) == BATCH_RECORDS_MAX or size > BATCH_BYTES_MAX
            if records and (is_full or sequence != first + len(records)):
                self._held = item
                break
            records.append(payload)
        if not records:
            return None
        self.next_sequence = first + len(records)
        return IncomingBatch(self.stream_id, first, tuple(records))

    @property
    def damages(self) -> list[RingDamage]:
        return self._reader.damages

    def discard(self) -> None:
        """Remove the ring with all its files: everything is in the log."""
        self._reader.discard()

    def close(self) -> None:
        """Let go of it; what was not discarded stays for the next try."""
        self._reader.close()
