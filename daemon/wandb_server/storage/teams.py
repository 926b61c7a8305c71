"""Teams and their members, service accounts, removed users, rules of projects."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, delete, select, update

from wandb_server.model.people import AccessRule, ProjectAccess, Team, TeamMember
from wandb_server.storage.database import insert
from wandb_server.storage.people_schema import (
    project_access,
    removed_users,
    service_accounts,
    team_members,
    teams,
)
from wandb_server.storage.schema import (
    api_keys,
    login_tokens,
    projects,
    sessions,
    users,
)


def name_state(connection: Connection, name: str) -> str | None:
    """`user` or `team`, with ` removed` if it was; None: the name is free."""
    found = connection.execute(
        select(removed_users.c.removed_at)
        .select_from(users.outerjoin(removed_users))
        .where(users.c.name == name)
    ).first()
    if found is not None:
        return "user" if found.removed_at is None else "user removed"
    team = connection.execute(
        select(teams.c.removed_at).where(teams.c.name == name)
    ).first()
    if team is not None:
        return "team" if team.removed_at is None else "team removed"
    return None


def entity_has_projects(connection: Connection, name: str) -> bool:
    """Whether there are projects of that entity."""
    statement = select(projects.c.id).where(projects.c.entity == name).limit(1)
    return connection.scalar(statement) is not None


def insert_user(
    connection: Connection, name: str, email: str, *, admin: bool, now: float
) -> int:
    """A new user; its id."""
    values = {"name": name, "email": email, "admin": admin, "created_at": now}
    made = connection.execute(insert(connection, users).values(values))
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def restore_user(connection: Connection, name: str, email: str, *, admin: bool) -> None:
    """Let a removed user come in again, with these attributes."""
    mine = select(users.c.id).where(users.c.name == name)
    connection.execute(
        delete(removed_users).where(removed_users.c.user_id == mine.scalar_subquery())
    )
    values: dict[str, object] = {"admin": admin, **({"email": email} if email else {})}
    connection.execute(update(users).where(users.c.name == name).values(values))


def set_code_saving(connection: Connection, name: str, *, is_on: bool) -> None:
    """Whether clients keep the scripts of the user's runs without being asked."""
    mine = users.c.name == name
    connection.execute(update(users).where(mine).values(code_saving=is_on))


def remove_user(connection: Connection, user_id: int, now: float) -> None:
    """Take away every way in; the name and its projects stay."""
    for table in (api_keys, login_tokens, sessions, team_members):
        connection.execute(delete(table).where(table.c.user_id == user_id))
    connection.execute(
        insert(connection, removed_users).values(user_id=user_id, removed_at=now)
    )


def make_service_account(
    connection: Connection, user_id: int, description: str
) -> None:
    """The user is not a person."""
    values = {"user_id": user_id, "description": description}
    connection.execute(insert(connection, service_accounts).values(values))


# ---- teams ---------------------------------------------------------------------------


def write_team(connection: Connection, name: str, now: float) -> int:
    """A new team, or a removed one that is back; its id."""
    statement = insert(connection, teams).values(name=name, created_at=now)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"removed_at": None}
        )
    )
    found = team_id(connection, name)
    assert found is not None
    return found


def team_id(connection: Connection, name: str) -> int | None:
    """None if there is none, or it was removed."""
    mine = (teams.c.name == name) & teams.c.removed_at.is_(None)
    found: int | None = connection.scalar(select(teams.c.id).where(mine))
    return found


def remove_team(connection: Connection, found_id: int, now: float) -> None:
    """Nobody is in it any more; the name and its projects stay."""
    connection.execute(delete(team_members).where(team_members.c.team_id == found_id))
    connection.execute(
        update(teams).where(teams.c.id == found_id).values(removed_at=now)
    )


def write_member(
    connection: Connection, found_id: int, user_id: int, *, admin: bool, now: float
) -> None:
    """Put the user into the team, or give the role to who is in it."""
    role = "admin" if admin else "member"
    statement = insert(connection, team_members).values(
        team_id=found_id, user_id=user_id, role=role, joined_at=now
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["team_id", "user_id"], set_={"role": role}
        )
    )


def remove_member(connection: Connection, found_id: int, user_id: int) -> bool:
    """False if the user was not in it."""
    mine = (team_members.c.team_id == found_id) & (team_members.c.user_id == user_id)
    return connection.execute(delete(team_members).where(mine)).rowcount > 0


def read_teams(connection: Connection, name: str | None = None) -> list[Team]:
    """The teams (or the one called `name`) by name, with their members."""
    statement = select(teams).where(teams.c.removed_at.is_(None)).order_by(teams.c.name)
    if name is not None:
        statement = statement.where(teams.c.name == name)
    found = connection.execute(statement).all()
    members = _members(connection, None if name is None else [row.id for row in found])
    return [
        Team(row.id, row.name, row.created_at, tuple(members.get(row.id, ())))
        for row in found
    ]


def _members(
    connection: Connection, ids: Sequence[int] | None
) -> dict[int, list[TeamMember]]:
    statement = (
        select(team_members, users, service_accounts.c.description)
        .select_from(
            team_members.join(users, users.c.id == team_members.c.user_id).outerjoin(
                service_accounts, service_accounts.c.user_id == users.c.id
            )
        )
        # The official client takes the last one for the account that it just made.
        .order_by(team_members.c.joined_at, users.c.id)
    )
    if ids is not None:
        statement = statement.where(team_members.c.team_id.in_(ids))
    found: dict[int, list[TeamMember]] = {}
    for row in connection.execute(statement):
        member = TeamMember(
            user_id=row.user_id,
            name=row.name,
            email=row.email,
            admin=row.role == "admin",
            service=row.description is not None,
        )
        found.setdefault(row.team_id, []).append(member)
    return found


# ---- projects ------------------------------------------------------------------------


def rules_of(
    connection: Connection, entity: str, project: str | None = None
) -> Mapping[str, AccessRule]:
    """Rules that were set, by name of the entity's project."""
    statement = (
        select(projects.c.name, project_access)
        .select_from(projects.join(project_access))
        .where(projects.c.entity == entity)
    )
    if project is not None:
        statement = statement.where(projects.c.name == project)
    return {row.name: _rule(row) for row in connection.execute(statement)}


def write_rule(connection: Connection, project_id: int, rule: AccessRule) -> None:
    """Set how a project is reached."""
    values = {"access": rule.access.value, "owner_id": rule.owner_id}
    statement = insert(connection, project_access).values(
        project_id=project_id, **values
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["project_id"], set_=values)
    )


def _rule(row: "Row[tuple[object, ...]]") -> AccessRule:
    found = row._mapping
    return AccessRule(ProjectAccess(found["access"]), found["owner_id"])
