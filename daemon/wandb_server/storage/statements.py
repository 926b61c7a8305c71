"""Statements of the hot path, compiled once per kind of database.

```
SQLAlchemy statement ─ once ─► text of the dialect ─► driver      10 µs a call
                     ─ each time, as everywhere else ─►           80 to 120 µs
```

A post of a hundred rows is half a dozen statements: written as everywhere else they
would cost more than its rows. What is left out: results are as the driver gives them
(SQLite knows no booleans), and only texts are prepared for the database.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, Connection, Dialect, Table, bindparam, update
from sqlalchemy.dialects import postgresql, sqlite

from wandb_server.storage.text_type import storable

Values = Mapping[str, Any]


class Prepared:
    """A statement whose every value is a `bindparam`."""

    def __init__(self, build: Callable[[str], ClauseElement]) -> None:
        """`build` gets the kind of database: sqlite or postgresql."""
        self._build = build
        self._compiled: dict[str, tuple[str, tuple[str, ...] | None]] = {}

    def run(self, connection: Connection, values: Values) -> int:
        """How many rows were changed."""
        text, sent = self._bind(connection, values)
        return connection.exec_driver_sql(text, sent).rowcount

    def first(self, connection: Connection, values: Values) -> Any:
        """The first row, or None."""
        text, sent = self._bind(connection, values)
        return connection.exec_driver_sql(text, sent).first()

    def _bind(self, connection: Connection, values: Values) -> tuple[str, Any]:
        dialect = connection.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            known = _compile(self._build(dialect.name), dialect)
            self._compiled[dialect.name] = known
        text, order = known
        if order is not None:
            return text, tuple(values[name] for name in order)
        return text, {name: _storable(value) for name, value in values.items()}


def update_by_id(
    connection: Connection, table: Table, row_id: int, values: Values
) -> int:
    """Set columns of the row with this `id`; how many rows there were."""
    statement = _update(table, tuple(values))
    return statement.run(connection, {**values, "which_id": row_id})


@lru_cache(maxsize=256)
def _update(table: Table, names: tuple[str, ...]) -> Prepared:
    mine = table.c.id == bindparam("which_id")
    new = {name: bindparam(name, type_=table.c[name].type) for name in names}
    return Prepared(lambda _: update(table).where(mine).values(new))


def upsert_statement(table: Table, update: Sequence[str], kind: str) -> Any:
    """INSERT that sets the columns in `update` where the primary key exists."""
    dialect = postgresql if kind == "postgresql" else sqlite
    statement = dialect.insert(table).values(
        {c.name: bindparam(c.name, type_=c.type) for c in table.columns}
    )
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={name: statement.excluded[name] for name in update},
    )


def _compile(
    statement: ClauseElement, dialect: Dialect
) -> tuple[str, tuple[str, ...] | None]:
    compiled = statement.compile(dialect=dialect)
    order = getattr(compiled, "positiontup", None)
    return str(compiled), None if order is None else tuple(order)


def _storable(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value
