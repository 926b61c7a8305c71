"""Answers that strict JSON parsers can read: no bare NaN, big integers as they are."""

import json
import math
from typing import Any

import orjson


def strict(value: Any) -> Any:
    """The value with NaN and infinities as "NaN", "Infinity" and "-Infinity"."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [strict(item) for item in value]
    return value


def encode(value: Any) -> bytes:
    """Serialise an answer. Floats must be finite: `strict` is for those who are not."""
    try:
        return orjson.dumps(value)
    except (TypeError, ValueError):  # huge integers, lone surrogates
        return json.dumps(strict(value), separators=(",", ":")).encode()
