"""Lists of runs: page by page, in any order, filtered by anything.

```
sort values of a run   rank number text | rank number text | id
                       └── 1st term ──┘   └── 2nd term ──┘
```

`rank` puts numbers before texts before what cannot be compared (NaN, lists) before what
is absent, in either direction. A page begins behind the sort values of the last run of
the page before, so that runs which come or go in between shift nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    true,
)

from wandb_server.conditions import Condition, OrderTerm, Scalar
from wandb_server.errors import QueryError
from wandb_server.model.runs import Run
from wandb_server.storage.database import in_pieces
from wandb_server.storage.run_filters import (
    Matches,
    patterns_of,
    run_column,
    subject_of,
    to_clause,
)
from wandb_server.storage.runs import read_runs
from wandb_server.storage.schema import projects, run_values, runs
from wandb_server.storage.text_type import is_text

TEXTS_COUNT_MAX = 100_000
"""Different texts that one regular expression is tried on."""

SortValues = tuple[Scalar, ...]


def texts_for_patterns(
    connection: Connection, project_id: int, condition: Condition
) -> dict[int, tuple[str, list[str]]]:
    """(pattern, texts it may match) of every regular expression, by `id` of it.

    Raises:
        QueryError: too many different texts.
    """
    found: dict[int, tuple[str, list[str]]] = {}
    for pattern in patterns_of(condition):
        table, column, mine = subject_of(pattern)
        statement = select(cast(column, String)).where(
            runs.c.project_id == project_id, mine, column.is_not(None)
        )
        if table is not runs:
            statement = statement.select_from(table).join(
                runs, runs.c.id == table.c.run_id
            )
        texts = connection.scalars(
            statement.distinct().limit(TEXTS_COUNT_MAX + 1)
        ).all()
        if len(texts) > TEXTS_COUNT_MAX:
            raise QueryError(
                pattern.part, f"more than {TEXTS_COUNT_MAX} different texts to try"
            )
        found[id(pattern)] = (str(pattern.value), list(texts))
    return found


def count_runs(
    connection: Connection, project_id: int, condition: Condition, matches: Matches
) -> int:
    """How many runs of the project the condition lets through."""
    statement = _narrowed(select(func.count()), project_id, condition, matches)
    return int(connection.scalar(statement.select_from(runs)) or 0)


def list_runs(
    connection: Connection,
    project_id: int,
    condition: Condition,
    matches: Matches,
    order: Sequence[OrderTerm],
    count: int,
    behind: Sequence[Scalar] | None,
) -> tuple[list[tuple[Run, SortValues]], int]:
    """At most `count` runs with their sort values, behind the given sort values; and
    how many the condition lets through at all.

    Without a place to begin behind, one walk over the runs answers both.
    """
    source: FromClause = runs
    columns: list[tuple[ColumnElement[Any], bool]] = []
    for term in order:
        source, of_term = _sort_columns(term, source)
        columns.extend(of_term)
    # The id settles ties, newest first when the first term goes down.
    columns.append((runs.c.id, bool(order) and order[0].descending))
    named = [column.label(f"s{index}") for index, (column, _) in enumerate(columns)]
    statement = _narrowed(
        select(*named).select_from(source), project_id, condition, matches
    )
    if behind is None:
        statement = statement.add_columns(func.count().over())
    else:
        total = count_runs(connection, project_id, condition, matches)
        statement = statement.where(_behind(columns, behind))
        statement = statement.add_columns(literal(total))
    statement = statement.order_by(
        *(column.desc() if descending else column for column, descending in columns)
    )
    found = connection.execute(statement.limit(count)).all()
    if behind is None:
        total = int(found[0][-1]) if found else 0
    rows = [tuple(row[:-1]) for row in found]
    by_id = {run.id: run for run in read_runs(connection, [row[-1] for row in rows])}
    return [(by_id[row[-1]], row) for row in rows if row[-1] in by_id], total


def sort_value_count(order: Sequence[OrderTerm]) -> int:
    """How many sort values a run has."""
    return 3 * len(order) + 1


def project_of(connection: Connection, entity: str, project: str) -> int | None:
    """The project's id, or None."""
    named = (projects.c.entity == entity) & (projects.c.name == project)
    found: int | None = connection.scalar(select(projects.c.id).where(named))
    return found


