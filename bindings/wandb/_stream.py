"""One process's ordered flow of records into the log of one run.

`Stream` puts `_spool` (the calling threads' half) and `_link` (the background half)
together. `Stream.log` is the whole of `run.log()` after the check whether the run is
finished: one closure, everything it needs in its cells, 1.6 µs for five floats
(benchmarks/log_overhead.py).

After a fork the child has a stream of its own, opened at its first record: another
ring, another sequence, not primary, same log. It touches nothing of its parent's.
"""

import os
import sys
import tempfile
import uuid
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_proto.places import Places
from wandb_proto.ring import RingHeader, RingReader, RingWriter
from wandb_proto.spool_place import choose_spool_dir

from wandb._encode import DataEncoder, encode_log_request
from wandb._launcher import CoreUnavailable
from wandb._link import Connector, Link
from wandb._log_call import Log, Rich, RichCalls, StepCounter, make_log
from wandb._publisher import Monitoring, Publisher
from wandb._remote_core import RemoteCore, connector_for
from wandb._spool import FULL_CHOICES, FullRing, Notify, Spool, SpoolCounts

RING_BYTES = 8 << 20
CLOSE_WAIT_S = 2.0
ASK_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """What a stream needs to know of the process's settings."""

    environ: Mapping[str, str] = field(default_factory=dict)
    """For core, if it is started."""
    api_key: str = ""
    """Only a key that the environment alone knows."""
    base_url: str = ""
    core_address: str = ""
    """Of a core on another host."""
    ring_bytes: int = RING_BYTES
    full: FullRing = field(default_factory=FullRing)
    allow_out_of_order: bool = False
    """Steps gone by are kept by core: nothing to warn of."""
    monitoring: Monitoring | None = None
    """What core is to sample for this process."""
    fallback_dir: str = field(default_factory=tempfile.gettempdir)
    """Where overflow files go if the run's directory takes none."""

    @classmethod
    def from_environment(
        cls,
        environ: Mapping[str, str],
        api_key: str = "",
        base_url: str = "",
        *,
        allow_out_of_order: bool = False,
        monitoring: Monitoring | None = None,
    ) -> "StreamSettings":
        """Raises ValueError if WANDB_FULL is none of overflow, wait and drop, or if a
        core on another host is named and its token is missing or no token.
        """
        choice = environ.get("WANDB_FULL") or "overflow"
        if choice not in FULL_CHOICES:
            allowed = ", ".join(FULL_CHOICES)
            raise ValueError(f"WANDB_FULL is {choice!r}; allowed: {allowed}")
        remote = RemoteCore.from_environment(environ)
        return cls(
            environ=environ,
            api_key=api_key,
            base_url=base_url,
            core_address=remote.address if remote else "",
            full=FullRing(choice),
            allow_out_of_order=allow_out_of_order,
            monitoring=monitoring,
        )


