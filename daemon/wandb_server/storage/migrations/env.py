"""Run by alembic: migrates over the connection that `upgrade` hands in."""

from alembic import context

from wandb_server.storage.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
)
context.run_migrations()
