"""Teams, service accounts, removed users, and who may see a project."""

import sqlalchemy as sa
from alembic import op

from wandb_server.storage.text_type import Text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "teams",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("removed_at", sa.Float()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("name", name=op.f("uq_teams_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "team_members",
        sa.Column("team_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("role", Text(), nullable=False),
        sa.Column("joined_at", sa.Float(), nullable=False),
        _belongs("team_members", "team_id", "teams"),
        _belongs("team_members", "user_id", "users"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_user_id"), "team_members", ["user_id"])
    for table, column in (
        ("service_accounts", sa.Column("description", Text(), nullable=False)),
        ("removed_users", sa.Column("removed_at", sa.Float(), nullable=False)),
    ):
        op.create_table(
            table,
            sa.Column("user_id", ID, nullable=False),
            column,
            _belongs(table, "user_id", "users"),
            sa.PrimaryKeyConstraint("user_id", name=op.f(f"pk_{table}")),
        )
    op.create_table(
        "project_access",
        sa.Column("project_id", ID, nullable=False),
        sa.Column("access", Text(), nullable=False),
        sa.Column("owner_id", ID, nullable=False),
        _belongs("project_access", "project_id", "projects"),
        _belongs("project_access", "owner_id", "users"),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_project_access")),
    )


def _belongs(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}")
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=name)
