"""The step that is not closed yet: what several `log` calls put together."""

from typing import Any, TypeAlias

DEPTH_MAX = 64
"""Deeper objects are kept as one JSON value instead of being flattened."""

LeafKey: TypeAlias = str | tuple[str, ...]
"""A path; paths of one element are plain strings, which are faster to look up."""

_RESERVED = ("", "_step", "_runtime", "_timestamp")


class OpenRow:
    """Data of the current step, merged leaf by leaf; later values win."""

    def __init__(self) -> None:
        self.data: dict[str, Any] = {}
        self.call_timestamp = 0.0
        """Of the last call that went into it."""
        self.user_timestamp: float | int | None = None
        """`_timestamp` among the data: it replaces the time of the call."""

    def __bool__(self) -> bool:
        return bool(self.data)

    def add(self, data: dict[str, Any], timestamp: float) -> None:
        """Merge one call's data, which must not be used any more by the caller."""
        given = data.get("_timestamp")
        for key in _RESERVED:
            data.pop(key, None)
        if given is not None and type(given) in (int, float) and abs(given) < 1e15:
            self.user_timestamp = given
        self.call_timestamp = timestamp
        if self.data:
            _merge(self.data, data, 1)
        else:
            self.data = data

    def leaves(self) -> list[tuple[LeafKey, Any]]:
        """Every leaf with its path, in order; empty objects have none."""
        found: list[tuple[LeafKey, Any]] = []
        for key, value in self.data.items():
            if type(value) is dict:
                _collect((key,), value, found)
            else:
                found.append((key, value))
        return found


def _merge(known: dict[str, Any], news: dict[str, Any], depth: int) -> None:
    for key, value in news.items():
        below = known.get(key)
        if type(value) is dict and type(below) is dict and depth < DEPTH_MAX:
            _merge(below, value, depth + 1)
        else:
            known[key] = value


def _collect(
    path: tuple[str, ...],
    value: dict[str, Any],
    found: list[tuple[LeafKey, Any]],
) -> None:
    for key, below in value.items():
        if type(below) is dict and len(path) < DEPTH_MAX:
            _collect((*path, key), below, found)
        else:
            found.append(((*path, key), below))
