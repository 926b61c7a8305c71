"""A closed step becomes the items of a history row, and the summaries follow."""

import math
from collections.abc import Iterable
from typing import Any

from wandb_proto.v1 import record_pb2 as pb

from wandb_core.processor.encoding import item_bytes, number_texts, value_text
from wandb_core.processor.leaf_values import Leaf, LeafValues
from wandb_core.processor.metric_rules import MetricRules
from wandb_core.processor.open_row import LeafKey, OpenRow
from wandb_core.run_state import item_path, item_text

_NUMBERS = frozenset((int, float))


class RowBuilder:
    """Knows every key of the run; rows go through it in order, each once."""

    def __init__(self, leaves: LeafValues) -> None:
        self._leaves = leaves
        self._has_rules = True
        self._row_number = 0
        self._plain_keys: list[str] | None = None
        self._plain: list[Leaf] = []
        self._step_leaf = leaves.leaf("_step")
        self._timestamp_leaf = leaves.leaf("_timestamp")
        self._runtime_leaf = leaves.leaf("_runtime")

    @property
    def last_runtime(self) -> float:
        """`_runtime` of the last row."""
        return _seconds(self._runtime_leaf.number)

    def forget_rules(self) -> None:
        """A definition has changed: the next row asks for them again."""
        self._has_rules = False

    def refresh_rules(self, metrics: Iterable[pb.MetricRecord]) -> None:
        """Before each row: take the definitions if they have changed."""
        if not self._has_rules:
            self._plain_keys = None
            self._leaves.define(MetricRules(metrics))
            self._has_rules = True

    def build(self, row: OpenRow, step: int, runtime: float) -> list[bytes]:
        """The encoded items of the row, step metrics that it lacks added."""
        timestamp = row.user_timestamp
        if timestamp is None:
            timestamp = row.call_timestamp
        self._row_number += 1
        data = row.data
        if _NUMBERS.issuperset(map(type, data.values())):
            texts = number_texts([step, timestamp, runtime, *data.values()])
            leaves = self._plain_leaves(data)
            if texts is not None and leaves is not None:
                return self._leaves.observe_numbers(leaves, texts, self._row_number)
        items: list[bytes] = []
        synced: list[tuple[str, ...]] = []
        self._put(self._step_leaf, step, items)
        self._put(self._timestamp_leaf, timestamp, items)
        self._put(self._runtime_leaf, runtime, items)
        for key, value in row.leaves():
            path = self._put(self._leaves.leaf(key), value, items)
            if path is not None:
                synced.append(path)
        if synced:
            self._add_step_metrics(synced, items)
        return items

    def replay(self, history: pb.HistoryRecord) -> float:
        """Learn from a row of the log what `build` had learnt; returns its runtime."""
        runtime = 0.0
        for item in history.item:
            text = item_text(item).encode()
            leaf = self._leaves.leaf(leaf_key(item_path(item)))
            self._leaves.observe(leaf, text, b"")
            if leaf is self._runtime_leaf:
                runtime = _seconds(text)
        self._leaves.take_changes()
        return runtime

    def _plain_leaves(self, data: dict[str, Any]) -> list[Leaf] | None:
        """The leaves of a flat row; None if one of them is under a rule.

        Most rows have the keys of the one before.
        """
        keys = list(data)
        if keys == self._plain_keys:
            return self._plain
        leaves = [self._step_leaf, self._timestamp_leaf, self._runtime_leaf]
        leaves += map(self._leaves.leaf, keys)
        if any(map(self._leaves.has_rule, leaves)):
            return None
        self._plain_keys, self._plain = keys, leaves
        return leaves

    def _put(
        self, leaf: Leaf, value: Any, items: list[bytes]
    ) -> tuple[str, ...] | None:
        """Add a leaf to the row; returns the step metric that it wants beside it."""
        text = value_text(value)
        item = item_bytes(leaf.prefix, text)
        items.append(item)
        leaf.row_number = self._row_number
        rule = self._leaves.observe(leaf, text, item)
        return rule.synced_path if rule is not None else None

    def _add_step_metrics(
        self, paths: list[tuple[str, ...]], items: list[bytes]
    ) -> None:
        for path in dict.fromkeys(paths):
            leaf = self._leaves.leaf(leaf_key(path))
            if leaf.row_number != self._row_number:
                leaf.row_number = self._row_number
                text = leaf.number or b"0"  # as official clients do
                item = item_bytes(leaf.prefix, text)
                items.append(item)
                self._leaves.observe(leaf, text, item)


def leaf_key(path: tuple[str, ...]) -> LeafKey:
    """The path in the form that leaves are looked up by."""
    return path[0] if len(path) == 1 else path


def _seconds(text: bytes) -> float:
    """A `_runtime` as the log has it; 0 for what is no time."""
    try:
        seconds = float(text)
    except ValueError:
        return 0.0
    return seconds if math.isfinite(seconds) else 0.0
