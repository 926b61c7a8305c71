"""Filters and orders of runs as data: parsed by `query`, turned into SQL by `storage`.

```
Condition = Comparison(attribute, operator, value) | AllOf(...) | AnyOf(...) | Not(...)
```

Nothing a user wrote is ever part of a statement: attributes are checked against the
list in `query.filters`, values are bound.
"""

from dataclasses import dataclass
from typing import Literal

Operator = Literal["eq", "gt", "gte", "lt", "lte", "exists", "regex"]
Scalar = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is compared: a column of runs, a tag, or a value of config or summary."""

    section: Literal["run", "tag", "config", "summary"]
    names: tuple[str, ...]
    """Column, or the dotted keys that are meant (the first one found counts)."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test. `eq` with a tuple means "any of these"; `exists` has a bool value."""

    attribute: Attribute
    operator: Operator
    value: Scalar | tuple[Scalar, ...]
    part: str
    """Where it stood in the filter, for messages."""


@dataclass(frozen=True, slots=True)
class AllOf:
    """True if every one is; true when empty."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True if one is; false when empty."""

    conditions: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """True if it is not; an absent value is not equal to anything."""

    condition: "Condition"


Condition = Comparison | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """Sort by this attribute. Runs without it come last, either way."""

    attribute: Attribute
    descending: bool