class Stream:
    """A run's way to core from this process: append and forget.

    `log(data, step, commit)` is the fast way for run.log(), a closure made once.
    """

    def __init__(
        self,
        ring: RingWriter,
        places: Places,
        settings: StreamSettings,
        notify: Notify,
        encoder: DataEncoder,
        connector: Connector | None,
    ) -> None:
        """Internal; use `open`."""
        self._places = places
        self._settings = settings
        environ = settings.environ
        self._connector = connector or connector_for(places, environ)
        self._notify = notify
        self._left_behind: list[Any] = []
        self._link: Link | None = None
        self._reader: RingReader | None = None
        self._steps = StepCounter()
        self._spool = Spool(ring, settings.full, notify, self._kick)
        self._rich = RichCalls()
        self.log: Log = make_log(
            self._spool, encoder, self._steps, self._refuse, self._rich
        )
        self._connect(ring)
        if settings.core_address and ring.path is not None:
            _deliver_left_rings(places, environ, str(ring.path))
        os.register_at_fork(after_in_child=_AfterFork(self))

    @classmethod
    def open(
        cls,
        run_id: str,
        log_path: str | Path,
        places: Places,
        *,
        primary: bool,
        settings: StreamSettings,
        notify: Notify = lambda level, text: None,
        connector: Connector | None = None,
    ) -> "Stream":
        """A stream with a ring of its own and its link started. Never fails.

        notify: takes (level, text) for the user; called in any thread.
        connector: how to reach core, if not by starting it (for tests).
        """
        header = _new_header(run_id, str(log_path), primary, settings)
        ring = _new_ring(header, places, settings, notify)
        encoder = DataEncoder(lambda text: notify("warning", text), refuses_rich=True)
        return cls(ring, places, settings, notify, encoder, connector)

    @property
    def stream_id(self) -> str:
        return self._spool.ring.header.stream_id

    @property
    def step(self) -> int:
        """The step that the next commit of this stream gets."""
        return self._steps.current

    @step.setter
    def step(self, number: int) -> None:
        self._steps.current = number

    @property
    def stop_requested(self) -> bool:
        """The server asks the run to stop."""
        return self._link is not None and self._link.stop_requested

    @property
    def counts(self) -> SpoolCounts:
        """Dropped records, and waits for room."""
        return self._spool.counts

    @property
    def acknowledged(self) -> int:
        """Records below this sequence are in the log: grows while core takes them."""
        return self._spool.ring.tail_sequence

    @property
    def moved(self) -> int:
        """Grows while records, or files for another host, get to core."""
        link = self._link
        return self.acknowledged + (link.moved if isinstance(link, Link) else 0)

    @property
    def appended(self) -> int:
        """Sequence of the next record."""
        return self._spool.ring.sequence

    @property
    def dropped(self) -> int:
        """How many records found no place at all."""
        return self._spool.counts.dropped

    def take_rich(self, take: Rich) -> None:
        """Set who turns calls with media into plain data."""
        self._rich.take = take

    def append(self, record_bytes: bytes, *, ordered: bool = True) -> None:
        """Spool one serialised Record. From any thread, signal handler or finaliser.

        ordered: False where it need not stand behind rows whose values an accelerator
            is still to deliver.
        """
        self._spool.append(record_bytes, ordered=ordered)

    def log_json(
        self, data_json: bytes, timestamp: float, step: int | None, commit: bool
    ) -> None:
        """Spool one run.log() call whose data are encoded already."""
        self._spool.append(encode_log_request(data_json, timestamp, step, commit))

    def flush(self, timeout_s: float) -> bool:
        """Wait until core has all of before in its log; False after the timeout."""
        self._spool.append_queued()
        link, end = self._link, self._spool.ring.sequence
        return link is not None and link.flush(end, timeout_s)

    def ask(self, method: str, request: Any, timeout_s: float | None = None) -> Any:
        """One question to core: start_run, get_summary or finish_run.

        Waits ASK_WAIT_S longer than the request asks core to wait; core is asked again
        if it is restarted meanwhile.

        Raises:
            CoreUnavailable: no answer in time.
        """
        if self._link is None:
            raise CoreUnavailable("the stream is closed")
        wait_s = getattr(request, "wait_s", 0.0) + ASK_WAIT_S
        return self._link.ask(method, request, timeout_s or wait_s)

    def close(self, wait_s: float = CLOSE_WAIT_S) -> bool:
        """Give the spool up. True: core has all of it, and it is removed.

        Else it stays where it is, its lock is free, and core takes the rest from it.
        """
        self._spool.append_queued()
        link, reader = self._link, self._reader
        self._link = self._reader = None
        drained = link is not None and link.close(wait_s)
        self._spool.close()
        if reader is not None and drained:
            reader.discard()
        return drained

    def _kick(self) -> None:
        if self._link is not None:
            self._link.kick()

    def _refuse(self, step: int, current: int) -> None:
        if self._settings.allow_out_of_order:
            return
        self._notify(
            "warning",
            f"Tried to log to step {step} that is less than the current step "
            f"{current}. Steps must be monotonically increasing, so this data will be "
            "ignored. Use define_metric to log data out of order.",
        )

    def _connect(self, ring: RingWriter) -> None:
        self._reader = RingReader.beside(ring)
        self._link = self._new_link(self._reader)
        self._link.start()

    def _new_link(self, reader: RingReader) -> Link:
        settings = self._settings
        publisher = Publisher.of(reader, settings.api_key, settings.monitoring)
        on_thread = self._spool.join_link_thread
        return Link(reader, publisher, self._connector, self._notify, on_thread)

    def _leave_parent(self) -> None:
        """In a forked child: touch nothing of the parent's, not even by freeing it."""
        if self._link is not None:
            self._link.leave_to_parent()
        self._left_behind += [self._link, self._reader, self._spool.ring]
        self._link = self._reader = None
        self._spool.forget_in_child(self._reopen)

    def _reopen(self) -> RingWriter:
        """The first record of a forked child: a ring and a link of its own."""
        parent = self._spool.ring.header
        header = _new_header(
            parent.run_id, parent.log_path, False, self._settings, parent.log_name
        )
        ring = _new_ring(header, self._places, self._settings, self._notify)
        self._connect(ring)
        if (util := sys.modules.get("multiprocessing.util")) is not None:
            # Its children end with os._exit: nothing else calls us then.
            util.Finalize(None, _hand_over, (weakref.ref(self),), exitpriority=0)
        return ring


class _AfterFork:
    """Tells a stream that it is in a child now. Registered for the process's life."""

    def __init__(self, stream: Stream) -> None:
        self._stream = weakref.ref(stream)

    def __call__(self) -> None:
        if stream := self._stream():
            stream._leave_parent()


def _hand_over(stream: "weakref.ref[Stream]") -> None:
    if (found := stream()) is not None:
        found.flush(CLOSE_WAIT_S)


def _deliver_left_rings(
    places: Places, environ: Mapping[str, str], own_ring: str
) -> None:
    from wandb._left_rings import start_delivery

    start_delivery(places, environ, own_ring)


def _new_header(
    run_id: str,
    log_path: str,
    primary: bool,
    settings: StreamSettings,
    log_name: str = "",
) -> RingHeader:
    if settings.core_address:
        log_name = log_name or uuid.uuid4().hex
    return RingHeader(
        stream_id=uuid.uuid4().hex,
        run_id=run_id,
        log_path=log_path,
        overflow_dirs=(str(Path(log_path).parent), settings.fallback_dir),
        pid=os.getpid(),
        primary=primary,
        base_url=settings.base_url,
        core_address=settings.core_address,
        log_name=log_name,
    )


def _new_ring(
    header: RingHeader, places: Places, settings: StreamSettings, notify: Notify
) -> RingWriter:
    """In the best place; with no room or only network file systems, without frames."""
    capacity = settings.ring_bytes
    directory = choose_spool_dir(places.spool_dirs, capacity)
    attempts = [(directory, capacity)] if directory else []
    attempts += [(directory, 0) for directory in reversed(places.spool_dirs)]
    for directory, size in attempts:
        try:
            return RingWriter.create(directory, header, size)
        except (OSError, ValueError):
            continue
    tried = ", ".join(map(str, places.spool_dirs))
    notify(
        "warning",
        "No directory takes the spool file of this run: what core has not yet taken is "
        f"lost if this process is killed. Tried: {tried}. WANDB_SPOOL_DIR names "
        "another directory.",
    )
    return RingWriter.create_in_memory(header, capacity)
