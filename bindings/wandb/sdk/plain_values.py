"""Config and summary values as plain Python: what JSON can say, and nothing else.

numpy, torch and the like -> scalars and lists; tuples, sets, generators -> lists;
mappings -> dicts with string keys; Path, Enum, dates -> str or value; everything else
-> its name or a bounded `str`.
"""

import datetime
import enum
import math
from collections.abc import Iterable, Mapping, Set
from itertools import islice
from pathlib import PurePath
from typing import Any

TEXT_CHARACTERS_MAX = 10_000
DEPTH_MAX = 50
ITEMS_MAX = 1_000_000
"""Taken from an iterator, which may have no end."""

_PLAIN = (bool, int, float, str)


def plain(value: Any, depth: int = 0) -> Any:
    """The value as dict, list, str, int, float, bool or None; never raises."""
    if value is None or type(value) in _PLAIN:
        return value
    if depth >= DEPTH_MAX:
        return _bounded(value)
    if isinstance(value, Mapping):
        return {_key(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | Set):
        return [plain(item, depth + 1) for item in value]
    return _converted(value, depth)


def finite_or_none(value: Any) -> Any:
    """The plain value with every NaN replaced by None; infinities stay."""
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, dict):
        return {key: finite_or_none(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite_or_none(item) for item in value]
    return value


def _converted(value: Any, depth: int) -> Any:
    if isinstance(value, enum.Enum):
        return plain(value.value, depth + 1)
    for kind in (bool, int, float, str):  # subclasses: np.float64, IntEnum, …
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, type) or callable(value):
        return getattr(value, "__qualname__", None) or type(value).__name__
    return _from_array(value, depth)


def _from_array(value: Any, depth: int) -> Any:
    """numpy, torch, jax and tensorflow all answer to one of these methods."""
    try:
        for step in ("detach", "cpu"):
            value = getattr(value, step)() if hasattr(value, step) else value
        if hasattr(value, "tolist"):
            return plain(value.tolist(), depth + 1)
        if hasattr(value, "numpy"):
            return plain(value.numpy().tolist(), depth + 1)
        if hasattr(value, "__next__") and isinstance(value, Iterable):
            return plain(list(islice(value, ITEMS_MAX)), depth + 1)
    except Exception:  # a foreign object's own methods: whatever they raise
        return _bounded(value)
    return _bounded(value)


def _key(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _bounded(value: Any) -> str:
    try:
        return str(value)[:TEXT_CHARACTERS_MAX]
    except Exception:  # a foreign object's __str__
        return type(value).__name__
