"""The tables of teams and of who may see a project, beside those of `schema`.

```
users ─┬─ service_accounts        not a person: speaks for the team that it is in
       ├─ removed_users           may not come in; the name and its projects are kept
       └─ team_members ─► teams   whose name is an entity, like a user's
projects ── project_access        only where it is not the entity's own, `team`
```
"""

from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Table,
)

from wandb_server.storage.id_type import Id
from wandb_server.storage.schema import metadata
from wandb_server.storage.text_type import Text


def _of(
    table: str, name: str, *, primary: bool = False, index: bool = False
) -> Column[int]:
    return Column(
        name,
        Id,
        ForeignKey(f"{table}.id"),
        nullable=False,
        primary_key=primary,
        autoincrement=False,
        index=index,
    )


teams = Table(
    "teams",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Float, nullable=False),
    # Nobody is in it any more; the name and its projects are kept.
    Column("removed_at", Float),
    sqlite_autoincrement=True,
)

team_members = Table(
    "team_members",
    metadata,
    _of("teams", "team_id", primary=True),
    _of("users", "user_id", primary=True, index=True),
    # member | admin
    Column("role", Text, nullable=False),
    Column("joined_at", Float, nullable=False),
)

service_accounts = Table(
    "service_accounts",
    metadata,
    _of("users", "user_id", primary=True),
    Column("description", Text, nullable=False),
)

removed_users = Table(
    "removed_users",
    metadata,
    _of("users", "user_id", primary=True),
    Column("removed_at", Float, nullable=False),
)

project_access = Table(
    "project_access",
    metadata,
    _of("projects", "project_id", primary=True),
    # private | team | public
    Column("access", Text, nullable=False),
    # Who made it private: of a team, only this user and the team's admins see it.
    _of("users", "owner_id"),
)

PEOPLE_TABLES = (teams, team_members, service_accounts, removed_users, project_access)
