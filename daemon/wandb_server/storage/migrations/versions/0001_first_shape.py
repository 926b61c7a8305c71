"""The first shape."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.migrations import artifact_tables
from wandb_server.storage.text_type import Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    op.create_table(
        "leases",
        sa.Column("name", Text(), nullable=False),
        sa.Column("holder", Text(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "objects",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("suffix", Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("crc32", sa.BigInteger(), nullable=True),
        sa.Column("state", Text(), nullable=False),
        sa.Column("changed_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objects")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_objects_run_id"), "objects", ["run_id"], unique=False)
    op.create_index(op.f("ix_objects_state"), "objects", ["state"], unique=False)
    op.create_table(
        "projects",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("entity", Text(), nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
        sa.UniqueConstraint("entity", "name", name=op.f("uq_projects_entity_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "users",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("name", Text(), nullable=False),
        sa.Column("email", Text(), nullable=False),
        sa.Column("admin", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("code_saving", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "api_keys",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("hash", Text(), nullable=False),
        sa.Column("label", Text(), nullable=False),
        sa.Column("hint", Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_api_keys_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_api_keys_user_id"), "api_keys", ["user_id"], unique=False)
    op.create_table(
        "login_tokens",
        sa.Column("hash", Text(), nullable=False),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_tokens_user_id")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_login_tokens")),
    )
    op.create_index(
        op.f("ix_login_tokens_user_id"), "login_tokens", ["user_id"], unique=False
    )
    op.create_table(
        "runs",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "project_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", Text(), nullable=False),
        sa.Column("display_name", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("user_name", Text(), nullable=False),
        sa.Column("group_name", Text(), nullable=True),
        sa.Column("job_type", Text(), nullable=True),
        sa.Column("notes", Text(), nullable=True),
        sa.Column("commit", Text(), nullable=True),
        sa.Column("repo", Text(), nullable=True),
        sa.Column("host", Text(), nullable=True),
        sa.Column("program", Text(), nullable=True),
        sa.Column("sweep", Text(), nullable=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("heartbeat_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=True),
        sa.Column("history_line_count", sa.BigInteger(), nullable=False),
        sa.Column("events_line_count", sa.BigInteger(), nullable=False),
        sa.Column("log_line_count", sa.BigInteger(), nullable=False),
        sa.Column("next_row", sa.BigInteger(), nullable=False),
        sa.Column("segment_mark", sa.BigInteger(), nullable=False),
        sa.Column("tail_row_count", sa.BigInteger(), nullable=False),
        sa.Column("tail_bytes", sa.BigInteger(), nullable=False),
        sa.Column("values_stale", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_runs_project_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_runs_project_id_name")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_runs_project_id_created_at"),
        "runs",
        ["project_id", "created_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_runs_state_heartbeat_at"),
        "runs",
        ["state", "heartbeat_at"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("hash", Text(), nullable=False),
        sa.Column(
            "user_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "console_lines",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("log_id", Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_console_lines_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_lines")),
        sa.UniqueConstraint(
            "run_id", "log_id", "line", name=op.f("uq_console_lines_run_id_log_id_line")
        ),
    )
    op.create_index(
        op.f("ix_console_lines_run_id_number"),
        "console_lines",
        ["run_id", "number"],
        unique=False,
    )
    op.create_table(
        "files",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", Text(), nullable=False),
        sa.Column(
            "object_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("md5_base64", Text(), nullable=False),
        sa.Column("mimetype", Text(), nullable=True),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_files_object_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_files_run_id")),
        sa.PrimaryKeyConstraint("run_id", "name", name=op.f("pk_files")),
    )
    op.create_table(
        "key_tables",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("file", Text(), nullable=False),
        sa.Column("end_row", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_key_tables_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "file", name=op.f("pk_key_tables")),
    )
    op.create_table(
        "line_streams",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("file", Text(), nullable=False),
        sa.Column("log_id", Text(), nullable=False),
        sa.Column("end_line", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_line_streams_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "file", "log_id", name=op.f("pk_line_streams")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "run_tags",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag", Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_tags_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "place", name=op.f("pk_run_tags")),
    )
    op.create_table(
        "run_texts",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_texts_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_run_texts")),
    )
    op.create_table(
        "run_values",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("section", Text(), nullable=False),
        sa.Column("key", Text(), nullable=False),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("number", sa.Float(), nullable=True),
        sa.Column("text", Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_run_values_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "section", "key", name=op.f("pk_run_values")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "segments",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("file", Text(), nullable=False),
        sa.Column("first_row", sa.BigInteger(), nullable=False),
        sa.Column("end_row", sa.BigInteger(), nullable=False),
        sa.Column("row_count", sa.BigInteger(), nullable=False),
        sa.Column("step_min", sa.BigInteger(), nullable=True),
        sa.Column("step_max", sa.BigInteger(), nullable=True),
        sa.Column("in_order", sa.Boolean(), nullable=False),
        sa.Column(
            "rows_object",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "series_object",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column(
            "blocks_object",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("point_count", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["blocks_object"], ["objects.id"], name=op.f("fk_segments_blocks_object")
        ),
        sa.ForeignKeyConstraint(
            ["rows_object"], ["objects.id"], name=op.f("fk_segments_rows_object")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_segments_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_object"], ["objects.id"], name=op.f("fk_segments_series_object")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_segments_run_id_file_first_row"),
        "segments",
        ["run_id", "file", "first_row"],
        unique=False,
    )
    op.create_table(
        "tail_lines",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("file", Text(), nullable=False),
        sa.Column("log_id", Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_tail_lines_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tail_lines")),
        sa.UniqueConstraint(
            "run_id",
            "file",
            "log_id",
            "line",
            name=op.f("uq_tail_lines_run_id_file_log_id_line"),
        ),
    )
    op.create_index(
        op.f("ix_tail_lines_run_id_file_step_row"),
        "tail_lines",
        ["run_id", "file", "step", "row"],
        unique=False,
    )
    op.create_table(
        "segment_lines",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column(
            "segment_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("file", Text(), nullable=False),
        sa.Column("log_id", Text(), nullable=False),
        sa.Column("first_line", sa.BigInteger(), nullable=False),
        sa.Column("end_line", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_segment_lines_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_segment_lines_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_lines")),
    )
    op.create_index(
        op.f("ix_segment_lines_run_id_file_log_id_end_line"),
        "segment_lines",
        ["run_id", "file", "log_id", "end_line"],
        unique=False,
    )
    op.create_table(
        "removed_runs",
        sa.Column(
            "run_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column(
            "project_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("name", Text(), nullable=False),
        sa.Column("removed_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_removed_runs_project_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["runs.id"], name=op.f("fk_removed_runs_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_removed_runs")),
    )
    op.create_index(
        op.f("ix_segment_lines_segment_id"),
        "segment_lines",
        ["segment_id"],
        unique=False,
    )
    artifact_tables.make()
