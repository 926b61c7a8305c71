"""The background half of a stream: moves records from the ring to core.

```
  ring ──► batches ══════════ Publish ══════════► core: in the log
   ▲                                               │
   └── release ◄──────── acknowledgements ◄────────┘
```

One thread per stream, started with it, does both; a process has one stream nearly
always. It waits for an acknowledgement only while one is on its way.
Core may be missing, slow, stopped or restarted at any time: the link connects again,
starting core if its lock is free, and sends from the tail on what was not acknowledged.
Core drops what it has already.
"""

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.build import build_id
from wandb_proto.core_place import CoreAddress
from wandb_proto.ring import RingReader
from wandb_proto.ring_reader import Batch

from wandb._core_calls import Call, CallError, Code, CoreCalls
from wandb._launcher import CoreUnavailable
from wandb._publisher import Publisher
from wandb._spool import Notify

if TYPE_CHECKING:
    from wandb_proto.v1 import core_service_pb2 as pb

    from wandb._remote_files import Carrier

_log = logging.getLogger(__name__)

LINGER_S = 2.0
"""A message costs the training process half a millisecond, whatever is in it, and takes
the GIL five times; the ring keeps records safe meanwhile."""
FIRST_LOOK_S = 0.05
"""The first records of a run go at once: core samples the machine from then on."""
QUESTION_AFTER_S = 2.0
"""A process that logs nothing asks so often for what core has to say."""
RETRY_S_MIN, RETRY_S_MAX = 0.05, 5.0
TROUBLE_TOLD_AFTER_S = 15.0
HANDSHAKE_WAIT_S = 10.0
UNANSWERED_MAX = 4
"""Full batches on their way at once."""
LINGER_S_MIN = 0.1
LINGER_RECORDS = 2000
"""Who logs more than so many in LINGER_S is not kept waiting for core at the end."""
WAITING_MAX = 1000
"""With so many records waiting, the next batch follows at once."""
ANSWER_LOOK_S = 0.25
"""How often a link that waits for an answer looks whether somebody is in a hurry."""
ANSWER_DELAY_S = 0.1
"""An answer takes 30 ms and comes in pieces; after so long one look finds all."""
FLUSH_LOOK_S = 0.02
"""How often a flush looks by itself: a signal handler may share its thread's event."""
STOP_WAIT_S = 30.0

_QUESTIONS = {
    "start_run": "StartRun",
    "get_summary": "GetSummary",
    "finish_run": "FinishRun",
    "artifact_outcome": "ArtifactOutcome",
}


class WrongCore(CoreUnavailable):
    """Who answers is not the core that we trust, or does not trust us."""


class Connector:
    """Where core is, and how to get another: what the launcher offers to a link."""

    def __init__(
        self,
        ensure: Callable[[], CoreAddress],
        wait_until_gone: Callable[[float], bool],
    ) -> None:
        self.ensure = ensure
        self.wait_until_gone = wait_until_gone


