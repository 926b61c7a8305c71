"""What the columns of a table hold: inferred from the cells, checked at each row.

A column's type grows with its cells (a longer list, the first number after None) and
refuses what does not fit. JSON of a type: `{"wb_type": name, "params"?: {…}}`
(protocol/data-types.md section 5.4). Types are immutable; `assign` returns the grown
one.
"""

import datetime
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wandb.sdk.data_types.foreign_values import (
    as_array,
    is_array,
    is_missing,
    is_scalar,
    python_scalar,
)

ToJson = Callable[["ColumnType"], Any]


@dataclass(frozen=True)
class ColumnType:
    """A type without parameters; also the base of those that have some."""

    name: str

    def params(self, _to_json: ToJson) -> dict[str, Any]:
        """The `params` of its JSON; `to_json` is for the types inside."""
        return {}

    def assign(self, other: "ColumnType") -> "ColumnType | None":
        """This type after a cell of the other type; None where it does not fit."""
        if other == UNKNOWN or other.name == self.name:
            return self
        return None

    def __str__(self) -> str:
        return self.name.capitalize()


class _Any(ColumnType):
    def assign(self, other: ColumnType) -> ColumnType | None:
        return self


class _Unknown(ColumnType):
    def assign(self, other: ColumnType) -> ColumnType | None:
        return None if other == NONE else other


class _Text(ColumnType):
    """A string; a primary key takes strings too."""

    def assign(self, other: ColumnType) -> ColumnType | None:
        return self if other.name in ("string", self.name, "unknown") else None


ANY = _Any("any")
UNKNOWN = _Unknown("unknown")
INVALID = ColumnType("invalid")
NONE = ColumnType("none")
BOOLEAN = ColumnType("boolean")
NUMBER = ColumnType("number")
STRING = ColumnType("string")
TIMESTAMP = ColumnType("timestamp")
PRIMARY_KEY = _Text("primaryKey")


@dataclass(frozen=True)
class ListType(ColumnType):
    """Lists whose elements have one type; the length of the longest."""

    name: str = field(default="list", init=False)
    element: ColumnType = UNKNOWN
    length: int = 0

    def params(self, to_json: ToJson) -> dict[str, Any]:
        return {"element_type": to_json(self.element), "length": self.length}

    def assign(self, other: ColumnType) -> ColumnType | None:
        if not isinstance(other, ListType):
            return super().assign(other)
        element = self.element.assign(other.element)
        if element is None:
            return None
        return ListType(element, max(self.length, other.length))

    def __str__(self) -> str:
        return f"{self.element}[]"


@dataclass(frozen=True)
class DictType(ColumnType):
    """Objects with the same keys."""

    name: str = field(default="typedDict", init=False)
    fields: Mapping[str, ColumnType] = field(default_factory=dict, hash=False)

    def params(self, to_json: ToJson) -> dict[str, Any]:
        return {"type_map": {key: to_json(kind) for key, kind in self.fields.items()}}

    def assign(self, other: ColumnType) -> ColumnType | None:
        if not isinstance(other, DictType):
            return super().assign(other)
        if not other.fields.keys() <= self.fields.keys():
            return None
        grown = {}
        for key, kind in self.fields.items():
            fits = kind.assign(other.fields.get(key, NONE))
            if fits is None:
                return None
            grown[key] = fits
        return DictType(grown)

    def __str__(self) -> str:
        inside = ", ".join(f"{key!r}: {kind}" for key, kind in self.fields.items())
        return "{" + inside + "}"


@dataclass(frozen=True)
class UnionType(ColumnType):
    """One of several types, in the order of their names."""

    name: str = field(default="union", init=False)
    allowed: tuple[ColumnType, ...] = ()

    @classmethod
    def of(cls, *types: ColumnType) -> "UnionType":
        """The union of some types, flat and sorted."""
        flat: list[ColumnType] = []
        for kind in types:
            inside = kind.allowed if isinstance(kind, UnionType) else (kind,)
            flat += [each for each in inside if each not in flat]
        return cls(tuple(sorted(flat, key=str)))

    def params(self, to_json: ToJson) -> dict[str, Any]:
        return {"allowed_types": [to_json(kind) for kind in self.allowed]}

    def assign(self, other: ColumnType) -> ColumnType | None:
        if isinstance(other, UnionType):
            grown: ColumnType | None = self
            for kind in other.allowed:
                grown = grown.assign(kind) if grown else None
            return grown
        # What is not known yet takes a type only if no known one does.
        for kind in sorted(self.allowed, key=lambda kind: kind == UNKNOWN):
            fits = kind.assign(other)
            if fits is not None:
                rest = [each for each in self.allowed if each is not kind]
                return self if fits == kind else UnionType.of(fits, *rest)
        return None

    def __str__(self) -> str:
        return " or ".join(map(str, self.allowed))


@dataclass(frozen=True)
class ArrayType(ColumnType):
    """Arrays of one shape."""

    name: str = field(default="ndarray", init=False)
    shape: tuple[int, ...] = ()

    def params(self, _to_json: ToJson) -> dict[str, Any]:
        return {"shape": list(self.shape), "serialization_path": None}

    def assign(self, other: ColumnType) -> ColumnType | None:
        is_same = isinstance(other, ArrayType) and other.shape == self.shape
        return self if is_same or other == UNKNOWN else None

    def __str__(self) -> str:
        return f"Ndarray(shape:{list(self.shape)})"


