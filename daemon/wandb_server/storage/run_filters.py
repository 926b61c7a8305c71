"""Conditions over runs as SQL.

A value of config or summary is looked up by its key in `run_values` (primary key run,
section, key), a tag in `run_tags`. Numbers compare with numbers, texts with texts;
booleans count as 0 and 1, as in JSON filters of the official product.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, not_, or_, true

from wandb_server.conditions import AllOf, AnyOf, Comparison, Condition, Not, Scalar
from wandb_server.errors import QueryError
from wandb_server.storage.database import in_pieces
from wandb_server.storage.schema import run_tags, run_values, runs

Matches = Mapping[int, tuple[str, ...]]
"""Texts that match a regular expression, by `id` of the comparison."""

Clause = ColumnElement[bool]

_COMPARE: dict[str, Callable[[Any, Any], Clause]] = {
    "gt": lambda column, value: column > value,
    "gte": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lte": lambda column, value: column <= value,
}
_NUMBERS = (
    "created_at",
    "heartbeat_at",
    "finished_at",
    "duration",
    "exit_code",
    "history_line_count",
    "last_step",
)
VALUES_COUNT_MAX = 10_000


def to_clause(condition: Condition, matches: Matches) -> Clause:
    """The WHERE clause over `runs`; regular expressions are answered in `matches`."""
    if isinstance(condition, AllOf):
        return and_(
            true(), *(to_clause(part, matches) for part in condition.conditions)
        )
    if isinstance(condition, AnyOf):
        return or_(
            false(), *(to_clause(part, matches) for part in condition.conditions)
        )
    if isinstance(condition, Not):
        return not_(to_clause(condition.condition, matches))
    return _comparison(condition, matches)


def patterns_of(condition: Condition) -> list[Comparison]:
    """Every regular expression in it."""
    if isinstance(condition, Comparison):
        return [condition] if condition.operator == "regex" else []
    inner = (
        (condition.condition,) if isinstance(condition, Not) else condition.conditions
    )
    return [pattern for part in inner for pattern in patterns_of(part)]


def run_column(name: str) -> ColumnElement[Any]:
    """A column of runs, or what is computed from several."""
    if name == "duration":
        return runs.c.heartbeat_at - runs.c.created_at
    return runs.c[name]


def subject_of(comparison: Comparison) -> tuple[FromClause, ColumnElement[Any], Clause]:
    """(table, text column, which rows) that hold the texts a pattern may match."""
    names = comparison.attribute.names
    if comparison.attribute.section == "tag":
        return run_tags, run_tags.c.tag, true()
    if comparison.attribute.section == "run":
        return runs, run_column(names[0]), true()
    mine = (
        run_values.c.section == comparison.attribute.section
    ) & run_values.c.key.in_(names)
    return run_values, run_values.c.text, mine & (run_values.c.kind == "string")


def _comparison(comparison: Comparison, matches: Matches) -> Clause:
    section, names = comparison.attribute.section, comparison.attribute.names
    if section == "run":
        column = run_column(names[0])
        number = names[0] in _NUMBERS
        test = _test(comparison, matches, column if number else None, column)
        # Unknown (NULL) is false, so that NOT is its opposite.
        return and_(column.is_not(None), test)
    if section == "tag":
        mine = run_tags.c.run_id == runs.c.id
        return exists().where(mine, _test(comparison, matches, None, run_tags.c.tag))
    mine = and_(
        run_values.c.run_id == runs.c.id,
        run_values.c.section == section,
        run_values.c.key.in_(names),
    )
    test = _test(comparison, matches, run_values.c.number, run_values.c.text)
    return exists().where(mine, test)


def _test(
    comparison: Comparison,
    matches: Matches,
    number: ColumnElement[Any] | None,
    text: ColumnElement[Any],
) -> Clause:
    value = comparison.value
    if comparison.operator == "exists":
        return true()
    if comparison.operator == "regex":
        return _among(text, matches[id(comparison)])
    if isinstance(value, tuple):
        texts = tuple(item for item in value if isinstance(item, str))
        numbers = tuple(float(i) for i in value if isinstance(i, int | float))
        some = [_among(text, texts)]
        if number is not None:
            some.append(_among(number, numbers))
        return or_(*some)
    if comparison.operator == "eq":
        return _equal(value, number, text)
    column = text if isinstance(value, str) else number
    if column is None:
        return false()
    return _COMPARE[comparison.operator](column, value)


def _equal(
    value: Scalar, number: ColumnElement[Any] | None, text: ColumnElement[Any]
) -> Clause:
    if value is None:
        return run_values.c.kind == "null"
    if isinstance(value, str):
        return text == value
    if number is None:
        return false()
    if math.isnan(value):
        return run_values.c.kind == "nan" if number is run_values.c.number else false()
    return number == float(value)


def _among(column: ColumnElement[Any], values: tuple[Any, ...]) -> Clause:
    if len(values) > VALUES_COUNT_MAX:
        raise QueryError("filters", f"matches more than {VALUES_COUNT_MAX} values")
    return or_(false(), *(column.in_(piece) for piece in in_pieces(values)))
