"""Column types as JSON, and back."""

from collections.abc import Callable, Mapping
from typing import Any

from wandb.sdk.data_types.column_types import (
    ANY,
    BOOLEAN,
    INVALID,
    NONE,
    NUMBER,
    PRIMARY_KEY,
    STRING,
    TIMESTAMP,
    UNKNOWN,
    ArrayType,
    ColumnType,
    DictType,
    ForeignType,
    ListType,
    MediaType,
    NestedTableType,
    ObjectType,
    UnionType,
)

_PLAIN = {
    kind.name: kind
    for kind in (
        ANY,
        BOOLEAN,
        INVALID,
        NONE,
        NUMBER,
        PRIMARY_KEY,
        STRING,
        TIMESTAMP,
        UNKNOWN,
    )
}

ExtraParams = Callable[[ColumnType], Mapping[str, Any]]
"""Parameters that only the place of storage knows: where arrays and tables lie."""


def type_to_json(
    kind: ColumnType, extra: ExtraParams = lambda kind: {}
) -> dict[str, Any]:
    """`{"wb_type": name, "params"?: {…}}`."""

    def one(inner: ColumnType) -> dict[str, Any]:
        params = {**inner.params(one), **extra(inner)}
        return {"wb_type": inner.name} | ({"params": params} if params else {})

    return one(kind)


def type_from_json(described: Any) -> ColumnType:
    """The type that `type_to_json` or the official client described; `any` if none."""
    if not isinstance(described, Mapping):
        return ANY
    name = str(described.get("wb_type", "any"))
    given = described.get("params")
    params: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    if name in _PLAIN:
        return _PLAIN[name]
    match name:
        case "union":
            allowed = params.get("allowed_types") or []
            return UnionType.of(*map(type_from_json, allowed))
        case "list":
            element = type_from_json(params.get("element_type"))
            return ListType(element, int(params.get("length") or 0))
        case "typedDict" | "dictionary":
            fields = params.get("type_map") or {}
            return DictType({key: type_from_json(of) for key, of in fields.items()})
        case "ndarray":
            return ArrayType(tuple(params.get("shape") or ()))
        case "pythonObject":
            return ObjectType(str(params.get("class_name", "")))
        case "table":
            columns = type_from_json(params.get("column_types"))
            inside = columns if isinstance(columns, DictType) else DictType()
            return NestedTableType(columns=inside)
        case "foreignKey" | "foreignIndex":
            return ForeignType(name, params.get("table"), params.get("col_name"))
    return MediaType(name, dict(params))