@dataclass(frozen=True)
class ObjectType(ColumnType):
    """Python objects of one class, stored as text."""

    name: str = field(default="pythonObject", init=False)
    class_name: str = ""

    def params(self, _to_json: ToJson) -> dict[str, Any]:
        return {"class_name": self.class_name}

    def assign(self, other: ColumnType) -> ColumnType | None:
        is_same = isinstance(other, ObjectType) and other.class_name == self.class_name
        return self if is_same or other == UNKNOWN else None

    def __str__(self) -> str:
        return f"Pythonobject(class_name:{self.class_name})"


@dataclass(frozen=True)
class MediaType(ColumnType):
    """Media objects of one class; parameters of the latest ones win."""

    parameters: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def params(self, _to_json: ToJson) -> dict[str, Any]:
        return dict(self.parameters)

    def assign(self, other: ColumnType) -> ColumnType | None:
        if isinstance(other, MediaType) and other.name == self.name:
            merged = _merged(self.parameters, other.parameters)
            return self if merged == self.parameters else MediaType(self.name, merged)
        return super().assign(other)


@dataclass(frozen=True)
class ForeignType(ColumnType):
    """Keys (`foreignKey`) or rows (`foreignIndex`) of another table."""

    table: Any = None
    column: str | int | None = None

    def params(self, _to_json: ToJson) -> dict[str, Any]:
        found: dict[str, Any] = {"table": self.table}
        if self.column is not None:
            found["col_name"] = self.column
        return found

    def assign(self, other: ColumnType) -> ColumnType | None:
        if isinstance(other, ForeignType):
            return self if other.table is self.table else None
        is_key = other == STRING and self.name == "foreignKey"
        is_row = other == NUMBER and self.name == "foreignIndex"
        return self if is_key or is_row or other == UNKNOWN else None


@dataclass(frozen=True)
class NestedTableType(ColumnType):
    """Whole tables."""

    name: str = field(default="table", init=False)
    columns: DictType = field(default_factory=DictType)

    def params(self, to_json: ToJson) -> dict[str, Any]:
        return {"column_types": to_json(self.columns)}

    def assign(self, other: ColumnType) -> ColumnType | None:
        if not isinstance(other, NestedTableType):
            return super().assign(other)
        columns = self.columns.assign(other.columns)
        return NestedTableType(columns) if isinstance(columns, DictType) else None


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Constants that are dicts or lists of names become their union."""
    merged = dict(first)
    for key, value in second.items():
        known = merged.get(key)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            merged[key] = _merged(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            merged[key] = known + [item for item in value if item not in known]
        else:
            merged[key] = value
    return merged


def optional(kind: ColumnType) -> ColumnType:
    """The type, or None."""
    return UnionType.of(NONE, kind)


_BY_CLASS: dict[type, ColumnType] = {
    bool: BOOLEAN,
    int: NUMBER,
    float: NUMBER,
    str: STRING,
    type(None): NONE,
    datetime.datetime: TIMESTAMP,
    datetime.date: TIMESTAMP,
}


def type_of(value: Any) -> ColumnType:
    """The type of one cell."""
    known = _BY_CLASS.get(type(value))
    if known is not None:
        return known
    if hasattr(value, "column_type"):
        made: ColumnType = value.column_type()
        return made
    if getattr(value, "_wandb_value", False):
        params = value.column_params() if hasattr(value, "column_params") else {}
        return MediaType(value._log_type, params)
    if isinstance(value, list | tuple | set | frozenset):
        element: ColumnType = UNKNOWN
        for item in value:
            element = element.assign(type_of(item)) or INVALID
        return ListType(element, len(value))
    if isinstance(value, Mapping):
        return DictType({str(key): type_of(item) for key, item in value.items()})
    return _type_of_foreign(value)


def _type_of_foreign(value: Any) -> ColumnType:
    """numpy, torch, pandas, and what else there is."""
    if is_missing(value):
        return NONE
    if is_scalar(value):
        return type_of(python_scalar(value))
    if is_array(value):
        return ArrayType(tuple(as_array(value).shape))
    for base, kind in _BY_CLASS.items():
        if isinstance(value, base):
            return kind
    return ObjectType(type(value).__name__)


def fits(kind: ColumnType, value: Any) -> ColumnType | None:
    """The column's type after this cell; None where the cell does not fit.

    NaN stands for None where there are no numbers, as in what pandas gives.
    """
    found = type_of(value)
    grown = kind.assign(found)
    if grown is None and found == NUMBER and _is_nan(value):
        grown = kind.assign(NONE)
    return grown


def quick_classes(kind: ColumnType) -> frozenset[type]:
    """Python classes whose values fit, and change nothing: no need to look closer."""
    allowed = kind.allowed if isinstance(kind, UnionType) else (kind,)
    return frozenset(
        of for of, known in _BY_CLASS.items() if known in allowed or ANY in allowed
    )


def _is_nan(value: Any) -> bool:
    try:
        return math.isnan(float(value))
    except (TypeError, ValueError):
        return False


def from_dtype(dtype: Any) -> ColumnType:
    """The type that a user names: a Python type, a column type, or an example.

    Raises:
        TypeError: a class that no column type stands for.
    """
    if isinstance(dtype, ColumnType):
        return dtype
    if dtype is None:
        return NONE
    if dtype is Any:
        return ANY
    if isinstance(dtype, type):
        for base, kind in _BY_CLASS.items():
            if issubclass(dtype, base):
                return kind
        if hasattr(dtype, "_log_type"):
            return MediaType(dtype._log_type)
        return ObjectType(dtype.__name__)
    return type_of(dtype)
