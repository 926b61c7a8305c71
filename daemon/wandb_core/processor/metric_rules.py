"""Which `define_metric` applies to a key.

In a name an unescaped dot separates path elements and `\\.` is a literal one; a glob is
a name that ends in `*`, compared with the dotted key. An exact name goes before a glob,
the longer glob before the shorter. Keys that begin with `_` match no glob.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from wandb_proto.v1.record_pb2 import MetricRecord

_SEPARATOR = re.compile(r"(?<!\\)\.")
MODES = ("min", "max", "mean", "last", "first")


@dataclass(frozen=True, slots=True)
class MetricRule:
    """What a definition means for the keys that it applies to.

    `synced_path`: the step metric whose last number is added to rows without it (0 if
    there was none yet).
    """

    modes: tuple[str, ...]
    """Entries of the summary object; empty: the plain last value."""
    is_in_summary: bool
    synced_path: tuple[str, ...] | None


_EMPTY_RULE = MetricRule(modes=(), is_in_summary=True, synced_path=None)


class MetricRules:
    """All definitions of a run, ready to be asked key by key."""

    def __init__(self, metrics: Iterable[MetricRecord]) -> None:
        self._exact: dict[tuple[str, ...], MetricRule] = {}
        globs: list[tuple[str, MetricRule]] = []
        for metric in metrics:
            rule = _rule(metric)
            if metric.glob_name:
                globs.append((metric.glob_name.removesuffix("*"), rule))
            elif metric.options.defined or rule != _EMPTY_RULE:
                # A step metric that is only named by others does not hide a glob.
                self._exact[name_path(metric.name)] = rule
        self._globs = sorted(globs, key=lambda glob: -len(glob[0]))

    def rule(self, path: tuple[str, ...]) -> MetricRule | None:
        """The definition for the key at this path, if there is one."""
        if (rule := self._exact.get(path)) is not None:
            return rule
        if not self._globs or path[0].startswith("_"):
            return None
        dotted = ".".join(path)
        escaped = ".".join(key.replace(".", r"\.") for key in path)
        for prefix, glob_rule in self._globs:
            if dotted.startswith(prefix) or escaped.startswith(prefix):
                return glob_rule
        return None


def name_path(name: str) -> tuple[str, ...]:
    """The path that a metric name stands for."""
    return tuple(part.replace(r"\.", ".") for part in _SEPARATOR.split(name))


def _rule(metric: MetricRecord) -> MetricRule:
    is_synced = metric.options.step_sync and metric.step_metric
    return MetricRule(
        modes=tuple(mode for mode in MODES if getattr(metric.summary, mode)),
        is_in_summary=not metric.summary.none,
        synced_path=name_path(metric.step_metric) if is_synced else None,
    )
