"""The table of alerts, beside those of `schema`."""

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, Table

from wandb_server.storage.schema import metadata
from wandb_server.storage.text_type import Text

_Id = BigInteger().with_variant(Integer(), "sqlite")

alerts = Table(
    "alerts",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("run_id", _Id, ForeignKey("runs.id"), nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("created_at", Float, nullable=False),
    sqlite_autoincrement=True,
)
