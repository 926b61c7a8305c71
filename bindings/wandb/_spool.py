"""The calling thread's half of a stream: records go into the ring, whatever happens.

```
append(record) ─► lock ─► inside another append (signal handler, finaliser)? queue it
                    │
                    ├─ room in the ring ─────────────────────────► done
                    ├─ ring full ─► wait while core makes progress ─► done
                    │                 └ none for 5 s (WANDB_FULL=overflow)
                    ├─ overflow file ─────────────────────────────► done
                    └─ nothing takes bytes: dropped, counted, told once;
                       a gap record goes first when something takes bytes again
```
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from wandb_proto.ring import RingWriter

from wandb._encode import RECORD_BYTES_MAX, encode_gap

QUEUED_RECORDS_MAX = 10_000
"""Records of signal handlers that wait for the interrupted append to end."""

_WAIT_S_MIN, _WAIT_S_MAX = 0.0005, 0.02

FULL_CHOICES = ("overflow", "wait", "drop")

Notify = Callable[[str, str], None]
"""Takes (level, text) for the user; level is info, warning, error or stop.

`stop` comes once: the server asks the run to end.
"""


@dataclass(frozen=True, slots=True)
class FullRing:
    """What a full ring does: WANDB_FULL."""

    choice: str = "overflow"
    wait_s: float = 5.0
    """How long without progress until the overflow file is used."""


@dataclass(frozen=True, slots=True)
class SpoolCounts:
    """What happened to the appends so far."""

    dropped: int
    wait_count: int
    waited_s: float
    overflowed: int


class Spool:
    """Appends records to the ring of this process, from any thread at any time.

    The fast path in `_stream` appends by itself while `lock` is held, `busy` is set
    and the record ends before `ring.limit`; it calls `append` for everything else.
    """

    __slots__ = (
        "_dropped",
        "_full",
        "_gap",
        "_kick",
        "_link_threads",
        "_notify",
        "_overflowed",
        "_queue_dropped",
        "_stuck",
        "_wait_count",
        "_waited_s",
        "busy",
        "closed",
        "lock",
        "queue",
        "reopen",
        "ring",
    )

    def __init__(
        self,
        ring: RingWriter,
        full: FullRing,
        notify: Notify,
        kick: Callable[[], None],
    ) -> None:
        """kick: asks the link to hurry."""
        self.ring = ring
        self.lock = threading.RLock()
        self.busy = False
        self.closed = False
        self.queue: deque[bytes] = deque()
        self.reopen: Callable[[], RingWriter] | None = None
        self._full = full
        self._notify = notify
        self._kick = kick
        self._link_threads: set[int] = set()
        self._gap = 0
        self._dropped = 0
        self._queue_dropped = 0
        self._overflowed = 0
        self._wait_count = 0
        self._waited_s = 0.0
        self._stuck = False

    @property
    def counts(self) -> SpoolCounts:
        return SpoolCounts(
            self._dropped + self._queue_dropped,
            self._wait_count,
            self._waited_s,
            self._overflowed,
        )

    def append(self, payload: bytes) -> None:
        """Append one record (not an empty one). May wait for room, never for a server."""
        assert payload
        if threading.get_ident() in self._link_threads:
            # It must not wait: it is what makes room.
            if not self.lock.acquire(blocking=False):
                self._queue(payload)
                return
        else:
            self.lock.acquire()
        try:
            if self.busy:
                self._queue(payload)
                return
            self.busy = True
            try:
                self._store(payload)
            finally:
                self.busy = False
            if self.queue:
                self.append_queued()
        finally:
            self.lock.release()

    def append_queued(self) -> None:
        """Append what came in while another append was going on."""
        with self.lock:
            if self.busy:
                return
            self.busy = True
            try:
                while self.queue:
                    self._store(self.queue.popleft())
            finally:
                self.busy = False

    def join_link_thread(self) -> None:
        """Called by a thread that moves records to core: its appends never wait."""
        self._link_threads.add(threading.get_ident())

    def close(self) -> None:
        """Let go of the ring; later appends are dropped."""
        with self.lock:
            self.closed = True
            self.ring.close()

    def forget_in_child(self, reopen: Callable[[], RingWriter]) -> None:
        """Right after a fork: the parent's lock may be held for ever, its ring lives.

        reopen: makes the child's own ring, at its first record.
        """
        self.ring.abandon()
        self.reopen = reopen
        self.lock = threading.RLock()
        self.queue = deque()
        self.busy = self._stuck = False
        self._link_threads = set()
        self._gap = self._dropped = self._queue_dropped = self._overflowed = 0

    def _queue(self, payload: bytes) -> None:
        if len(self.queue) < QUEUED_RECORDS_MAX:
            self.queue.append(payload)
        else:
            self._queue_dropped += 1

    def _store(self, payload: bytes) -> None:
        if self.closed:
            self._dropped += 1
            return
        if self.reopen is not None:
            reopen, self.reopen = self.reopen, None
            self.ring = reopen()
        if len(payload) > RECORD_BYTES_MAX:
            self._drop(f"a record of {len(payload):,} bytes is over the limit")
            return
        if self._gap and self._place(encode_gap(self._gap, "no space for records")):
            self._gap = 0
        if not self._place(payload):
            self._drop("no space: the ring is full, and no directory takes its records")

    def _place(self, payload: bytes) -> bool:
        ring = self.ring
        if ring.overflowing and 2 * ring.used_bytes > ring.capacity:
            return self._overflow(payload)
        if ring.append(payload):
            self._after_append(ring)
            return True
        return self._place_in_full(payload)

    def _after_append(self, ring: RingWriter) -> None:
        """Seen at every quarter of the ring, and for every record not from log()."""
        ring.end_overflow()
        self._stuck = False
        if 4 * ring.used_bytes > ring.capacity:
            self._kick()

    def _place_in_full(self, payload: bytes) -> bool:
        ring, choice = self.ring, self._full.choice
        fits_later = len(payload) <= ring.capacity // 8
        in_link = threading.get_ident() in self._link_threads
        may_wait = fits_later and not self._stuck and not in_link
        if fits_later and choice == "drop":
            return False
        if may_wait and not ring.overflowing and self._wait_for_room(payload):
            return True
        return self._overflow(payload)

    def _overflow(self, payload: bytes) -> bool:
        if not self.ring.append_overflow(payload):
            self._stuck = True
            return False
        self._overflowed += 1
        self._stuck = False
        return True

    def _wait_for_room(self, payload: bytes) -> bool:
        """Wait while records are taken from the ring; False after 5 s without."""
        ring = self.ring
        self._wait_count += 1
        began = moved_at = time.monotonic()
        seen, pause_s = ring.used_bytes, _WAIT_S_MIN
        try:
            while True:
                self._kick()
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _WAIT_S_MAX)
                if ring.append(payload):
                    return True
                now, used = time.monotonic(), ring.used_bytes
                if used != seen:
                    seen, moved_at = used, now
                patient = self._full.choice == "wait"
                if not patient and now - moved_at > self._full.wait_s:
                    return False
        finally:
            self._waited_s += time.monotonic() - began

    def _drop(self, reason: str) -> None:
        self._gap += 1
        self._dropped += 1
        if self._dropped == 1:
            self._notify(
                "error",
                f"Data of this run were dropped ({reason}). Training goes on; the run "
                "is marked where data are missing.",
            )
