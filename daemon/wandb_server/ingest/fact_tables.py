"""Facts of all metrics of a run as columns: small to keep, fast to add up.

```
keys      loss      opt.lr        names  number  string …
counts  [[2000, 0], [2000, 0]]    rows that have the key, by type
monotonic, first, last_number     per key; NaN where there is no finite number
last    [0.1, 0.001]
```

Runs of one project mostly have the same keys; then adding them up is a few additions of
arrays, not a walk over every key of every run.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from wandb_server.ingest.key_facts import KeyFacts
from wandb_server.model.history import MetricKey
from wandb_server.model.json_value import Json

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactTable:
    """Facts by key; keys ascend."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    monotonic: npt.NDArray[np.bool_]
    last: Sequence[Json]
    first_number: Floats
    last_number: Floats


def to_table(facts: Mapping[str, KeyFacts]) -> FactTable:
    """The same facts as columns."""
    keys = tuple(sorted(facts))
    ordered = [facts[key] for key in keys]
    names = tuple(sorted({name for fact in ordered for name in fact.types}))
    places = {name: place for place, name in enumerate(names)}
    counts = np.zeros((len(keys), len(names)), np.int64)
    for row, fact in enumerate(ordered):
        for name, count in fact.types.items():
            counts[row, places[name]] = count
    return FactTable(
        keys=keys,
        names=names,
        counts=counts,
        monotonic=np.array([fact.monotonic for fact in ordered], np.bool_),
        last=[fact.last for fact in ordered],
        first_number=_numbers([fact.first_number for fact in ordered]),
        last_number=_numbers([fact.last_number for fact in ordered]),
    )


def to_facts(table: FactTable) -> dict[str, KeyFacts]:
    """The inverse of `to_table`."""
    columns = zip(
        table.keys,
        table.counts.tolist(),
        table.monotonic.tolist(),
        table.last,
        _optional(table.first_number),
        _optional(table.last_number),
        strict=True,
    )
    return {
        key: KeyFacts(_types(table.names, counts), *rest)
        for key, counts, *rest in columns
    }


def add_up(tables: Sequence[FactTable]) -> list[MetricKey]:
    """The union of several runs' keys, by name; the last run says the last value."""
    groups: list[_Group] = []
    for table in tables:
        for group in groups:
            if group.takes(table):
                group.add(table)
                break
        else:
            groups.append(_Group(table))
    counted: dict[str, MetricKey] = {}
    for group in groups:
        for key in group.metric_keys():
            known = counted.get(key.key)
            counted[key.key] = key if known is None else _join(known, key)
    return [counted[key] for key in sorted(counted)]


class _Group:
    """Tables of the same shape, added up."""

    def __init__(self, table: FactTable) -> None:
        self._table = table
        self._counts = table.counts
        self._monotonic = table.monotonic
        self._run_count = 1

    def takes(self, table: FactTable) -> bool:
        return self._table.names == table.names and self._table.keys == table.keys

    def add(self, table: FactTable) -> None:
        self._table = table
        self._counts = self._counts + table.counts
        self._monotonic = self._monotonic & table.monotonic
        self._run_count += 1

    def metric_keys(self) -> list[MetricKey]:
        table = self._table
        columns = zip(
            table.keys,
            self._counts.tolist(),
            self._monotonic.tolist(),
            table.last,
            strict=True,
        )
        return [
            MetricKey(
                key, _types(table.names, counts), monotonic, last, self._run_count
            )
            for key, counts, monotonic, last in columns
        ]


def _join(first: MetricKey, second: MetricKey) -> MetricKey:
    types = dict(first.types)
    for name, count in second.types.items():
        types[name] = types.get(name, 0) + count
    return MetricKey(
        first.key,
        types,
        first.monotonic and second.monotonic,
        second.last,
        first.run_count + second.run_count,
    )


def _types(names: Sequence[str], counts: Sequence[int]) -> dict[str, int]:
    return {name: count for name, count in zip(names, counts, strict=True) if count}


def _numbers(values: Sequence[float | None]) -> Floats:
    return np.array([math.nan if v is None else v for v in values], np.float64)


def _optional(values: Floats) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]
