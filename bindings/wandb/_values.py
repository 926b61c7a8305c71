"""Values of log() that JSON does not know: how each type is stored.

| value | stored as |
|---|---|
| scalar of numpy, torch, jax, tensorflow | Python scalar |
| array or tensor, ≤ 32 elements | list; more: histogram with 32 bins |
| set, frozenset, tuple, generator | list |
| bytes, complex, date, path, Decimal | str |
| timedelta | ISO 8601 duration |
| Enum | its value |
| class, function | dotted name |
| int beyond 64 bits | float |
| anything else | str of at most 4,096 characters, with one warning per type |

Media, tables, figures and data frames are not converted here: `RichValue` says that
there is one, and `wandb.sdk.data_types.logged` takes the call.

The packages named here are never imported for it: their types are known by name.
"""

import datetime
import decimal
import enum
import itertools
import math
import pathlib
import types
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from wandb._device_values import DeviceValue, is_scalar_there

TEXT_CHARACTERS_MAX = 4096
DEPTH_MAX = 200
ITERATOR_ITEMS_MAX = 1_000_000
LIST_ELEMENTS_MAX = 32
HISTOGRAM_BINS = 32

_ARRAY_PACKAGES = frozenset(
    ("numpy", "torch", "jax", "jaxlib", "tensorflow", "cupy", "mlx")
)
_INT64_MIN, _INT64_MAX = -(2**63), 2**63 - 1
_TYPES_MAX = 512
_PLAIN = frozenset((str, int, float, bool, type(None)))

Convert = Callable[[Any], Any]


class RichValue(Exception):
    """There is a value that is more than JSON: media, a table, a figure.

    No error: it ends the attempt to encode the call the ordinary way.
    """


_RICH_PACKAGES = frozenset(("matplotlib", "plotly", "bokeh"))


def is_rich_type(kind: type) -> bool:
    """Whether values of the type may be media, without importing anything."""
    if getattr(kind, "_wandb_value", False) or kind is types.ModuleType:
        return True  # a module: wandb.log({"chart": plt})
    package = kind.__module__.partition(".")[0]
    is_frame = package == "pandas" and kind.__name__ == "DataFrame"
    return is_frame or package in _RICH_PACKAGES


class _NotQuick(TypeError):
    """The value cannot be converted without knowing where it stands, or only once."""


class _NoFiniteElement(ValueError):
    """An array of which no histogram can be made."""


