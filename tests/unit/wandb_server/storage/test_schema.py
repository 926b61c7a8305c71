"""The migrations make exactly the tables of the schema."""

from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from wandb_server.storage import migrations
from wandb_server.storage.schema import metadata, to_bytes, to_text


@pytest.mark.parametrize("make", [migrations.upgrade, migrations.migrate])
def test_made_and_migrated_databases_equal_the_schema(
    tmp_path: Path, make: Callable[[Connection], None]
) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        make(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrations.HEAD
        migrations.upgrade(connection)
        migrations.migrate(connection)
    engine.dispose()


def test_any_text_is_stored() -> None:
    for text in ("", "plain", "ü\0\ud800"):
        assert to_text(to_bytes(text)) == text
