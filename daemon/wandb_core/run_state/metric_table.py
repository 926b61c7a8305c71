"""`define_metric` as the server's config shows it: `_wandb.value.m`.

An array of objects with numeric string keys: 1 name · 2 glob name · 5 index of the step
metric in the same array, from 1 · 6 options (1 step_sync, 2 hidden, 3 defined) ·
7 summary modes (1 min … 8 first).
"""

from collections.abc import Iterable, Iterator
from typing import Any

from wandb_proto.v1.record_pb2 import MetricRecord

_OPTIONS = (("step_sync", 1), ("hidden", 2), ("defined", 3))
_MODES = (
    ("min", 1),
    ("max", 2),
    ("mean", 3),
    ("best", 4),
    ("last", 5),
    ("none", 6),
    ("copy", 7),
    ("first", 8),
)


class MetricTable:
    """The definitions of a run, merged: names first, globs by their pattern."""

    def __init__(self) -> None:
        self._metrics: dict[str, MetricRecord] = {}

    def define(self, record: MetricRecord) -> MetricRecord | None:
        """Merge a definition, or replace it if it says so; returns the result.

        The step metric is registered with it. None: the record names nothing.
        """
        name = record.glob_name or record.name
        if not name:
            return None
        known = self._metrics.get(name)
        if known is None or record._control.overwrite:
            known = self._metrics[name] = MetricRecord()
        known.MergeFrom(record)
        known.ClearField("_control")
        step_metric = record.step_metric
        if step_metric and step_metric not in self._metrics:
            self._metrics[step_metric] = MetricRecord(name=step_metric)
        return known

    def __iter__(self) -> Iterator[MetricRecord]:
        return iter(self._metrics.values())

    def restore(self, metrics: Iterable[MetricRecord]) -> None:
        """Take over what iterating over another table gave."""
        self._metrics = {metric.glob_name or metric.name: metric for metric in metrics}

    def as_config(self) -> list[dict[str, Any]]:
        """The array for the config."""
        places = {name: index for index, name in enumerate(self._metrics, 1)}
        return [self._entry(metric, places) for metric in self._metrics.values()]

    def _entry(self, metric: MetricRecord, places: dict[str, int]) -> dict[str, Any]:
        entry: dict[str, Any] = {}
        if metric.glob_name:
            entry["2"] = metric.glob_name
        else:
            entry["1"] = metric.name
        if metric.step_metric:
            entry["5"] = places[metric.step_metric]
        entry["6"] = _numbers(metric.options, _OPTIONS)
        if metric.glob_name and 3 in entry["6"]:
            entry["6"].remove(3)
        entry["7"] = _numbers(metric.summary, _MODES)
        return entry


def _numbers(flags: object, names: tuple[tuple[str, int], ...]) -> list[int]:
    return [number for name, number in names if getattr(flags, name)]
