"""The migrations make exactly the tables of the schema."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine
from wandb_server.storage import migrations
from wandb_server.storage.schema import metadata, to_bytes, to_text


def test_migrated_database_equals_the_schema(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/x.db")
    with engine.begin() as connection:
        migrations.upgrade(connection)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        migrations.upgrade(connection)
    engine.dispose()


def test_any_text_is_stored() -> None:
    for text in ("", "plain", "ü\0\ud800"):
        assert to_text(to_bytes(text)) == text
