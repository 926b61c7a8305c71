"""Bringing a database to the newest shape; one file in `versions/` per change.

```
no tables ──────────────────► made from the schema, version HEAD
version HEAD ───────────────► nothing to do
an older version ─ alembic ─► version HEAD
```

Alembic is loaded only where a migration has to be run: it takes a third of the time in
which a server starts.
"""

from pathlib import Path

from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    Table,
    Text,
    insert,
    inspect,
    select,
)

from wandb_server.errors import StorageError
from wandb_server.storage.alert_schema import alerts
from wandb_server.storage.artifact_schema import ARTIFACT_TABLES
from wandb_server.storage.history_part_schema import HISTORY_PART_TABLES
from wandb_server.storage.people_schema import PEOPLE_TABLES
from wandb_server.storage.schema import metadata
from wandb_server.storage.sweep_schema import SWEEP_TABLES

_TABLES = (
    *ARTIFACT_TABLES,
    *PEOPLE_TABLES,
    *SWEEP_TABLES,
    *HISTORY_PART_TABLES,
    alerts,
)
assert all(table.metadata is metadata for table in _TABLES)

HEAD = "0006"
"""The newest version; a test compares it with the files."""

_versions = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", Text, primary_key=True, nullable=False),
)


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction.

    Raises:
        StorageError: a newer version of the program made this database.
    """
    current = _current(connection)
    if current == HEAD:
        return
    if current is None and not inspect(connection).get_table_names():
        metadata.create_all(connection, checkfirst=False)
        _versions.create(connection, checkfirst=True)
        connection.execute(insert(_versions).values(version_num=HEAD))
        return
    migrate(connection)


def migrate(connection: Connection, version: str = "head") -> None:
    """Run every missing migration, from the first one on a database without tables.

    Raises:
        StorageError: a newer version of the program made this database.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(settings)
    current = _current(connection)
    if current and current not in {s.revision for s in scripts.walk_revisions()}:
        raise StorageError(
            f"the database has version {current}, made by a newer program; update this"
        )
    command.upgrade(settings, version)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_versions.name):
        return None
    found: str | None = connection.scalar(select(_versions.c.version_num))
    return found