class Link:
    """Moves one stream's records to core, and asks it questions."""

    def __init__(
        self,
        reader: RingReader,
        publisher: Publisher,
        connector: Connector,
        notify: Notify,
        on_thread: Callable[[], None] = lambda: None,
    ) -> None:
        """on_thread: called in each thread of the link before it does anything."""
        self.stop_requested = False
        self._reader = reader
        self._publisher = publisher
        self._connector = connector
        self._notify = notify
        self._on_thread = on_thread
        self._kick = threading.Event()
        self._connected = threading.Event()
        self._moved = threading.Event()
        self._closing = threading.Event()
        self._aborted = False
        self._asked = 0
        self._reading = threading.Lock()
        self._session = 0
        self._call: Call | None = None
        self._calls: CoreCalls | None = None
        self._sent_ends: deque[int] = deque()
        self._sends_frames = not publisher.carries_files
        self._linger_s = LINGER_S
        self._lingered_at = 0.0
        self._asked_for_news = False
        self._carrier = self._new_carrier() if publisher.carries_files else None
        self._troubled_at = 0.0
        self._trouble_told = False
        self._thread = threading.Thread(
            target=self._run, name=f"wandb-link-{publisher.stream_id[:8]}", daemon=True
        )

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    @property
    def moved(self) -> int:
        """Grows while files get on to a core on another host."""
        return self._carrier.moved if self._carrier is not None else 0

    def kick(self) -> None:
        """Send what is there now, without waiting for more."""
        self._kick.set()

    def flush(self, end: int, timeout_s: float) -> bool:
        """Wait until core has acknowledged every record below `end`."""
        deadline = time.monotonic() + timeout_s
        while self._reader.tail_sequence < end:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._thread.is_alive():
                return self._reader.tail_sequence >= end
            self._moved.clear()
            self._kick.set()
            if self._reader.tail_sequence < end:
                self._moved.wait(min(left_s, FLUSH_LOOK_S))
        return True

    def ask(self, method: str, request: Any, timeout_s: float) -> Any:
        """One question, asked again if core is restarted meanwhile.

        Raises:
            CoreUnavailable: no answer within timeout_s, or core refuses it.
        """
        name = _QUESTIONS[method]
        request.run.log_path = self._publisher.log_path
        deadline = time.monotonic() + timeout_s
        self._asked += 1
        try:
            while (left_s := deadline - time.monotonic()) > 0:
                self._kick.set()
                if not self._connected.wait(min(left_s, 0.25)):
                    continue
                if (calls := self._calls) is None:
                    continue
                try:
                    return calls.ask(name, request, left_s)
                except CallError as error:
                    if not error.is_passing:
                        raise CoreUnavailable(f"core refused: {error}") from error
                    self._connected.clear()
                    time.sleep(min(RETRY_S_MIN, max(0.0, left_s)))
        finally:
            self._asked -= 1
        raise CoreUnavailable(f"core did not answer {method} within {timeout_s:.0f} s")

    def close(self, wait_s: float) -> bool:
        """Send the rest, then stop; False if core has not taken all in time."""
        self._closing.set()
        self._kick.set()
        self._thread.join(wait_s)
        self._aborted = True
        self._end_session()
        self._kick.set()
        self._thread.join(1.0)
        is_done = not self._thread.is_alive() and not self._has_unreleased()
        if self._carrier is not None:
            self._carrier.stop(is_done=is_done)
        return is_done

    def leave_to_parent(self) -> None:
        """In a forked child: the connection is the parent's alone."""
        if (call := self._call) is not None:
            call.leave_to_parent()

    # ---- the link's thread

    def _run(self) -> None:
        self._on_thread()
        from wandb_proto.v1 import core_service_pb2 as pb

        delay_s = RETRY_S_MIN
        while not self._aborted and self._wait_for_work():
            moved_from = self._reader.tail_sequence
            try:
                self._serve(pb)
                self._trouble_told, self._troubled_at = False, 0.0
            except (CoreUnavailable, CallError, OSError, ValueError) as error:
                # Frames are sent unseen; one by one, damaged records are stepped over.
                if isinstance(error, CallError) and error.code == Code.DATA_LOSS:
                    self._sends_frames = False
                self._note_trouble(error)
            finally:
                self._end_session()
            progress = self._reader.tail_sequence > moved_from
            delay_s = RETRY_S_MIN if progress else min(2 * delay_s, RETRY_S_MAX)
            if not self._has_unreleased() and self._closing.is_set():
                return
            self._pause(random.uniform(0, delay_s))

    def _wait_for_work(self) -> bool:
        """True when there is something to send or to ask; False when it is over."""
        while not self._aborted:
            if self._has_unreleased() or self._asked:
                return True
            if self._closing.is_set():
                return False
            self._kick.wait(LINGER_S if self._session else FIRST_LOOK_S)
            self._kick.clear()
        return False

    def _pause(self, delay_s: float) -> None:
        """Wait before the next try; only closing cuts it short."""
        if self._closing.is_set():
            time.sleep(min(delay_s, 0.2))
        else:
            self._closing.wait(delay_s)

    def _serve(self, pb: Any) -> None:
        """One connection, from its beginning to its end."""
        address = self._connector.ensure()
        calls = CoreCalls(address)
        if not self._shake_hands(pb, calls, address):
            return
        with self._reading:
            self._session += 1
            session = self._session
            self._reader.rewind()
        self._sent_ends.clear()
        self._asked_for_news = False
        self._calls = calls
        if self._carrier is not None:
            self._carrier.connect(calls)
        self._connected.set()
        call = self._call = calls.call("Publish")
        try:
            if self._aborted:
                return
            for message in self._batches(pb, call, session):
                call.send(message)
            call.end()
            while not self._aborted and (ack := call.receive()) is not None:
                self._take(pb, ack)
        finally:
            call.close()

    def _take_answers(self, pb: Any, call: Call, wait_s: float) -> None:
        """Take what core says, for wait_s at most while an answer is due.

        Raises:
            CallError: core has ended the call.
        """
        until = time.monotonic() + wait_s
        while self._is_answer_due():
            if not self._take_answer(pb, call, max(0.0, until - time.monotonic())):
                return

    def _take_answer(self, pb: Any, call: Call, wait_s: float) -> bool:
        """Take one; False: there was none. Raises as above."""
        try:
            ack = call.receive(wait_s)
        except TimeoutError:
            return False
        if ack is None:
            raise CallError(Code.UNAVAILABLE, "core ended the stream")
        self._asked_for_news = False
        self._take(pb, ack)
        while self._sent_ends and self._sent_ends[0] <= ack.next_sequence:
            self._sent_ends.popleft()
        return True

    def _is_answer_due(self) -> bool:
        return self._asked_for_news or bool(self._sent_ends)

    def _shake_hands(self, pb: Any, calls: CoreCalls, address: CoreAddress) -> bool:
        """False: the core of another version was asked to make room for ours."""
        ours = pb.HandshakeRequest(
            protocol=PROTOCOL_VERSION, version=VERSION, build=build_id()
        )
        try:
            theirs = calls.ask("Handshake", ours, HANDSHAKE_WAIT_S)
        except CallError as error:
            if address.certificate and error.code == Code.UNAUTHENTICATED:
                text = f"core at {address.address} refuses us: {error}"
                raise WrongCore(text) from error
            raise
        if theirs.protocol == PROTOCOL_VERSION:
            return True
        if address.certificate:
            raise WrongCore(
                f"core at {address.address} is version {theirs.version}, this is "
                f"{VERSION}: install the same on both hosts"
            )
        self._notify(
            "warning",
            f"The running core daemon is version {theirs.version}, this is {VERSION}: "
            "it is asked to finish and is replaced.",
        )
        calls.ask("Stop", pb.StopRequest(), HANDSHAKE_WAIT_S)
        if not self._connector.wait_until_gone(STOP_WAIT_S):
            raise CoreUnavailable(
                f"core {theirs.version} (pid {address.pid}) does not stop; "
                "run: wandb core stop"
            )
        return False

    def _batches(self, pb: Any, call: Call, session: int) -> Iterator[Any]:
        """What is sent in one connection; takes answers between."""
        opening: Any = self._publisher.opening(pb)
        sent_at = time.monotonic()
        while self._session == session:
            frames = batch = None
            with self._reading:
                if self._session == session and self._sends_frames:
                    frames = self._reader.read_frames()
                if self._session == session and frames is None:
                    batch = self._reader.read()
                damages = self._reader.take_damages()
            if damages:
                count = sum(damage.record_count for damage in damages)
                self._notify("error", f"{count} records in the spool were unreadable.")
            if frames is not None:
                self._sent_ends.append(frames.next_sequence)
                yield pb.RecordBatch(
                    opening=opening,
                    first_sequence=frames.first_sequence,
                    frames=frames.frames,
                )
                opening = None
                sent_at = time.monotonic()
            elif batch is not None:
                parts = [batch]
                if self._carrier is not None:
                    parts = list(_around_exit(batch, self._carrier.note(batch)))
                for number, part in enumerate(parts):
                    if number and not self._files_are_there(pb, call, session):
                        return
                    self._sent_ends.append(part.first_sequence + len(part.records))
                    yield pb.RecordBatch(
                        opening=opening,
                        first_sequence=part.first_sequence,
                        records=part.records,
                    )
                    opening = None
                sent_at = time.monotonic()
            elif self._closing.is_set():
                if opening is not None and self._carrier is not None:
                    yield pb.RecordBatch(opening=opening)
                self._files_are_there(pb, call, session)
                return
            elif (
                opening is None
                and not self._is_answer_due()
                and time.monotonic() - sent_at > QUESTION_AFTER_S
            ):
                self._asked_for_news = True
                yield pb.RecordBatch()
                sent_at = time.monotonic()
            taken = len(batch.records) if batch is not None else 0
            if max(taken, self._reader.unread_count) < WAITING_MAX:
                if frames is not None:
                    taken = frames.next_sequence - frames.first_sequence
                self._linger(pb, call, session, taken)
            else:
                self._take_answers(pb, call, 0.0)
                while len(self._sent_ends) >= UNANSWERED_MAX:
                    if self._session != session:
                        return
                    self._take_answers(pb, call, ANSWER_LOOK_S)

    def _linger(self, pb: Any, call: Call, session: int, sent: int) -> None:
        """Until it is time for the next batch; `sent`: how many were in this one."""
        now = time.monotonic()
        if sent:
            wanted_s = LINGER_RECORDS * (now - self._lingered_at) / sent
            self._linger_s = min(LINGER_S, max(LINGER_S_MIN, wanted_s))
        self._lingered_at, until = now, now + self._linger_s
        if self._is_answer_due() and self._kick.wait(ANSWER_DELAY_S):
            self._kick.clear()
        while self._is_answer_due() and self._session == session:
            left_s = max(0.0, until - time.monotonic())
            self._take_answers(pb, call, min(left_s, ANSWER_LOOK_S))
            if not left_s or self._kick.is_set():
                break
        self._kick.wait(max(0.0, until - time.monotonic()))
        self._kick.clear()

    def _new_carrier(self) -> "Carrier":
        from wandb_proto.v1 import core_service_pb2 as pb

        from wandb._remote_files import Carrier

        known = self._publisher
        run = pb.RunRef(run_id=known.run_id, log_path=known.log_path)
        return Carrier(self._reader, run, self._notify, self._on_thread)

    def _files_are_there(self, pb: Any, call: Call, session: int) -> bool:
        """Wait until core has all files of the run; False if the connection ends."""
        carrier = self._carrier
        if carrier is None:
            return True
        carrier.end()
        while not carrier.is_done(closing=True):
            if self._session != session:
                return False
            self._take_answer(pb, call, FLUSH_LOOK_S)
        return True

    def _take(self, pb: Any, ack: "pb.BatchAck") -> None:
        self._reader.release(ack.next_sequence)
        if self._carrier is not None:
            self._carrier.note_acknowledged(ack.next_sequence)
        self._moved.set()
        if ack.stop_requested and not self.stop_requested:
            self.stop_requested = True
            self._notify("stop", "The run was asked to stop from its page.")
        names = {
            pb.Notice.INFO: "info",
            pb.Notice.WARNING: "warning",
            pb.Notice.ERROR: "error",
            pb.Notice.FATAL: "fatal",
        }
        for notice in ack.notices:
            self._notify(names.get(notice.level, "info"), notice.text)

    def _end_session(self) -> None:
        self._connected.clear()
        self._calls = None
        if self._carrier is not None:
            self._carrier.disconnect()
        with self._reading:
            self._session += 1
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _has_unreleased(self) -> bool:
        with self._reading:
            if self._reader.has_unreleased():
                return True
        carrier = self._carrier
        return carrier is not None and not carrier.is_done(
            closing=self._closing.is_set()
        )

    def _note_trouble(self, error: Exception) -> None:
        now = time.monotonic()
        self._troubled_at = self._troubled_at or now
        _log.debug("link_lost error=%s", error)
        is_early = now - self._troubled_at < TROUBLE_TOLD_AFTER_S
        if self._trouble_told or (is_early and not isinstance(error, WrongCore)):
            return
        self._trouble_told = True
        self._notify(
            "warning",
            f"The core daemon does not take records ({error}). Nothing is lost: they "
            "wait on this machine.",
        )


def _around_exit(batch: Batch, count: int) -> Iterator[Batch]:
    """The batch, cut where the run's end begins; then the first part may be empty."""
    if count == len(batch.records):
        yield batch
        return
    yield Batch(batch.first_sequence, batch.records[:count])
    yield Batch(batch.first_sequence + count, batch.records[count:])
