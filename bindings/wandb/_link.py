"""The background half of a stream: moves records from the ring to core.

```
  ring ──► batches ══════════ Publish ══════════► core: in the log
   ▲                                               │
   └── release ◄──────── acknowledgements ◄────────┘
```

One thread per stream, started with it, does both (`_publish_call`); a process has one
stream nearly always.
Core may be missing, slow, stopped or restarted at any time: the link connects again,
starting core if its lock is free, and sends from the tail on what was not acknowledged.
Core drops what it has already.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from wandb_proto import PROTOCOL_VERSION, VERSION
from wandb_proto.build import build_id
from wandb_proto.core_place import CoreAddress
from wandb_proto.ring import RingReader

from wandb._core_calls import CallError, Code, CoreCalls
from wandb._launcher import CoreUnavailable
from wandb._publish_call import PublishCall
from wandb._publisher import Publisher
from wandb._spool import Notify

if TYPE_CHECKING:
    from wandb_proto.v1 import core_service_pb2 as pb

    from wandb._remote_files import Carrier

_log = logging.getLogger(__name__)

WORK_LOOK_S = 2.0
"""How often a link that has nothing to send looks whether there is something."""
FIRST_LOOK_S = 0.05
"""The first records of a run go at once: core samples the machine from then on."""
RETRY_S_MIN, RETRY_S_MAX = 0.05, 5.0
TROUBLE_TOLD_AFTER_S = 15.0
HANDSHAKE_WAIT_S = 10.0
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
        self._was_connected = False
        self._call: PublishCall | None = None
        self._calls: CoreCalls | None = None
        self._sends_frames = not publisher.carries_files
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
            self._kick.wait(WORK_LOOK_S if self._was_connected else FIRST_LOOK_S)
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
        self._reader.rewind()
        self._calls = calls
        self._was_connected = True
        if self._carrier is not None:
            self._carrier.connect(calls)
        self._connected.set()
        self._call = PublishCall(
            calls.call("Publish"),
            self._publisher.opening(pb),
            self._reader,
            lambda ack: self._take(pb, ack),
            self._notify,
            self._kick,
            self._closing,
            self._carrier,
            by_frames=self._sends_frames,
        )
        if self._aborted:
            self._call.cancel()
        self._call.run()

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

    def _new_carrier(self) -> "Carrier":
        from wandb_proto.v1 import core_service_pb2 as pb

        from wandb._remote_files import Carrier

        known = self._publisher
        run = pb.RunRef(run_id=known.run_id, log_path=known.log_path)
        return Carrier(self._reader, run, self._notify, self._on_thread)

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
        call, self._call = self._call, None
        if call is not None:
            call.cancel()

    def _has_unreleased(self) -> bool:
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
