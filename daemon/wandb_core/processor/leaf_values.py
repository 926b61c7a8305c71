"""What is known of every key: its last value, its aggregates, its summary."""

import math
import operator
from typing import Any

from wandb_proto import json_codec

from wandb_core.processor.encoding import (
    item_bytes,
    item_heads,
    path_prefix,
    value_text,
)
from wandb_core.processor.metric_rules import MetricRule, MetricRules
from wandb_core.processor.open_row import LeafKey

_NAN = float("nan")
_NULL = b"null"
_NUMBER_STARTS = frozenset(b"%c" % start for start in b"-0123456789NI")


class Aggregate:
    """Minimum, maximum, mean, first and last of the values of one key.

    Only numbers count for the first three, and one NaN makes all three NaN for good.
    """

    __slots__ = ("count", "first", "last", "max", "min", "total")

    def __init__(self) -> None:
        self.count = 0
        self.min: float = _NAN
        self.max: float = _NAN
        self.total = 0.0
        self.first: bytes = b""
        self.last: bytes = b""

    def add(self, text: bytes) -> None:
        """Take one value, as JSON text."""
        self.first = self.first or text
        self.last = text
        value = json_codec.loads(text)
        if type(value) not in (int, float):
            return
        if self.count == 0:
            self.min = self.max = value
        elif math.isnan(value) or math.isnan(self.min):
            self.min = self.max = _NAN
        else:
            self.min = min(self.min, value)
            self.max = max(self.max, value)
        self.count += 1
        self.total += value

    def text(self, modes: tuple[str, ...]) -> bytes:
        """The summary object with an entry per mode that has a value; b"" if none."""
        members = []
        for mode in modes:
            if mode in ("first", "last"):
                value = self.first if mode == "first" else self.last
            elif self.count:
                mean = self.total / self.count
                value = value_text(mean if mode == "mean" else getattr(self, mode))
            else:
                continue
            members.append(b'"%s":%s' % (mode.encode(), value))
        return b"{" + b",".join(members) + b"}" if members else b""

    def state(self) -> list[Any]:
        """All of it as JSON-able values."""
        first, last = self.first.decode(), self.last.decode()
        return [self.count, self.min, self.max, self.total, first, last]

    @classmethod
    def from_state(cls, state: list[Any]) -> "Aggregate":
        """What `state` gave."""
        self = cls()
        self.count, self.min, self.max, self.total, first, last = state
        self.first, self.last = first.encode(), last.encode()
        return self


class Leaf:
    """One key of the run."""

    __slots__ = (
        "aggregate",
        "changed_at",
        "heads",
        "is_explicit",
        "number",
        "path",
        "prefix",
        "row_number",
        "rule",
        "rules",
        "summary_item",
        "summary_text",
    )

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        self.prefix = path_prefix(path)
        self.heads = item_heads(self.prefix)
        self.changed_at = 0
        """When its summary changed; 0: not since the last `take_changes`."""
        self.number = b""
        """Last value that was a number, as JSON; empty: none yet."""
        self.row_number = 0
        self.rules: MetricRules | None = None
        self.rule: MetricRule | None = None
        self.aggregate: Aggregate | None = None
        self.is_explicit = False
        """The user has set its summary: aggregation has ended."""
        self.summary_text = b""
        self.summary_item = b""


_changed_at = operator.attrgetter("changed_at")


