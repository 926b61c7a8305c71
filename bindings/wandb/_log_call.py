"""The fast path of run.log(), written out by hand.

What it does per call, and why nothing of it is a function of its own: each Python call
costs 50 ns and more, and this runs inside training steps.
"""

import operator
import zlib
from collections.abc import Callable
from time import time as now
from typing import Any, Protocol

import orjson
from wandb_proto.ring_format import FRAME, FRAME_BYTES

from wandb._device_values import (
    BeginCopy,
    DeviceValue,
    HeldRecord,
    begin_copy,
    filled,
    split,
)
from wandb._encode import (
    OPTIONS,
    PART_BYTES_MAX,
    TIMESTAMP,
    TIMESTAMP_TAG,
    VALUE_BYTES_WARNED,
    DataEncoder,
    LogPrefixes,
    RecordTooLarge,
    encode_step,
    log_prefix,
)
from wandb._spool import Spool
from wandb._values import RichValue

_STEP_MAX = 2**63 - 1
_FAST_BYTES_MAX = 4096
"""zlib gives the GIL away beyond 5 KiB; longer records take the other way."""


class Log(Protocol):
    """`Stream.log`: one call of run.log()."""

    def __call__(self, data: Any, step: Any = None, commit: bool | None = None) -> None:
        """Spool one dictionary; it survives the process on return.

        commit defaults to True without a step, to False with one.

        Raises:
            TypeError: data is not a mapping with string keys, step is not an integer.
            ValueError: an array of more than 32 elements has no finite one.
        """
        ...


Rich = Callable[[Any, int], tuple[dict[str, Any], bytes]]
"""Takes (data, step): plain data for it, and more fields of the log request."""


class RichCalls:
    """Who takes the calls with media; nobody before the run is complete."""

    __slots__ = ("take",)

    def __init__(self) -> None:
        self.take: Rich | None = None


