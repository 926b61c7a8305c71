"""What is known of a metric without reading it: types, order, last value.

Facts of consecutive pieces of a run join to the facts of the whole, so what a segment
holds is summed up once and only the tail is looked at again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from wandb_server.model.json_value import Json

LAST_CHARACTERS_MAX = 1024
"""A longer last value (string, list, map) is not kept: None."""

_NAMES = {int: "number", float: "number", bool: "number", str: "string", list: "list"}


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """Facts of one key over some rows, in order of arrival.

    `first_number` and `last_number` are None without finite numbers; `monotonic` speaks
    of the finite numbers only (never going down).
    """

    types: Mapping[str, int]
    monotonic: bool
    last: Json
    first_number: float | None
    last_number: float | None


def type_of(value: Json) -> str:
    """number, string, list, map, nil, or the `_type` of a media object."""
    name = _NAMES.get(type(value))
    if name is not None:
        return name
    if value is None:
        return "nil"
    kind = value.get("_type") if isinstance(value, dict) else None
    return kind if isinstance(kind, str) else "map"


def facts_of(values: Sequence[Json], points: Any) -> KeyFacts:
    """Facts of a key's values; `points` are its `rows.Points`, or None."""
    number_count = 0 if points is None else len(points.value)
    types: dict[str, int] = {"number": number_count} if number_count else {}
    if number_count < len(values):
        for value in values:
            name = type_of(value)
            if name != "number":
                types[name] = types.get(name, 0) + 1
    finite = np.empty(0) if points is None else points.value[points.kind == 0]
    return KeyFacts(
        types=types,
        monotonic=bool(number_count) and bool(np.all(finite[1:] >= finite[:-1])),
        last=bounded(values[-1]),
        first_number=float(finite[0]) if len(finite) else None,
        last_number=float(finite[-1]) if len(finite) else None,
    )


def join_facts(
    first: Mapping[str, KeyFacts], second: Mapping[str, KeyFacts]
) -> dict[str, KeyFacts]:
    """Facts of `second` behind `first`, key by key."""
    joined = dict(first)
    for key, more in second.items():
        known = joined.get(key)
        joined[key] = more if known is None else _join(known, more)
    return joined


def _join(first: KeyFacts, second: KeyFacts) -> KeyFacts:
    types = dict(first.types)
    for name, count in second.types.items():
        types[name] = types.get(name, 0) + count
    in_order = (
        first.last_number is None
        or second.first_number is None
        or first.last_number <= second.first_number
    )
    # A piece without any number says nothing about order.
    pieces = [fact for fact in (first, second) if "number" in fact.types]
    return KeyFacts(
        types=types,
        monotonic=bool(pieces) and in_order and all(fact.monotonic for fact in pieces),
        last=second.last,
        first_number=(
            second.first_number if first.first_number is None else first.first_number
        ),
        last_number=(
            first.last_number if second.last_number is None else second.last_number
        ),
    )


def bounded(value: Json) -> Json:
    """The value, if it is small enough to be kept with the facts."""
    if isinstance(value, str | list | dict) and len(str(value)) > LAST_CHARACTERS_MAX:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        return math.inf if value > 0 else -math.inf
    return value