class LeafValues:
    """All keys, and which of their summaries changed since the last `take_changes`."""

    def __init__(self) -> None:
        self._leaves: dict[LeafKey, Leaf] = {}
        self._changed: list[Leaf] = []
        self._time = 0
        self._aggregated: dict[Leaf, None] = {}
        self._rules = MetricRules(())

    def __len__(self) -> int:
        return len(self._leaves)

    def leaf(self, key: LeafKey) -> Leaf:
        """The leaf of this path, made at its first use."""
        leaf = self._leaves.get(key)
        if leaf is None:
            path = (key,) if isinstance(key, str) else key
            leaf = self._leaves[key] = Leaf(path)
        return leaf

    def define(self, rules: MetricRules) -> None:
        """Take new definitions into account from the next value on."""
        self._rules = rules

    def observe(self, leaf: Leaf, text: bytes, item: bytes) -> MetricRule | None:
        """Take the value that a row has for the leaf; returns the rule it is under.

        `item` is the value encoded as an item: the summary's too if no rule says else.
        """
        if leaf.rules is not self._rules:
            self._resolve(leaf)
        rule = leaf.rule
        if text == _NULL:
            return rule
        if text[:1] in _NUMBER_STARTS:
            leaf.number = text
        if rule is not None:
            if not rule.is_in_summary:
                return rule
            if leaf.aggregate is not None:
                leaf.aggregate.add(text)
                text = leaf.aggregate.text(rule.modes)
                if not text:
                    return rule
                item = item_bytes(leaf.prefix, text)
        leaf.summary_text, leaf.summary_item = text, item
        self._time += 1
        if not leaf.changed_at:
            self._changed.append(leaf)
        leaf.changed_at = self._time
        return rule

    def observe_numbers(
        self, leaves: list[Leaf], texts: list[bytes], row_number: int
    ) -> list[bytes]:
        """Take a row of numbers for distinct leaves without rules; returns its items.

        What `item_bytes` and `observe` do for each, at a third of their price.
        """
        items: list[bytes] = []
        changed, time = self._changed, self._time
        for leaf, text in zip(leaves, texts, strict=True):
            item = leaf.heads[len(text)] + text
            items.append(item)
            leaf.number = leaf.summary_text = text
            leaf.summary_item = item
            leaf.row_number = row_number
            time += 1
            if not leaf.changed_at:
                changed.append(leaf)
            leaf.changed_at = time
        self._time = time
        return items

    def has_rule(self, leaf: Leaf) -> bool:
        """Whether the leaf is under a rule as the definitions are now."""
        if leaf.rules is not self._rules:
            self._resolve(leaf)
        return leaf.rule is not None

    def take_changes(self) -> list[Leaf]:
        """Leaves whose summary changed, in the order of their last change."""
        changes = self.changes()
        self._changed.clear()
        for leaf in changes:
            leaf.changed_at = 0
        return changes

    def changes(self) -> list[Leaf]:
        """The same without taking them."""
        # The order matters: a path may replace what it leads through.
        return sorted(self._changed, key=_changed_at)

    def touches(self, top_keys: set[str]) -> bool:
        """Whether a changed summary lies under one of these top-level keys."""
        return any(leaf.path[0] in top_keys for leaf in self._changed)

    def end_aggregates(self, path: tuple[str, ...]) -> None:
        """The user has set or removed the summary at this path."""
        for leaf in list(self._aggregated):
            shorter = min(len(path), len(leaf.path))
            if leaf.path[:shorter] == path[:shorter]:
                leaf.is_explicit = True
                leaf.aggregate = None
                del self._aggregated[leaf]

    def state(self) -> list[Any]:
        """All but the changes, as JSON-able values."""
        return [
            [
                leaf.path,
                leaf.number.decode(),
                leaf.aggregate.state() if leaf.aggregate else None,
                leaf.is_explicit,
            ]
            for leaf in self._leaves.values()
        ]

    def restore(self, state: list[Any]) -> None:
        """Take over what `state` gave."""
        for path, number, aggregate, is_explicit in state:
            leaf = self.leaf(path[0] if len(path) == 1 else tuple(path))
            leaf.number = number.encode()
            leaf.is_explicit = is_explicit
            if aggregate is not None:
                leaf.aggregate = Aggregate.from_state(aggregate)
                self._aggregated[leaf] = None

    def _resolve(self, leaf: Leaf) -> None:
        leaf.rules = self._rules
        leaf.rule = rule = self._rules.rule(leaf.path)
        if rule is None or not rule.modes:
            leaf.aggregate = None
            self._aggregated.pop(leaf, None)
        elif leaf.aggregate is None and not leaf.is_explicit:
            leaf.aggregate = Aggregate()
            self._aggregated[leaf] = None
