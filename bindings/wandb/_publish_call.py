"""One Publish call: what the ring gets goes to core, acknowledgements come back.

```
 read ─► send ─► somebody waits, or much was logged? ─► again
  ▲               └ else: take the answers, linger ───┐
  └────────────────────────────────────────────────────┘
```

One thread does all of it. It waits for an answer only while one is due.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wandb_proto.ring import RingReader
from wandb_proto.ring_reader import Batch

from wandb._core_calls import Call, CallError, Code
from wandb._spool import Notify

if TYPE_CHECKING:
    from wandb_proto.v1 import core_service_pb2 as service

    from wandb._remote_files import Carrier

LINGER_S = 2.0
"""A message costs the training process half a millisecond, whatever is in it, and takes
the GIL five times; the ring keeps records safe meanwhile."""
LINGER_S_MIN = 0.1
LINGER_RECORDS = 2000
"""Who logs more than so many in LINGER_S is not kept waiting for core at the end."""
QUESTION_AFTER_S = 2.0
"""A process that logs nothing asks so often for what core has to say."""
UNANSWERED_MAX = 4
"""Full batches on their way at once."""
WAITING_MAX = 1000
"""With so many records waiting, the next batch follows at once."""
ANSWER_LOOK_S = 0.25
"""How often somebody who is in a hurry is looked for while an answer is due."""
ANSWER_DELAY_S = 0.1
"""An answer takes 30 ms and comes in pieces; after so long one look finds all."""
FILES_LOOK_S = 0.02


class PublishCall:
    """Serves one connection to its end, in the thread that runs it."""

    def __init__(
        self,
        call: Call,
        opening: Any,
        reader: RingReader,
        heard: Callable[["service.BatchAck"], None],
        notify: Notify,
        kick: threading.Event,
        closing: threading.Event,
        carrier: "Carrier | None",
        *,
        by_frames: bool,
    ) -> None:
        """opening: the StreamOpening; heard: told each acknowledgement.

        kick: set by who is in a hurry; closing: set when nothing more is appended.
        by_frames: records may go as they stand in the ring, unseen.
        """
        from wandb_proto.v1 import core_service_pb2 as pb

        self._pb = pb
        self._call = call
        self._opening = opening
        self._reader = reader
        self._heard = heard
        self._notify = notify
        self._kick = kick
        self._closing = closing
        self._carrier = carrier
        self._by_frames = by_frames
        self._cancelled = False
        self._sent_ends: deque[int] = deque()
        self._asked_for_news = False
        self._sent_at = self._lingered_at = time.monotonic()
        self._sent_count = 0
        """Since the last lingering."""
        self._linger_s = LINGER_S

    def run(self) -> None:
        """Return when all was sent and acknowledged, after `closing`, or cancelled.

        Raises:
            CallError: the connection is lost, or core refuses what was sent.
        """
        try:
            while not self._cancelled:
                count = self._send_waiting()
                if not count and self._closing.is_set():
                    return self._end()
                if not count:
                    self._ask_if_quiet()
                if max(count, self._reader.unread_count) < WAITING_MAX:
                    self._linger()
                else:
                    self._hold_back()
        finally:
            self._call.close()

    def cancel(self) -> None:
        """From another thread: `run` ends, at the latest with a `CallError`."""
        self._cancelled = True
        self._call.cancel()

    def leave_to_parent(self) -> None:
        """In a forked child: the connection is the parent's alone."""
        self._call.leave_to_parent()

    def _send_waiting(self) -> int:
        """Send what is in the ring, or a batch of it.

        Returns 0 if there was nothing, else how many were taken one by one (1 for
        frames: those are all there were). Behind a full batch there are more.
        """
        frames = self._reader.read_frames() if self._by_frames else None
        if frames is not None:
            self._send(
                frames.first_sequence, frames.next_sequence, frames=frames.frames
            )
            return 1
        batch = self._reader.read()
        if damages := self._reader.take_damages():
            count = sum(damage.record_count for damage in damages)
            self._notify("error", f"{count} records in the spool were unreadable.")
        if batch is None:
            return 0
        for number, part in enumerate(self._parts(batch)):
            if number and not self._files_are_there():
                break
            self._send(part.first_sequence, part.next_sequence, records=part.records)
        return len(batch.records)

    def _parts(self, batch: Batch) -> list[Batch]:
        if self._carrier is None:
            return [batch]
        return list(_around_exit(batch, self._carrier.note(batch)))

    def _send(self, first_sequence: int, next_sequence: int, **content: Any) -> None:
        self._sent_ends.append(next_sequence)
        message = self._pb.RecordBatch(
            opening=self._opening, first_sequence=first_sequence, **content
        )
        self._call.send(message)
        self._opening = None
        self._sent_at = time.monotonic()
        self._sent_count += next_sequence - first_sequence

    def _ask_if_quiet(self) -> None:
        is_quiet = time.monotonic() - self._sent_at > QUESTION_AFTER_S
        if is_quiet and self._opening is None and not self._is_answer_due():
            self._asked_for_news = True
            self._call.send(self._pb.RecordBatch())
            self._sent_at = time.monotonic()

    def _end(self) -> None:
        if self._opening is not None and self._carrier is not None:
            self._call.send(self._pb.RecordBatch(opening=self._opening))
        if not self._files_are_there():
            return
        self._call.end()
        while (ack := self._call.receive()) is not None:
            self._heard(ack)

    def _hold_back(self) -> None:
        """Wait where too much is on its way."""
        self._take_answers(0.0)
        while len(self._sent_ends) >= UNANSWERED_MAX and not self._cancelled:
            self._take_answers(ANSWER_LOOK_S)

    def _linger(self) -> None:
        """Until it is time for the next batch."""
        now = time.monotonic()
        if self._sent_count:
            wanted_s = LINGER_RECORDS * (now - self._lingered_at) / self._sent_count
            self._linger_s = min(LINGER_S, max(LINGER_S_MIN, wanted_s))
            self._sent_count, self._lingered_at = 0, now
        until = now + self._linger_s
        if self._is_answer_due() and self._kick.wait(ANSWER_DELAY_S):
            self._kick.clear()
        while self._is_answer_due() and not self._cancelled:
            left_s = max(0.0, until - time.monotonic())
            self._take_answers(min(left_s, ANSWER_LOOK_S))
            if not left_s or self._kick.is_set():
                break
        self._kick.wait(max(0.0, until - time.monotonic()))
        self._kick.clear()

    def _take_answers(self, wait_s: float) -> None:
        """Take what core says, for wait_s at most while an answer is due."""
        until = time.monotonic() + wait_s
        while self._is_answer_due():
            if not self._take_answer(max(0.0, until - time.monotonic())):
                return

    def _take_answer(self, wait_s: float) -> bool:
        """Take one; False: there was none."""
        try:
            ack = self._call.receive(wait_s)
        except TimeoutError:
            return False
        if ack is None:
            raise CallError(Code.UNAVAILABLE, "core ended the stream")
        self._asked_for_news = False
        self._heard(ack)
        while self._sent_ends and self._sent_ends[0] <= ack.next_sequence:
            self._sent_ends.popleft()
        return True

    def _is_answer_due(self) -> bool:
        return self._asked_for_news or bool(self._sent_ends)

    def _files_are_there(self) -> bool:
        """Wait until core has all files of the run; False if the call is cancelled."""
        if self._carrier is None:
            return True
        self._carrier.end()
        while not self._carrier.is_done(closing=True):
            if self._cancelled:
                return False
            self._take_answer(FILES_LOOK_S)
        return True


def _around_exit(batch: Batch, count: int) -> Iterator[Batch]:
    """The batch, cut where the run's end begins; then the first part may be empty."""
    if count == len(batch.records):
        yield batch
        return
    yield Batch(batch.first_sequence, batch.records[:count])
    yield Batch(batch.first_sequence + count, batch.records[count:])
