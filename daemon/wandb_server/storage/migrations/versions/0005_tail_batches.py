"""The tail holds batches of lines, not a row for each line."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.older_tail import OLDER_TAIL, LineRow, pack_lines
from wandb_server.storage.text_type import Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the new table, move the lines, drop the old one."""
    op.create_table(
        "tail_batches",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("run_id", ID, nullable=False),
        sa.Column("file", Text(), nullable=False),
        sa.Column("log_id", Text(), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("end_line", sa.BigInteger(), nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("end_row", sa.BigInteger(), nullable=False),
        sa.Column("step_min", sa.BigInteger()),
        sa.Column("step_max", sa.BigInteger()),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_tail_batches_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tail_batches")),
        sa.UniqueConstraint(
            "run_id",
            "file",
            "first_row",
            name=op.f("uq_tail_batches_run_id_file_first_row"),
        ),
    )
    op.create_index(
        op.f("ix_tail_batches_run_id_file_log_id_end_line"),
        "tail_batches",
        ["run_id", "file", "log_id", "end_line"],
    )
    connection = op.get_bind()
    old = OLDER_TAIL.c
    lines = sa.select(
        old.run_id, old.file, old.log_id, old.line, old.row, old.step, old.text
    ).order_by(old.run_id, old.file, old.row)
    pack_lines(connection, (LineRow(*row) for row in connection.execute(lines)))
    op.drop_table("tail_lines")
