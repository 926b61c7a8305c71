"""Config and summary as rows of the value table: one per dotted key.

`{"lr": {"value": 0.1}, "opt": {"value": {"name": "adam"}}}` (config, wrapped) gives `lr
= 0.1` and `opt.name = "adam"`; a summary is not wrapped. Deeper than the limits of the
official product (config 3 dots, summary 4 dots) an object is one value of kind `map`.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from wandb_proto import json_codec

from wandb_server.model.json_value import Json

CONFIG_DOTS_MAX = 3
SUMMARY_DOTS_MAX = 4
TEXT_CHARACTERS_MAX = 1024
"""Longer texts are cut for filtering; the whole text stays in config or summary."""
VALUES_COUNT_MAX = 100_000
"""Keys of one section beyond are not indexed."""


@dataclass(frozen=True, slots=True)
class IndexedValue:
    """A value to filter and sort by. Infinities are numbers, NaN is not."""

    key: str
    kind: str
    number: float | None
    text: str | None


def values_of(section: str, text: str) -> list[IndexedValue]:
    """Every value of a config or summary text; empty when it is not a JSON object."""
    try:
        document = json_codec.loads(text)
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, dict):
        return []
    dots = SUMMARY_DOTS_MAX
    if section == "config":
        document = {key: _unwrap(value) for key, value in document.items()}
        document.pop("_wandb", None)
        dots = CONFIG_DOTS_MAX
    found: dict[str, IndexedValue] = {}
    for key, value in _leaves(document, "", dots):
        if len(found) >= VALUES_COUNT_MAX:
            break
        found[key] = _indexed(key, value)
    return list(found.values())


def clean_text(text: str) -> str:
    """Text that every database takes: lone surrogates and NUL become U+FFFD."""
    return (
        text.encode("utf-8", "replace").decode()
        if not text.isascii() and any("\ud800" <= c <= "\udfff" for c in text)
        else text
    ).replace("\0", "\ufffd")


def _unwrap(value: Json) -> Json:
    return value["value"] if isinstance(value, dict) and "value" in value else value


def _leaves(
    mapping: Mapping[str, Json], prefix: str, dots: int
) -> Iterator[tuple[str, Json]]:
    for name, value in mapping.items():
        key = prefix + str(name)
        if isinstance(value, dict) and value and dots > 0 and "_type" not in value:
            yield from _leaves(value, key + ".", dots - 1)
        else:
            yield key, value


def _indexed(key: str, value: Json) -> IndexedValue:
    kind, number, text = _described(value)
    short = None if text is None else clean_text(text[:TEXT_CHARACTERS_MAX])
    return IndexedValue(clean_text(key), kind, number, short)


def _described(value: Json) -> tuple[str, float | None, str | None]:
    if isinstance(value, bool):
        return "bool", float(value), None
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = math.inf if value > 0 else -math.inf
        if math.isnan(number):
            return "nan", None, None
        return ("inf" if math.isinf(number) else "number"), number, None
    if isinstance(value, str):
        return "string", None, value
    if value is None:
        return "null", None, None
    kind = "list" if isinstance(value, list) else "map"
    return kind, None, json_codec.dumps(value).decode("utf-8", "replace")
