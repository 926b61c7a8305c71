"""The table of alerts, beside those of `schema`."""

from sqlalchemy import Column, Float, ForeignKey, Table

from wandb_server.storage.id_type import Id
from wandb_server.storage.schema import metadata
from wandb_server.storage.text_type import Text

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("run_id", Id, ForeignKey("runs.id"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
