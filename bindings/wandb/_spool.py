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

from wandb._device_values import HeldRecord, Settler
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
        "_queue_lost",
        "_settler",
        "_stuck",
        "_wait_count",
        "_waited_s",
        "_waiting",
        "busy",
        "closed",
        "held",
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
        self.held: HeldRecord | None = None
        """A record that comes before all others, and cannot be stored yet."""
        self._settler: Settler | None = None
        self._full = full
        self._notify = notify
        self._kick = kick
        self._link_threads: set[int] = set()
        self._gap = 0
        self._dropped = 0
        self._queue_lost = 0
        self._overflowed = 0
        self._wait_count = 0
        self._waited_s = 0.0
        self._waiting: set[int] = set()
        self._stuck = False

    @property
    def counts(self) -> SpoolCounts:
        return SpoolCounts(
            self._dropped + self._queue_lost,
            self._wait_count,
            self._waited_s,
            self._overflowed,
        )

    def append(self, payload: bytes, *, ordered: bool = True) -> None:
        """Append one record, not an empty one. May wait for room, not for a server.

        ordered: whether it must stand behind a record that is held; then it waits for
            that record's values, which an accelerator is about to copy here.
        """
        assert payload
        if ordered and self.held is not None and not self._settle_first(payload):
            return
        if threading.get_ident() in self._waiting:
            # A signal handler inside a wait of the same thread: not a second wait.
            self._append_now(payload, False)
            return
        self._until_stored(lambda may_wait: self._append_now(payload, may_wait))
        if self.queue:
            self.append_queued()

    def hold(self, held: HeldRecord) -> None:
        """Keep a place for a record whose values are on their way.

        The fast path must not pass by: it finds no room until the record is stored.
        """
        self.settle()
        with self.lock:
            self.held = held
            self.ring.limit = 0
            if self._settler is None:
                self._settler = Settler(self.settle)
        if held.is_ready():
            self.settle()
        else:
            self._settler.watch(held)

    def settle(self) -> None:
        """Store the record that is held, if there is one; waits for its values."""
        held = self.held
        if held is not None:
            payload = held.payload()
            self._until_stored(lambda may: self._settle_now(held, payload, may))

    def append_queued(self) -> None:
        """Append what came in while another append was going on."""
        if self.held is not None:
            if threading.get_ident() in self._link_threads:
                return  # it must not wait; what is queued stands behind the held one
            self.settle()
        if threading.get_ident() not in self._waiting:
            self._until_stored(self._append_queued_now)

    def refuse(self, byte_count: int) -> None:
        """Drop one value that no record can hold."""
        with self.lock:
            self._drop(
                f"one value of {byte_count:,} bytes; the limit is "
                f"{RECORD_BYTES_MAX:,}: store such data as a file"
            )

    def join_link_thread(self) -> None:
        """Called by a thread that moves records to core: its appends never wait."""
        self._link_threads.add(threading.get_ident())

    def close(self) -> None:
        """Let go of the ring; later appends are dropped."""
        self.settle()
        with self.lock:
            self.closed = True
            self.ring.close()
        if self._settler is not None:
            self._settler.close()

    def forget_in_child(self, reopen: Callable[[], RingWriter]) -> None:
        """Right after a fork: the parent's lock may be held for ever, its ring lives.

        reopen: makes the child's own ring, at its first record.
        """
        self.ring.abandon()
        self.reopen = reopen
        self.lock = threading.RLock()
        self.queue = deque()
        self.held = self._settler = None  # the parent stores it
        self.busy = self._stuck = False
        self._link_threads = set()
        self._waiting = set()
        self._gap = self._dropped = self._queue_lost = self._overflowed = 0

    def _settle_first(self, payload: bytes) -> bool:
        """Store the held record; False where the payload had to be queued instead.

        A thread of the link must not wait: it is what makes room.
        """
        held = self.held
        is_link = threading.get_ident() in self._link_threads
        if is_link and held is not None and not held.is_ready():
            with self.lock:
                self._queue(payload)
            return False
        self.settle()
        return True

    def _settle_now(self, held: HeldRecord, payload: bytes, may_wait: bool) -> bool:
        """False if there is no room and waiting may help."""
        with self.lock:
            if self.held is not held or self.busy:
                return True
            self.busy = True
            try:
                stored = self._store(payload, may_wait)
                if stored:
                    self.held = None
                return stored
            finally:
                self.busy = False

    def _append_now(self, payload: bytes, may_wait: bool) -> bool:
        """False if there is no room and waiting may help."""
        with self.lock:
            if self.busy:  # a signal handler or finaliser inside an append
                self._queue(payload)
                return True
            self.busy = True
            try:
                return self._store(payload, may_wait)
            finally:
                self.busy = False

    def _append_queued_now(self, may_wait: bool) -> bool:
        with self.lock:
            if self.busy:
                return True
            self.busy = True
            try:
                if self._queue_lost:
                    lost, self._queue_lost = self._queue_lost, 0
                    self._drop("too many records of signal handlers", lost)
                while self.queue:
                    if not self._store(self.queue[0], may_wait):
                        return False
                    self.queue.popleft()
                return True
            finally:
                self.busy = False

    def _until_stored(self, attempt: Callable[[bool], bool]) -> None:
        """Try again and again, waiting without the lock: others must be able to go on.

        `attempt(False)` is the last one: it must not ask for another.
        """
        me = threading.get_ident()
        # A thread of the link must not wait: it is what makes room.
        if attempt(me not in self._link_threads):
            return
        began = moved_at = time.monotonic()
        seen, pause_s, may_wait = self.ring.used_bytes, _WAIT_S_MIN, True
        self._wait_count += 1
        self._waiting.add(me)
        try:
            while not attempt(may_wait):
                self._kick()
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, _WAIT_S_MAX)
                now, used = time.monotonic(), self.ring.used_bytes
                if used != seen:
                    seen, moved_at = used, now
                idle = now - moved_at > self._full.wait_s
                may_wait = not idle or self._full.choice == "wait"
        finally:
            self._waiting.discard(me)
            self._waited_s += time.monotonic() - began

    def _queue(self, payload: bytes) -> None:
        if len(self.queue) < QUEUED_RECORDS_MAX:
            self.queue.append(payload)
        else:
            self._queue_lost += 1

    def _store(self, payload: bytes, may_wait: bool) -> bool:
        """False if there is no room and waiting may help; else stored or dropped."""
        if self.closed:
            self._dropped += 1
            return True
        if self.reopen is not None:
            reopen, self.reopen = self.reopen, None
            self.ring = reopen()
        if len(payload) > RECORD_BYTES_MAX:
            self.refuse(len(payload))
            return True
        if self._gap:
            self._store_gap()
        if self._place(payload):
            return True
        if may_wait and self._waiting_helps(payload):
            return False
        if not self._overflow(payload):
            self._drop("no space: the ring is full, and no directory takes its records")
        return True

    def _store_gap(self) -> None:
        gap = encode_gap(self._gap, "no space for records")
        if self._place(gap) or (not self._waiting_helps(gap) and self._overflow(gap)):
            self._gap = 0

    def _place(self, payload: bytes) -> bool:
        """Put it where the last one went, if that still takes records."""
        ring = self.ring
        stored = self._place_in(ring, payload)
        if self.held is not None:
            ring.limit = 0  # the fast path must not pass it by
        return stored

    def _place_in(self, ring: RingWriter, payload: bytes) -> bool:
        if ring.overflowing and 2 * ring.used_bytes > ring.capacity:
            return self._overflow(payload)
        if not ring.append(payload):
            return ring.overflowing and self._overflow(payload)
        ring.end_overflow()
        self._stuck = False
        if 4 * ring.used_bytes > ring.capacity:
            self._kick()
        return True

    def _waiting_helps(self, payload: bytes) -> bool:
        fits_later = len(payload) <= self.ring.capacity // 8
        return fits_later and not self._stuck and self._full.choice != "drop"

    def _overflow(self, payload: bytes) -> bool:
        fits_later = len(payload) <= self.ring.capacity // 8
        if fits_later and self._full.choice == "drop":
            return False
        if not self.ring.append_overflow(payload):
            self._stuck = True
            return False
        self._overflowed += 1
        self._stuck = False
        return True

    def _drop(self, reason: str, count: int = 1) -> None:
        self._gap += count
        self._dropped += count
        if self._dropped == count:
            self._notify(
                "error",
                f"Data of this run were dropped ({reason}). Training goes on; the run "
                "is marked where data are missing.",
            )
