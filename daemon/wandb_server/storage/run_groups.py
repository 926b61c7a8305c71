"""Runs put together by a value that they share, and what their numbers add up to."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    case,
    func,
    literal,
    null,
    select,
)

from wandb_server.conditions import Attribute, Condition
from wandb_server.model.run_questions import ColumnSum, RunGroup
from wandb_server.storage.run_filters import Matches, run_column, to_clause
from wandb_server.storage.schema import run_values, runs
from wandb_server.storage.text_type import is_text


def group_runs(
    connection: Connection,
    project_id: int,
    condition: Condition,
    matches: Matches,
    by: Attribute,
    columns: Sequence[Attribute],
    count: int,
) -> list[RunGroup]:
    """The largest groups; `columns` are of config or summary.

    Each run's values are looked up once: put into the sums as they are, SQLite would
    look them up again for every count, mean, lowest and highest.
    """
    numbers = [_number(column).label(f"c{at}") for at, column in enumerate(columns)]
    source, number, text = _parts(by)
    each = (
        select(
            runs.c.created_at,
            number.label("group_number"),
            text.label("group_text"),
            *numbers,
        )
        .select_from(source)
        .where(runs.c.project_id == project_id, to_clause(condition, matches))
        .cte("each")
        .prefix_with("MATERIALIZED")
    )
    sums = [
        one
        for at in range(len(columns))
        for one in (
            func.count(each.c[f"c{at}"]),
            func.avg(each.c[f"c{at}"]),
            func.min(each.c[f"c{at}"]),
            func.max(each.c[f"c{at}"]),
        )
    ]
    statement = (
        select(
            each.c.group_number,
            each.c.group_text,
            func.count(),
            func.max(each.c.created_at),
            *sums,
        )
        .group_by(each.c.group_number, each.c.group_text)
        .order_by(
            func.count().desc(),
            each.c.group_number.nulls_last(),
            each.c.group_text.nulls_last(),
        )
        .limit(count)
    )
    return [_group(row) for row in connection.execute(statement)]


def _group(row: Any) -> RunGroup:
    number, text, count, newest_at, *sums = row
    return RunGroup(
        number if number is not None else text,
        count,
        newest_at,
        tuple(ColumnSum(*sums[at : at + 4]) for at in range(0, len(sums), 4)),
    )


def _parts(
    by: Attribute,
) -> tuple[FromClause, ColumnElement[Any], ColumnElement[Any]]:
    """Where it comes from, and (number, text) of the value that a run is put under."""
    if by.section == "run":
        column = run_column(by.names[0])
        if is_text(column.type):
            return runs, null(), column
        return runs, column, null()
    if len(by.names) > 1:
        return runs, _number(by), _value(by, _shown(run_values))
    value = run_values.alias()
    one = (
        (value.c.run_id == runs.c.id)
        & (value.c.section == by.section)
        & (value.c.key == by.names[0])
    )
    return runs.outerjoin(value, one), value.c.number, _shown(value)


def _shown(values: FromClause) -> ColumnElement[Any]:
    """The text, or the kind, of a value that is no number."""
    return case(
        (values.c.number.is_not(None), null()),
        (values.c.text.is_not(None), values.c.text),
        else_=values.c.kind,
    )


def _number(attribute: Attribute) -> ColumnElement[Any]:
    if attribute.section == "run":
        column = run_column(attribute.names[0])
        return literal(None) if is_text(column.type) else column
    return _value(attribute, run_values.c.number)


def _value(attribute: Attribute, column: ColumnElement[Any]) -> ColumnElement[Any]:
    found = (
        select(column)
        .where(
            run_values.c.run_id == runs.c.id,
            run_values.c.section == attribute.section,
            run_values.c.key.in_(attribute.names),
        )
        .order_by(func.length(run_values.c.key).desc())
        .limit(1)
        .correlate(runs)
    )
    return found.scalar_subquery()