def ids_of_runs(
    connection: Connection, entity: str, project: str, names: Sequence[str], limit: int
) -> dict[str, int]:
    """Ids by name: of the named runs in that order, else of the newest ones."""
    statement = (
        select(runs.c.name, runs.c.id)
        .join(projects, projects.c.id == runs.c.project_id)
        .where(projects.c.entity == entity, projects.c.name == project)
    )
    if not names:
        newest = statement.order_by(runs.c.created_at.desc()).limit(limit)
        latest = connection.execute(newest).all()
        return {row.name: row.id for row in reversed(latest)}
    found: dict[str, int] = {}
    for piece in in_pieces(names):
        rows = connection.execute(statement.where(runs.c.name.in_(piece)))
        found.update((row.name, row.id) for row in rows)
    return {name: found[name] for name in names if name in found}


def marks_of_runs(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[int, int]]:
    """(mark, next row) of these runs: where segments end and the tail ends."""
    found: dict[int, tuple[int, int]] = {}
    for piece in in_pieces(ids):
        statement = select(runs.c.id, runs.c.segment_mark, runs.c.next_row)
        rows = connection.execute(statement.where(runs.c.id.in_(piece)))
        found.update((row.id, (row.segment_mark, row.next_row)) for row in rows)
    return found


def _narrowed(
    statement: Select[Any], project_id: int, condition: Condition, matches: Matches
) -> Select[Any]:
    return statement.where(
        runs.c.project_id == project_id, to_clause(condition, matches)
    )


def _sort_columns(
    term: OrderTerm, source: FromClause
) -> tuple[FromClause, list[tuple[ColumnElement[Any], bool]]]:
    """Where the columns come from, and (column, descending) triples that are never
    NULL.

    A value that has one possible key is joined, so that it is looked up once and not
    for each of the three.
    """
    if term.attribute.section == "run":
        column = run_column(term.attribute.names[0])
        number = not is_text(column.type)
        rank = case((column.is_(None), literal(3)), else_=literal(0 if number else 1))
        return source, [
            (rank, False),
            (func.coalesce(column, 0) if number else literal(0), term.descending),
            (literal("") if number else func.coalesce(column, ""), term.descending),
        ]
    names = term.attribute.names
    if len(names) == 1:
        value = run_values.alias()
        one = (
            (value.c.run_id == runs.c.id)
            & (value.c.section == term.attribute.section)
            & (value.c.key == names[0])
        )
        rank = case((value.c.run_id.is_(None), 3), else_=_rank(value))
        return source.outerjoin(value, one), [
            (rank, False),
            (func.coalesce(value.c.number, 0), term.descending),
            (func.coalesce(value.c.text, ""), term.descending),
        ]

    def of_value(column: ColumnElement[Any], absent: Any) -> ColumnElement[Any]:
        found = (
            select(column)
            .where(
                run_values.c.run_id == runs.c.id,
                run_values.c.section == term.attribute.section,
                run_values.c.key.in_(term.attribute.names),
            )
            .order_by(func.length(run_values.c.key).desc())
            .limit(1)
            .correlate(runs)
            .scalar_subquery()
        )
        return func.coalesce(found, absent)

    return source, [
        (of_value(_rank(run_values), 3), False),
        (of_value(run_values.c.number, 0), term.descending),
        (of_value(run_values.c.text, ""), term.descending),
    ]


def _rank(values: FromClause) -> ColumnElement[Any]:
    return case(
        (values.c.number.is_not(None), 0), (values.c.kind == "string", 1), else_=2
    )


def _behind(
    columns: Sequence[tuple[ColumnElement[Any], bool]], values: Sequence[Scalar]
) -> ColumnElement[bool]:
    """Sort values greater than `values`, compared from left to right."""
    clause: ColumnElement[bool] = false()
    for (column, descending), value in reversed(
        list(zip(columns, values, strict=True))
    ):
        beyond = column < value if descending else column > value
        clause = or_(beyond, and_(column == value, clause, true()))
    return clause
