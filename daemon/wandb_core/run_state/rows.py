"""Lines of the history and events files, from their log records.

Values are passed on as the JSON texts that the log holds; only what is no JSON is
quoted. Path elements are literal: dots in them separate nothing.
"""

from collections.abc import Sequence
from typing import TypeAlias

from wandb_proto import json_codec
from wandb_proto.v1.record_pb2 import (
    ConfigItem,
    HistoryItem,
    HistoryRecord,
    StatsRecord,
    SummaryItem,
)

from wandb_core.run_state.json_tree import Node, open_text, render

AnyItem: TypeAlias = HistoryItem | SummaryItem | ConfigItem


def item_path(item: AnyItem) -> tuple[str, ...]:
    """Where the item's value belongs; one of two fields says it."""
    nested = item.nested_key
    return tuple(nested) if nested else (item.key,)


def item_text(item: HistoryItem) -> str:
    """The item's value as JSON text; typed values count where there is no text."""
    if text := item.value_json:
        return text
    kind = item.WhichOneof("value")
    if kind == "boolean":
        return "true" if item.boolean else "false"
    if kind == "integer":
        return str(item.integer)
    if kind == "number":
        return json_codec.dumps(item.number).decode()
    if kind == "text":
        return json_codec.dumps(item.text).decode()
    if kind == "json":
        return item.json
    return "null"


def recorded_step(history: HistoryRecord) -> int | None:
    """The row's own `_step`; None if it has none that is a whole number."""
    for item in history.item:
        nested = item.nested_key
        if item.key == "_step" if not nested else nested == ["_step"]:
            return whole_number(item_text(item))
    return None


def whole_number(text: str) -> int | None:
    """A JSON number in int64 range as int (floats are cut), anything else as None."""
    try:
        number = int(text)
    except ValueError:
        try:
            number = int(float(text))
        except (ValueError, OverflowError):
            return None
    return number if -(1 << 63) <= number < 1 << 63 else None


def history_line(history: HistoryRecord, step: int) -> str:
    """The row as one JSON object with nested keys, at this step."""
    row: Node = {}
    for item in history.item:
        nested = item.nested_key
        text = item.value_json or item_text(item)
        if len(nested) == 1:
            row[nested[0]] = text
        elif nested:
            _set_nested(row, nested, text)
        else:
            row[item.key] = text
    row["_step"] = str(step)
    return checked_line(row)


def stats_line(stats: StatsRecord, start: float, label: str = "") -> str:
    """System metrics as one row; `start` is the run's start in unix seconds."""
    timestamp = stats.timestamp.seconds + stats.timestamp.nanos / 1e9
    runtime = round(max(0.0, timestamp - start), 6)
    row: Node = {
        "_wandb": "true",
        "_timestamp": json_codec.dumps(timestamp).decode(),
        "_runtime": json_codec.dumps(runtime).decode(),
    }
    mark = f"/l:{label}" if label else ""
    for item in stats.item:
        row[f"system.{item.key}{mark}"] = item.value_json or "null"
    return checked_line(row)


def checked_line(row: Node) -> str:
    """The row as one line; leaves that are no JSON become strings."""
    line = render(row)
    try:
        json_codec.loads(line)
    except ValueError:
        line = render(_quoted(row))
    return line.replace("\n", " ").replace("\r", " ")


def checked_text(text: str) -> str:
    """The text if it is JSON, else the same as a JSON string."""
    try:
        json_codec.loads(text)
    except ValueError:
        return json_codec.dumps(text).decode()
    return text


def _set_nested(row: Node, path: Sequence[str], text: str) -> None:
    node = row
    for key in path[:-1]:
        below = node.get(key)
        if not isinstance(below, dict):
            # A dict logged under `key` may be completed by a nested key.
            below = (open_text(below) if below is not None else None) or {}
            node[key] = below
        node = below
    node[path[-1]] = text


def _quoted(node: Node) -> Node:
    quoted: Node = {}
    for key, below in node.items():
        if isinstance(below, dict):
            quoted[key] = _quoted(below)
        else:
            quoted[key] = checked_text(below)
    return quoted
