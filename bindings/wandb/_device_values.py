"""Scalars that lie on an accelerator, in `log`: one copy, which nobody waits for.

```
log({"loss": on_gpu, "lr": 0.1})
  │ stacked on the device       a copy is queued there behind the work that makes the
  │ copied to pinned memory     values: what changes the tensors later comes after it
  ├─► record {"lr": 0.1}, not committed     in the ring before log() returns
  └─► HeldRecord {"loss": …}, committed     kept by the spool
          │ the copy is there, or any record comes that must stand behind it
          ▼ the ring
```

At most one record is held, so a killed process loses the device values of one call:
those that no copy had reached yet. Nothing else waits in memory. A row, or what else
depends on the order, waits for the copy of the one before it, which the device made
before it came to anything newer. Console output does not wait, and stands before it.

The device-dependent part is `begin_copy`: asynchronous for torch tensors on CUDA (and
what has its streams and events), one copy at once for those on other devices.
"""

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

_QUEUED_DEVICES = frozenset(("cuda", "xpu"))
DEPTH_MAX = 50

DEVICE_WAIT_S = 120.0
"""Then the values of a device that hangs are given up, so that a run can end."""

_PAUSE_S_MIN, _PAUSE_S_MAX = 20e-6, 2e-3


class DeviceValue(Exception):
    """There is a scalar on an accelerator. No error: `log` takes the other way."""


class Copy(Protocol):
    """Values of one call on their way to the host."""

    def is_there(self) -> bool:
        """Whether `values` would not wait. Never raises."""
        ...

    def values(self) -> list[Any]:
        """Python scalars, in the order of the tensors; waits. From any thread.

        Raises:
            Exception: the device failed.
        """
        ...


BeginCopy = Callable[[list[Any]], Copy]


class HeldRecord:
    """A record whose values are on their way."""

    def __init__(
        self, copy: Copy, build: Callable[[list[Any]], bytes], lost: bytes
    ) -> None:
        """build: the record with these values. lost: the record without them."""
        self._copy = copy
        self._build = build
        self._lost = lost

    def is_ready(self) -> bool:
        """Whether `payload` would not wait."""
        return self._copy.is_there()

    def payload(self) -> bytes:
        """The record; waits for the device. Never raises; several threads may ask."""
        try:
            return self._build(self._copy.values())
        except Exception:  # whatever a device that failed says
            return self._lost


class Settler:
    """A thread that stores held records when their values are there.

    It is started by the first one; without it, the last one would wait for the next
    call of the training, or for its end.
    """

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle
        self._waiting: queue.SimpleQueue[HeldRecord | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def watch(self, held: HeldRecord) -> None:
        """Store it as soon as it is ready."""
        self._waiting.put(held)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, name="wandb-accelerator", daemon=True
            )
            self._thread.start()

    def close(self) -> None:
        """End the thread; does not wait for it."""
        self._waiting.put(None)

    def _run(self) -> None:
        while (held := self._waiting.get()) is not None:
            held.payload()
            self._settle()


def is_scalar_there(value: Any) -> bool:
    """Whether it is a 0-d torch tensor whose value is elsewhere."""
    if getattr(value, "is_cpu", True) is not False or len(value.shape):
        return False
    return not value.is_meta and not value.is_complex()


def split(data: Mapping[Any, Any]) -> tuple[dict[Any, Any], dict[Any, Any], list[Any]]:
    """(what is here, what is not, the tensors of that): both with the keys of data.

    In the second, a `Slot` stands for each tensor. A list that holds one is there
    whole: lists are one value.
    """
    tensors: list[Any] = []

    def divide(level: Mapping[Any, Any], depth: int) -> tuple[Any, Any]:
        here: dict[Any, Any] = {}
        there: dict[Any, Any] = {}
        for key, value in level.items():
            if isinstance(value, Mapping) and depth < DEPTH_MAX:
                inner_here, inner_there = divide(value, depth + 1)
                if inner_here or not inner_there:
                    here[key] = inner_here
                if inner_there:
                    there[key] = inner_there
            elif _holds_one(value, depth):
                there[key] = _slotted(value, tensors)
            else:
                here[key] = value
        return here, there

    here, there = divide(data, 0)
    return here, there, tensors


