"""Rows and derived summaries as bytes of the log's messages, written by hand.

```
 Record         08 num | 12 size HistoryRecord  or  1A size SummaryRecord
 HistoryRecord  0A size item … | 12 size (08 step)
 SummaryRecord  0A size item …
 item           12 size path element … | 82 01 size value_json     the same in both
```

One leaf's item is encoded once and serves row and summary. Tests parse all of it with
the generated code.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from wandb_proto import json_codec

_EXACT_FLOAT_MAX = float(1 << 53)
_INT64_MIN, _INT64_END = -(1 << 63), 1 << 63
SHORT_TEXT_END = 32
"""Every number is shorter: the items of numbers are made from prepared heads."""
_SMALL_VARINTS = [bytes([number]) for number in range(128)]
_HISTORY_TAG, _SUMMARY_TAG = b"\x12", b"\x1a"


def value_text(value: Any) -> bytes:
    """A leaf as JSON text: integral floats as integers, huge integers as floats.

    NaN and infinities are bare tokens. Beyond 2^53 and for -0.0 a float stays one, so
    that no value changes.
    """
    kind = type(value)
    if kind is float:
        if value.is_integer() and -_EXACT_FLOAT_MAX < value < _EXACT_FLOAT_MAX:
            return b"%d" % value if value or str(value) == "0.0" else b"-0.0"
    elif kind is int and not _INT64_MIN <= value < _INT64_END:
        try:
            value = float(value)
        except OverflowError:
            return b"Infinity" if value > 0 else b"-Infinity"
    return json_codec.dumps(value)


def number_texts(values: list[Any]) -> list[bytes] | None:
    """`value_text` of each (one at least), all int or float, at the price of one call.

    None: one of them is not finite or too large an integer; ask for each by itself.
    """
    try:
        joined = orjson.dumps(values)
    except TypeError:
        return None
    if b"null" in joined or max(values) >= _INT64_END:
        return None
    texts = joined[1:-1].split(b",")
    if b".0," in joined or joined.endswith(b".0]"):
        return [
            value_text(value) if text.endswith(b".0") else text
            for value, text in zip(values, texts, strict=True)
        ]
    return texts


def varint(number: int) -> bytes:
    """A number, 0 or more, as Protocol Buffers write it."""
    if number < 128:
        return _SMALL_VARINTS[number]
    if number < 16_384:
        return bytes((number & 127 | 128, number >> 7))
    if number < 2_097_152:
        return bytes((number & 127 | 128, number >> 7 & 127 | 128, number >> 14))
    digits = bytearray()
    while number >= 128:
        digits.append(number & 127 | 128)
        number >>= 7
    digits.append(number)
    return bytes(digits)


def path_prefix(path: Sequence[str]) -> bytes:
    """The part of an item that is the same in every row."""
    pieces = []
    for key in path:
        # A lone surrogate cannot be in a message; the row is worth more than the key.
        name = key.encode("utf-8", "replace")
        pieces.append(b"\x12" + varint(len(name)) + name)
    return b"".join(pieces) + b"\x82\x01"


def item_heads(prefix: bytes) -> list[bytes]:
    """What stands before the text in an item, by the length of the text."""
    heads = []
    for size in range(SHORT_TEXT_END):
        length = varint(size)
        heads.append(
            b"\x0a" + varint(len(prefix) + len(length) + size) + prefix + length
        )
    return heads


def item_bytes(prefix: bytes, text: bytes) -> bytes:
    """An item of a row or summary, as a field of its record."""
    size = len(text)
    length = _SMALL_VARINTS[size] if size < 128 else varint(size)
    size += len(prefix) + len(length)
    if size < 128:
        return b"\x0a" + _SMALL_VARINTS[size] + prefix + length + text
    return b"\x0a" + varint(size) + prefix + length + text


def history_bytes(number: int, items: Iterable[bytes], step: int) -> bytes:
    """A whole log record with a row."""
    num = b"\x08" + varint(step) if step else b""
    step_field = b"\x12" + _SMALL_VARINTS[len(num)] + num
    return _record(number, _HISTORY_TAG, b"".join(items) + step_field)


def summary_bytes(number: int, items: Iterable[bytes]) -> bytes:
    """A whole log record with summary updates."""
    return _record(number, _SUMMARY_TAG, b"".join(items))


def _record(number: int, tag: bytes, body: bytes) -> bytes:
    return b"\x08" + varint(number) + tag + varint(len(body)) + body
