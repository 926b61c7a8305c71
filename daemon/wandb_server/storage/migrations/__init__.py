"""Bringing a database to the newest shape; one file in `versions/` per change."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from wandb_server.errors import StorageError


def upgrade(connection: Connection) -> None:
    """Run the migrations that are missing, inside the caller's transaction.

    Raises:
        StorageError: a newer version of the program made this database.
    """
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    settings.set_main_option("path_separator", "os")
    settings.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(settings)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current and current not in {s.revision for s in scripts.walk_revisions()}:
        raise StorageError(
            f"the database has version {current}, made by a newer program; update this"
        )
    command.upgrade(settings, "head")