class ValueConverter:
    """Converts values; the way of each type is looked for once."""

    def __init__(
        self, warn: Callable[[str], None], *, refuses_rich: bool = False
    ) -> None:
        """refuses_rich: raise `RichValue`; else such values are stored as text.

        It also raises `DeviceValue`; else scalars on an accelerator are read at once.
        """
        self._warn = warn
        self._refuses_rich = refuses_rich
        self._converts: dict[type, Convert | None] = {}
        self._warned: set[type] = set()

    def quick(self, value: Any) -> Any:
        """Convert one value for orjson's `default`.

        Raises:
            TypeError: only `plain` can convert it.
        """
        convert = self._convert_of(type(value))
        if convert is None:
            raise _NotQuick
        return convert(value)

    def plain(self, value: Any) -> Any:
        """The same value made of dict, list, str, int, float, bool and None only.

        Raises:
            RichValue: there is one in it, and this converter refuses them.
            DeviceValue: there is a scalar on an accelerator; likewise.
            ValueError: an array of more than 32 elements has no finite one.
        """
        return self._plain(value, 0)

    def is_finite(self, value: Any) -> bool:
        """Whether there is surely no NaN or infinity in it: plain values only."""
        kind = type(value)
        if kind is float:
            return math.isfinite(value)
        if kind is dict:
            return all(map(self.is_finite, value.values()))
        if kind is list or kind is tuple:
            return all(map(self.is_finite, value))
        return kind in _PLAIN

    def _plain(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return self._bounded_int(value) if kind is int else value
        if depth > DEPTH_MAX:
            return self._text(value)
        if isinstance(value, Mapping):
            return {
                _key(key): self._plain(item, depth + 1) for key, item in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._plain(item, depth + 1) for item in value]
        if isinstance(value, Iterator):
            return self._take(value, depth)
        return self._converted(value, depth)

    def _converted(self, value: Any, depth: int) -> Any:
        convert = self._convert_of(type(value))
        if convert is None:
            if self._refuses_rich and is_rich_type(type(value)):
                raise RichValue
            return self._text(value)
        try:
            return self._plain(convert(value), depth + 1)
        except (_NoFiniteElement, RichValue, DeviceValue):
            raise
        except Exception:  # what a foreign type does is its own affair
            return self._text(value)

    def _take(self, values: Iterator[Any], depth: int) -> Any:
        taken = list(itertools.islice(values, ITERATOR_ITEMS_MAX))
        if len(taken) == ITERATOR_ITEMS_MAX:
            self._warn_once(
                type(values),
                f"only {ITERATOR_ITEMS_MAX:,} items of an iterator are kept",
            )
        return [self._plain(item, depth + 1) for item in taken]

    def _bounded_int(self, value: int) -> Any:
        if _INT64_MIN <= value <= _INT64_MAX:
            return value
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf

    def _text(self, value: Any) -> str:
        name = f"{type(value).__module__}.{type(value).__qualname__}"
        try:
            text = str(value)
        except Exception:
            text = f"<{name}>"
        self._warn_once(
            type(value),
            f"wandb.log() cannot store values of type {name}; "
            f"they are kept as text of at most {TEXT_CHARACTERS_MAX} characters",
        )
        return text[:TEXT_CHARACTERS_MAX]

    def _warn_once(self, kind: type, text: str) -> None:
        if kind not in self._warned and len(self._warned) < _TYPES_MAX:
            self._warned.add(kind)
            self._warn(text)

    def _convert_of(self, kind: type) -> Convert | None:
        try:
            return self._converts[kind]
        except KeyError:
            convert = _find_convert(kind)
            if convert is _convert_array and self._refuses_rich:
                convert = _convert_array_here
            if len(self._converts) < _TYPES_MAX:
                self._converts[kind] = convert
            return convert


def _find_convert(kind: type) -> Convert | None:
    if is_rich_type(kind):
        return None
    if _is_array_type(kind):
        return _convert_array
    for base, convert in _CONVERTS:
        if issubclass(kind, base):
            return convert
    return None


def _is_array_type(kind: type) -> bool:
    known = any(
        base.__module__.partition(".")[0] in _ARRAY_PACKAGES for base in kind.__mro__
    )
    has_values = hasattr(kind, "item") or hasattr(kind, "__array__")
    return known and has_values and hasattr(kind, "shape")


def _convert_array_here(value: Any) -> Any:
    if getattr(value, "is_cpu", True) is not True and is_scalar_there(value):
        raise DeviceValue
    return _convert_array(value)


def _convert_array(value: Any) -> Any:
    shape = value.shape
    if len(shape) == 0:
        return _convert_scalar(value)
    if math.prod(shape) <= LIST_ELEMENTS_MAX:
        return value.tolist() if hasattr(value, "tolist") else value.numpy().tolist()
    return _histogram(value)


def _convert_scalar(value: Any) -> Any:
    if getattr(getattr(value, "dtype", None), "kind", "") in ("M", "m", "V"):
        return str(value)  # numpy's datetimes, whose items may be bare integers
    return value.item() if hasattr(value, "item") else value.numpy().item()


def _histogram(value: Any) -> Any:
    import numpy as np

    array = np.asarray(_on_host(value)).ravel()
    if array.dtype.kind not in "biuf":
        return array.tolist()
    if array.dtype.kind == "b" or array.dtype.itemsize == 2:
        array = array.astype(np.float64)
    if array.dtype.kind == "f":
        array = array[np.isfinite(array)]
        if not array.size:
            raise _NoFiniteElement(
                "the array has no finite element to make a histogram of"
            )
    counts, edges = np.histogram(array, bins=HISTOGRAM_BINS)
    return {"_type": "histogram", "values": counts.tolist(), "bins": edges.tolist()}


def _on_host(value: Any) -> Any:
    """A torch tensor as numpy array: off its graph and device."""
    if not hasattr(value, "detach"):
        return value
    tensor = value.detach().cpu()
    try:
        return tensor.numpy()
    except TypeError:  # bfloat16
        return tensor.float().numpy()


def _duration(value: datetime.timedelta) -> str:
    """ISO 8601: one day is P1D, an hour and a half PT1H30M."""
    if value < datetime.timedelta(0):
        return "-" + _duration(-value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{value.microseconds:06}".rstrip("0") if value.microseconds else ""
    clock = f"{hours}H" if hours else ""
    clock += f"{minutes}M" if minutes else ""
    clock += f"{seconds}{fraction}S" if seconds or fraction else ""
    days = f"{value.days}D" if value.days else ""
    if not clock and not days:
        return "PT0S"
    return f"P{days}" + (f"T{clock}" if clock else "")


def _dotted_name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _key(key: Any) -> str:
    return key if type(key) is str else str(key)


_FUNCTION_TYPES: tuple[type, ...] = (type(len), type(_key), type)

_CONVERTS: list[tuple[Any, Convert]] = [
    (enum.Enum, lambda value: value.value),
    (bool, bool),
    (str, str.__str__),
    (int, int),
    (float, float),
    (dict, dict),
    (list, list),
    ((tuple, set, frozenset), list),
    ((bytes, bytearray), lambda value: value.decode("utf-8", "replace")),
    (complex, lambda value: str(value).strip("()")),
    (
        (datetime.datetime, datetime.date, datetime.time),
        lambda value: value.isoformat(),
    ),
    (datetime.timedelta, _duration),
    ((pathlib.PurePath, decimal.Decimal, uuid.UUID), str),
    (_FUNCTION_TYPES, _dotted_name),
]
"""In order: an IntEnum is an Enum first, a named tuple a tuple."""
