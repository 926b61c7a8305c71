"""The JSON dialect of the W&B formats: JSON plus bare NaN, Infinity and -Infinity.

orjson does the work; the standard library steps in for what orjson cannot say: it reads
no bare tokens, writes NaN as null, and refuses lone surrogates and huge integers.
"""

import json
import math
from typing import Any

import orjson

_OPTIONS = orjson.OPT_NON_STR_KEYS


def loads(text: bytes | str) -> Any:
    """Parse one document; bare NaN, Infinity and -Infinity become floats.

    Raises:
        ValueError: not JSON even so.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def dumps(value: Any) -> bytes:
    """Serialise plain values (dict, list, str, int, float, bool, None) compactly.

    NaN and infinities are written as bare tokens: not strict JSON, see `dumps_strict`.

    Raises:
        TypeError: a value of another type.
    """
    try:
        text = orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError):  # huge integers, lone surrogates
        return _dumps_slowly(value)
    # orjson writes NaN and infinities as null: look again only if there is one.
    return _dumps_slowly(value) if b"null" in text else text


def dumps_strict(value: Any) -> bytes:
    """Like `dumps`, with NaN and infinities as the strings "NaN", "Infinity", …

    For answers that strict parsers read (Go's decoder, browsers).
    """
    return orjson.dumps(_name_non_finite(value), option=_OPTIONS)


def _dumps_slowly(value: Any) -> bytes:
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def _name_non_finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _name_non_finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_name_non_finite(item) for item in value]
    return value