class StepCounter:
    """The step that the next commit gets, as far as this stream knows."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = 0

    def place(self, step: Any) -> int:
        """The step that a call with this argument belongs to.

        Raises:
            TypeError: neither None nor an integer.
        """
        if step is None:
            return self.current
        if isinstance(step, bool) or not hasattr(step, "__index__"):
            raise TypeError(
                f"wandb.log(step=…) must be an integer, not {type(step).__name__}"
            )
        return operator.index(step)

    def enter(self, step: Any, commit: bool, refuse: Callable[[int, int], None]) -> int:
        """Take one call with a step; tells `refuse(step, current)` if it has gone by.

        Raises:
            TypeError: not an integer.
        """
        number = self.place(step)
        if number < self.current:
            refuse(number, self.current)
        else:
            self.current = number + commit
        # Beyond 64 bits there is no step to store; core refuses what has gone by.
        return max(-_STEP_MAX, min(number, _STEP_MAX))


class UnusualCalls:
    """The calls with a step, with media, or with more than one record holds."""

    def __init__(
        self,
        spool: Spool,
        encoder: DataEncoder,
        steps: StepCounter,
        refuse: Callable[[int, int], None],
        rich: RichCalls,
        begin_copy: BeginCopy,
    ) -> None:
        self._begin_copy = begin_copy
        self._spool = spool
        self._encoder = encoder
        self._steps = steps
        self._refuse = refuse
        self._rich = rich

    def place(
        self, step: Any, commit: bool | None, size: int, more: bytes = b""
    ) -> tuple[bytes, bytes]:
        """What stands before and after the JSON of a call that is not the usual one.

        more: further fields of the request. The timestamp is still to be added behind.
        """
        is_committed = step is None if commit is None else bool(commit)
        if step is None:
            self._steps.current += is_committed
            suffix = more
        else:
            suffix = more + encode_step(
                self._steps.enter(step, is_committed, self._refuse)
            )
        return log_prefix(size, is_committed, len(suffix) + TIMESTAMP.size), suffix

    def log_parts(self, data: Any, step: Any, commit: bool | None) -> None:
        """Several records of one step; a value that is too large alone is dropped."""
        stored = []
        for body in self._encoder.parts(data):
            if len(body) > PART_BYTES_MAX:
                self._spool.refuse(len(body))
            else:
                stored.append(body)
        is_committed = step is None if commit is None else bool(commit)
        _, suffix = self.place(step, commit, 0)
        suffix += TIMESTAMP.pack(TIMESTAMP_TAG, now())
        for left, body in zip(
            range(len(stored), -1, -1), [*stored, b"{}"], strict=True
        ):
            prefix = log_prefix(len(body), is_committed and not left, len(suffix))
            self._spool.append(prefix + body + suffix)

    def log_rich(self, data: Any, step: Any, commit: bool | None) -> None:
        """A call with media: the run makes plain data of it."""
        assert self._rich.take is not None
        plain, more = self._rich.take(data, self._steps.place(step))
        try:
            body = self._encoder.encode(plain)
        except RecordTooLarge:
            if more:  # they belong to one record: the media go before the rest
                media = {k: v for k, v in plain.items() if v is not data.get(k)}
                plain = {k: v for k, v in plain.items() if k not in media}
                self._append(self._encoder.encode(media), more, step, False)
            return self.log_parts(plain, step, commit)
        return self._append(body, more, step, commit)

    def log_device(self, data: Any, step: Any, commit: bool | None) -> None:
        """A call with scalars on an accelerator: nobody waits for them.

        What is here already is stored at once, as an open part of the same row.
        """
        here, there, tensors = split(data)
        copy = self._begin_copy(tensors)
        self._spool.settle()
        try:
            body, more = self._encoded(here, step)
        except RecordTooLarge:
            return self.log_parts(
                {**here, **filled(there, copy.values())}, step, commit
            )
        is_committed = step is None if commit is None else bool(commit)
        _, suffix = self.place(step, commit, 0)
        suffix += TIMESTAMP.pack(TIMESTAMP_TAG, now())
        if here:
            prefix = log_prefix(len(body), False, len(more) + len(suffix))
            self._spool.append(prefix + body + more + suffix)

        def record(values: list[Any]) -> bytes:
            body = self._encoder.encode(filled(there, values))
            return log_prefix(len(body), is_committed, len(suffix)) + body + suffix

        lost = log_prefix(2, is_committed, len(suffix)) + b"{}" + suffix
        return self._spool.hold(HeldRecord(copy, record, lost))

    def _encoded(self, data: Any, step: Any) -> tuple[bytes, bytes]:
        """JSON and further fields of the request."""
        try:
            return self._encoder.encode(data), b""
        except RichValue:
            assert self._rich.take is not None
            plain, more = self._rich.take(data, self._steps.place(step))
            return self._encoder.encode(plain), more

    def _append(self, body: bytes, more: bytes, step: Any, commit: bool | None) -> None:
        prefix, suffix = self.place(step, commit, len(body), more)
        stamp = TIMESTAMP.pack(TIMESTAMP_TAG, now())
        self._spool.append(prefix + body + suffix + stamp)


def make_log(
    spool: Spool,
    encoder: DataEncoder,
    steps: StepCounter,
    refuse: Callable[[int, int], None],
    rich: RichCalls,
    begin_copy: BeginCopy = begin_copy,
) -> Log:
    """The closure behind `Stream.log`.

    rich: takes the calls with media, which `encoder` must refuse.
    begin_copy: how scalars on an accelerator come here.
    refuse: told (step, current step) when a call's step has gone by. Core has the last
    word about that (another stream may have closed steps), so the data go to it anyway.
    """
    prefixes = LogPrefixes()
    encode, dumps, default = encoder.encode, orjson.dumps, encoder.default
    crc32 = zlib.crc32
    pack_frame, pack_timestamp = FRAME.pack, TIMESTAMP.pack
    unusual = UnusualCalls(spool, encoder, steps, refuse, rich, begin_copy)
    place = unusual.place

    def log(data: Any, step: Any = None, commit: bool | None = None) -> None:
        try:
            if type(data) is not dict or "_step" in data or "" in data:
                body = encode(data)
            else:
                try:
                    body = dumps(data, default, OPTIONS)
                except TypeError:
                    body = encode(data)
                # orjson writes NaN and infinities as null.
                if b"null" in body or len(body) > VALUE_BYTES_WARNED:
                    body = encode(data)
        except RecordTooLarge:
            return unusual.log_parts(data, step, commit)
        except RichValue:
            return unusual.log_rich(data, step, commit)
        except DeviceValue:
            return unusual.log_device(data, step, commit)
        if step is None and (commit is None or commit is True):
            prefix, suffix = prefixes[len(body)], b""
            steps.current += 1
        else:
            prefix, suffix = place(step, commit, len(body))
        payload = prefix + body + suffix + pack_timestamp(TIMESTAMP_TAG, now())
        size = len(payload)
        if size > _FAST_BYTES_MAX:
            return spool.append(payload)
        with spool.lock:
            ring = spool.ring
            begin = ring.offset
            end = begin + FRAME_BYTES + size
            if end <= ring.limit and not spool.busy:
                spool.busy = True
                try:
                    sequence = ring.sequence
                    crc = crc32(payload, sequence)
                    ring.memory[begin:end] = pack_frame(size, sequence, crc) + payload
                    # No call between the two stores: no signal handler, no thread.
                    ring.offset = end
                    ring.sequence = sequence + 1
                    payload = b""
                finally:
                    spool.busy = False
        if payload:  # outside of the lock: it may wait
            spool.append(payload)
        elif spool.queue:
            spool.append_queued()
        return None

    return log
