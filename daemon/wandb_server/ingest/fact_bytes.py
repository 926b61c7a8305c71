"""A table of facts as bytes: numbers as arrays, and as little text as possible.

```
u32 bytes of: keys, names, odd last values │ keys │ names │ odd │ arrays
keys, names   JSON lists
odd           JSON object: place of a key -> last value that is not its last number
arrays        counts i64[keys × names], monotonic u8[keys], first and last number
              f64[keys], kind of the last value u8[keys]: 0 odd, 1 float, 2 int
```

Runs of one project mostly have the same keys: a reader parses them once.
"""

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from wandb_proto import json_codec

from wandb_server.ingest.fact_tables import FactTable
from wandb_server.model.json_value import Json

_LENGTHS = struct.Struct("<III")
_ODD, _FLOAT, _INT = range(3)
INT_MAX = 2**53
KEY_LISTS_COUNT = 8
"""Different lists of keys that a reader remembers."""


def to_bytes(table: FactTable) -> bytes:
    """The whole table."""
    kinds = [
        _kind(last, number)
        for last, number in zip(table.last, table.last_number.tolist(), strict=True)
    ]
    odd = {str(at): table.last[at] for at, kind in enumerate(kinds) if kind == _ODD}
    texts = [json_codec.dumps(part) for part in (table.keys, table.names, odd)]
    return b"".join(
        (
            _LENGTHS.pack(*map(len, texts)),
            *texts,
            table.counts.astype("<i8").tobytes(),
            table.monotonic.astype("u1").tobytes(),
            table.first_number.astype("<f8").tobytes(),
            table.last_number.astype("<f8").tobytes(),
            np.array(kinds, "u1").tobytes(),
        )
    )


class FactReader:
    """Reads tables one after the other; tables with the same keys share them."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, ...]] = {}

    def read(self, data: bytes) -> FactTable:
        """The inverse of `to_bytes`; no bytes are an empty table.

        Raises:
            ValueError: not what `to_bytes` made.
        """
        if not data:
            nothing = np.empty(0)
            counts = np.empty((0, 0), np.int64)
            return FactTable(
                (), (), counts, nothing.astype(np.bool_), [], nothing, nothing
            )
        try:
            lengths = _LENGTHS.unpack_from(data)
        except struct.error as error:
            raise ValueError("no lengths") from error
        at, texts = _LENGTHS.size, []
        for length in lengths:
            texts.append(data[at : at + length])
            at += length
        keys, names = self._keys(texts[0]), tuple(json_codec.loads(texts[1]))
        counts, monotonic, first, last, kinds = _arrays(data, at, len(keys), len(names))
        return FactTable(
            keys=keys,
            names=names,
            counts=counts.reshape(len(keys), len(names)),
            monotonic=monotonic.astype(np.bool_),
            last=_last_values(last.tolist(), kinds, json_codec.loads(texts[2])),
            first_number=first,
            last_number=last,
        )

    def _keys(self, text: bytes) -> tuple[str, ...]:
        known = self._known.get(text)
        if known is None:
            known = tuple(json_codec.loads(text.decode()))
            if len(self._known) == KEY_LISTS_COUNT:
                self._known.pop(next(iter(self._known)))
            self._known[text] = known
        return known


def _arrays(data: bytes, start: int, keys: int, names: int) -> list[Any]:
    shapes = (("<i8", keys * names), ("u1", keys), ("<f8", keys), ("<f8", keys))
    at, arrays = start, []
    for kind, count in (*shapes, ("u1", keys)):
        arrays.append(np.frombuffer(data, kind, count, at))
        at += arrays[-1].nbytes
    if at != len(data):
        raise ValueError("wrong length")
    return arrays


def _kind(last: Json, number: float) -> int:
    if isinstance(last, float) and last == number:
        return _FLOAT
    if type(last) is int and abs(last) < INT_MAX and last == number:
        return _INT
    return _ODD


def _last_values(
    numbers: list[Json], kinds: Any, odd: dict[str, Json]
) -> Sequence[Json]:
    for at in np.flatnonzero(kinds == _INT).tolist():
        numbers[at] = int(numbers[at])
    for place, value in odd.items():
        numbers[int(place)] = value
    return numbers
