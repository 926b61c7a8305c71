"""Parquet files of histories, and the names under which clients keep them."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.text_type import Text

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "history_parts",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("end_line", sa.BigInteger(), nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("fit", sa.Boolean(create_constraint=False), nullable=False),
        sa.Column("step_max", sa.BigInteger()),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("object_id", ID),
        sa.Column("used_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_history_parts_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_history_parts_object_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "number", name=op.f("pk_history_parts")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_history_parts_used_at"), "history_parts", ["used_at"])
    op.create_table(
        "history_part_names",
        sa.Column("name", Text(), nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_history_part_names")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_history_part_names_run_id"), "history_part_names", ["run_id"]
    )
