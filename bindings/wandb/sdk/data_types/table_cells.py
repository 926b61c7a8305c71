"""Cells of tables as JSON, in the two forms, and back.

| cell | media form | typed form, in artifacts |
|---|---|---|
| number | number, NaN bare | number, NaN null |
| time | ISO 8601 | milliseconds since 1970, UTC |
| media | name of its class | object with the path in the artifact |
| array | nested lists | in a `.npz` beside the table, null here |
| bytes | text | text |
| anything else | text of at most 4,096 characters | the same |
"""

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

from wandb.sdk.data_types.foreign_values import (
    as_array,
    is_array,
    is_missing,
    is_scalar,
    iso_text,
    python_scalar,
    unix_ms,
)

TEXT_CHARACTERS_MAX = 4096
_PLAIN = frozenset((str, int, bool, type(None)))

Time = Callable[[datetime.date], Any]


def media_cell(value: Any) -> Any:
    """One cell in the media form."""
    kind = type(value)
    if kind in _PLAIN or kind is float:
        return value
    return _cell(value, lambda media: type(media).__name__, iso_text, lambda x: x)


def typed_cell(value: Any, artifact: Any) -> Any:
    """One cell in the typed form; the files of media are added to the artifact."""
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is float:
        return _finite_or_infinite(value)

    def stored(media: Any) -> Any:
        return media.to_json(artifact)

    return _cell(value, stored, unix_ms, _finite_or_infinite)


def _finite_or_infinite(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cell(
    value: Any,
    media: Callable[[Any], Any],
    time: Time,
    number: Callable[[float], float | None],
) -> Any:
    def one(value: Any) -> Any:
        if isinstance(value, float):
            return number(float(value))
        if isinstance(value, bool | str | int):
            return _plainest(value)
        if getattr(value, "_wandb_value", False):
            return media(value)
        if isinstance(value, Mapping):
            return {str(key): one(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [one(item) for item in value]
        if is_missing(value):
            return None
        if isinstance(value, datetime.date):
            return time(value)
        if is_scalar(value):
            return one(python_scalar(value))
        if is_array(value):
            return one(as_array(value).tolist())
        if isinstance(value, bytes | bytearray):
            return value.decode("utf-8", "replace")
        return str(value)[:TEXT_CHARACTERS_MAX]

    return one(value)


def _plainest(value: Any) -> Any:
    """Without what subclasses add: keys of tables, enumerations, numpy's text."""
    for base in (bool, str, int):
        if isinstance(value, base):
            return base(value) if base is not str else str.__str__(value)
    raise AssertionError(type(value))
