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

from wandb._encode import (
    OPTIONS,
    TIMESTAMP,
    TIMESTAMP_TAG,
    VALUE_BYTES_WARNED,
    DataEncoder,
    LogPrefixes,
    encode_log_request,
)
from wandb._spool import Spool

_STEP_MAX = 2**63 - 1
_FAST_BYTES_MAX = 4096
"""zlib gives the GIL away beyond 5 KiB; longer records take the other way."""

assert _FAST_BYTES_MAX < VALUE_BYTES_WARNED


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


class StepCounter:
    """The step that the next commit gets, as far as this stream knows."""

    __slots__ = ("current",)

    def __init__(self) -> None:
        self.current = 0

    def enter(self, step: Any, commit: bool, refuse: Callable[[int, int], None]) -> int:
        """Take one call with a step; tells `refuse(step, current)` if it has gone by.

        Raises:
            TypeError: not an integer.
        """
        if isinstance(step, bool):
            raise TypeError("step must be an integer, not a bool")
        number = operator.index(step)
        if number < self.current:
            refuse(number, self.current)
        else:
            self.current = number + commit
        # Beyond 64 bits there is no step to store; core refuses what has gone by.
        return max(-_STEP_MAX, min(number, _STEP_MAX))


def make_log(
    spool: Spool,
    encoder: DataEncoder,
    steps: StepCounter,
    refuse: Callable[[int, int], None],
) -> Log:
    """The closure behind `Stream.log`.

    refuse: told (step, current step) when a call's step has gone by. Core has the last
    word about that (another stream may have closed steps), so the data go to it anyway.
    """
    prefixes = LogPrefixes()
    dumps, default, crc32 = orjson.dumps, encoder.default, zlib.crc32
    pack_frame, pack_timestamp = FRAME.pack, TIMESTAMP.pack

    def log_slowly(data: Any, step: Any, commit: bool | None) -> None:
        body = encoder.encode(data)
        if step is None:
            committed = commit is None or bool(commit)
            steps.current += committed
            spool.append(encode_log_request(body, now(), None, committed))
        else:
            number = steps.enter(step, bool(commit), refuse)
            spool.append(encode_log_request(body, now(), number, bool(commit)))

    def log(data: Any, step: Any = None, commit: bool | None = None) -> None:
        if step is not None or (commit is not None and commit is not True):
            return log_slowly(data, step, commit)
        if type(data) is not dict or "_step" in data or "" in data:
            return log_slowly(data, step, commit)
        try:
            body = dumps(data, default, OPTIONS)
        except TypeError:
            return log_slowly(data, step, commit)
        size = len(body)
        # orjson writes NaN and infinities as null.
        if size > _FAST_BYTES_MAX or b"null" in body:
            return log_slowly(data, step, commit)
        payload = prefixes[size] + body + pack_timestamp(TIMESTAMP_TAG, now())
        with spool.lock:
            ring = spool.ring
            begin = ring.offset
            size = len(payload)
            end = begin + FRAME_BYTES + size
            steps.current += 1
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