class Slot:
    """The place of a tensor's value."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def filled(there: Any, values: list[Any]) -> Any:
    """What `split` took out, with values for the slots."""
    if isinstance(there, Slot):
        return values[there.index]
    if isinstance(there, dict):
        return {key: filled(item, values) for key, item in there.items()}
    if isinstance(there, list):
        return [filled(item, values) for item in there]
    return there


def _holds_one(value: Any, depth: int) -> bool:
    if isinstance(value, list | tuple) and depth < DEPTH_MAX:
        return any(_holds_one(item, depth + 1) for item in value)
    return is_scalar_there(value)


def _slotted(value: Any, tensors: list[Any]) -> Any:
    if isinstance(value, list | tuple):
        return [_slotted(item, tensors) for item in value]
    if is_scalar_there(value):
        tensors.append(value)
        return Slot(len(tensors) - 1)
    return value


# ---- torch


def begin_copy(tensors: list[Any]) -> Copy:
    """Queue the copy of some 0-d torch tensors behind the work that makes them.

    Values of a device without such queues are read at once, and so are those that
    torch cannot stack.
    """
    try:
        if tensors[0].device.type in _QUEUED_DEVICES:
            return _queued(tensors)
        return Arrived(read_now(tensors))
    except Exception:  # whatever torch says of tensors of some subclass
        return Arrived([_item(tensor) for tensor in tensors])


def read_now(tensors: list[Any]) -> list[Any]:
    """The values, with one transfer for all of one type and device."""
    import torch

    groups: dict[Any, list[int]] = {}
    for place, tensor in enumerate(tensors):
        groups.setdefault((tensor.dtype, tensor.device), []).append(place)
    values: list[Any] = [None] * len(tensors)
    for places in groups.values():
        stacked = torch.stack([tensors[place].detach() for place in places])
        for place, value in zip(places, stacked.cpu().tolist(), strict=True):
            values[place] = value
    return values


def pack(tensors: list[Any]) -> Any:
    """One tensor of all values, on the first one's device.

    float64 for numbers with fractions; of integers and flags the bits of an int64.
    """
    import torch

    first = tensors[0].device
    if len({(tensor.dtype, tensor.device) for tensor in tensors}) == 1:
        return _widened(torch.stack([tensor.detach() for tensor in tensors]))
    return torch.cat(
        [_widened(tensor.detach().to(first).view(1)) for tensor in tensors]
    )


def kinds_of(tensors: list[Any]) -> list[str]:
    """How `unpack` is to read each value: as float, int or bool."""
    import torch

    return [
        "float"
        if tensor.is_floating_point()
        else "bool"
        if tensor.dtype == torch.bool
        else "int"
        for tensor in tensors
    ]


def unpack(host: Any, kinds: list[str]) -> list[Any]:
    """The values of what `pack` made, once it is on the host."""
    import torch

    floats, whole = host.tolist(), host.view(torch.int64).tolist()
    read: dict[str, Callable[[int], Any]] = {
        "float": lambda place: floats[place],
        "int": lambda place: whole[place],
        "bool": lambda place: bool(whole[place]),
    }
    return [read[kind](place) for place, kind in enumerate(kinds)]


def _widened(values: Any) -> Any:
    import torch

    if values.is_floating_point():
        return values.to(torch.float64)
    return values.to(torch.int64).view(torch.float64)


def _item(tensor: Any) -> Any:
    try:
        return tensor.item()
    except Exception:  # the value is lost, the others are not
        return None


def _queued(tensors: list[Any]) -> Copy:
    import torch

    packed = pack(tensors)
    module: Any = torch.get_device_module(packed.device.type)
    with module.device(packed.device):
        host = torch.empty(packed.shape, dtype=packed.dtype, pin_memory=True)
        host.copy_(packed, non_blocking=True)
        done = module.Event()
        done.record(module.current_stream())
    return _Queued(host, done, kinds_of(tensors))


class Arrived:
    """Values that were read at once."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def is_there(self) -> bool:
        return True

    def values(self) -> list[Any]:
        return self._values


class _Queued:
    """Values that a stream of the device copies to pinned memory."""

    def __init__(self, host: Any, done: Any, kinds: list[str]) -> None:
        self._host = host
        self._done = done
        self._kinds = kinds

    def is_there(self) -> bool:
        try:
            return bool(self._done.query())
        except Exception:  # a device that failed: there is nothing to wait for
            return True

    def values(self) -> list[Any]:
        ends_at, pause_s = time.monotonic() + DEVICE_WAIT_S, _PAUSE_S_MIN
        while not self._done.query():
            if time.monotonic() > ends_at:
                raise TimeoutError(f"no values from the device in {DEVICE_WAIT_S} s")
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_S_MAX)
        return unpack(self._host, self._kinds)
