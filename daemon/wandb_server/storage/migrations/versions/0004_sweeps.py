"""Sweeps, their agents, and what was handed to them."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.text_type import Text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, and the index that finds the runs of a sweep."""
    _make_sweeps()
    op.create_table(
        "sweep_agents",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("sweep_id", ID, nullable=False),
        sa.Column("host", Text(), nullable=False),
        sa.Column("user_name", Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("heartbeat_at", sa.Float(), nullable=False),
        _flag("ended"),
        _belongs("sweep_agents", "sweep_id", "sweeps"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_agents")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_sweep_agents_sweep_id"), "sweep_agents", ["sweep_id"])
    _make_sweep_runs()
    op.create_table(
        "sweep_rungs",
        sa.Column("sweep_run_id", ID, nullable=False),
        sa.Column("rung", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Float()),
        _belongs("sweep_rungs", "sweep_run_id", "sweep_runs"),
        sa.PrimaryKeyConstraint("sweep_run_id", "rung", name=op.f("pk_sweep_rungs")),
    )
    op.create_index(
        op.f("ix_runs_sweep"),
        "runs",
        ["project_id", "sweep"],
        sqlite_where=sa.text("sweep IS NOT NULL"),
        postgresql_where=sa.text("sweep IS NOT NULL"),
    )


def _make_sweeps() -> None:
    op.create_table(
        "sweeps",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project_id", ID, nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("display_name", Text()),
        sa.Column("description", Text()),
        sa.Column("config", sa.LargeBinary(), nullable=False),
        sa.Column("method", Text(), nullable=False),
        sa.Column("state", Text(), nullable=False),
        sa.Column("user_name", Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("heartbeat_at", sa.Float()),
        sa.Column("next_number", sa.BigInteger(), nullable=False),
        sa.Column("next_point", sa.BigInteger(), nullable=False),
        sa.Column("controller", sa.LargeBinary()),
        sa.Column("scheduler", sa.LargeBinary()),
        _belongs("sweeps", "project_id", "projects"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweeps")),
        sa.UniqueConstraint(
            "project_id", "name", name=op.f("uq_sweeps_project_id_name")
        ),
        sqlite_autoincrement=True,
    )


def _make_sweep_runs() -> None:
    op.create_table(
        "sweep_runs",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("sweep_id", ID, nullable=False),
        sa.Column("agent_id", ID),
        sa.Column("name", Text(), nullable=False),
        sa.Column("parameters", sa.LargeBinary(), nullable=False),
        sa.Column("point", sa.BigInteger()),
        sa.Column("state", Text(), nullable=False),
        sa.Column("handed_at", sa.Float(), nullable=False),
        sa.Column("told_count", sa.Integer(), nullable=False),
        _flag("reported"),
        _flag("stopping"),
        _belongs("sweep_runs", "sweep_id", "sweeps"),
        _belongs("sweep_runs", "agent_id", "sweep_agents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sweep_runs")),
        sa.UniqueConstraint(
            "sweep_id", "name", name=op.f("uq_sweep_runs_sweep_id_name")
        ),
        sqlite_autoincrement=True,
    )
    for column in ("state", "point"):
        op.create_index(
            op.f(f"ix_sweep_runs_sweep_id_{column}"), "sweep_runs", ["sweep_id", column]
        )


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(create_constraint=False), nullable=False)


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)
