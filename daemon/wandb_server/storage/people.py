"""Users, API keys, the browser's one-time tokens and sessions. Hashes only.

Keys and tokens are long random texts, so a plain SHA-256 is as good as a slow hash;
that is for passwords.
"""

import hashlib
from collections.abc import Iterable
from itertools import groupby

from sqlalchemy import (
    Connection,
    Row,
    RowMapping,
    Select,
    Table,
    bindparam,
    delete,
    select,
)

from wandb_server.model.accounts import ApiKey, User
from wandb_server.model.people import TeamRole
from wandb_server.storage.database import insert
from wandb_server.storage.people_schema import (
    removed_users,
    service_accounts,
    team_members,
    teams,
)
from wandb_server.storage.schema import api_keys, login_tokens, sessions, users

HINT_CHARACTERS = 8
"""How much of a key is kept readable: `local-` and two more."""


def hash_of(secret: str) -> str:
    """What is stored instead of the secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def create_user(
    connection: Connection, name: str, email: str, *, admin: bool, now: float
) -> User:
    """The user of that name, made if missing (then with these attributes)."""
    statement = insert(connection, users).values(
        name=name, email=email, admin=admin, created_at=now
    )
    connection.execute(statement.on_conflict_do_nothing())
    found = user_named(connection, name)
    assert found is not None
    return found


def people(*joined: Table) -> Select[tuple[object, ...]]:
    """Users who may come in, one row per team of each; `joined` have a `user_id`."""
    source = users
    for table in joined:
        source = source.join(table, table.c.user_id == users.c.id)  # type: ignore[assignment]
    wide = (
        source.outerjoin(removed_users, removed_users.c.user_id == users.c.id)
        .outerjoin(service_accounts, service_accounts.c.user_id == users.c.id)
        .outerjoin(team_members, team_members.c.user_id == users.c.id)
        .outerjoin(teams, teams.c.id == team_members.c.team_id)
    )
    return (
        select(
            users,
            teams.c.name.label("team"),
            team_members.c.role,
            service_accounts.c.user_id.label("service"),
        )
        .select_from(wide)
        .where(removed_users.c.user_id.is_(None))
        .order_by(users.c.id, teams.c.name)
    )


_NAMED = people().where(users.c.name == bindparam("name"))
_OF_KEY = people(api_keys).where(api_keys.c.hash == bindparam("hash"))


def user_named(connection: Connection, name: str) -> User | None:
    """None if there is none, or it was removed."""
    return _user(connection.execute(_NAMED, {"name": name}).mappings())


def all_users(connection: Connection) -> list[User]:
    """In order of creation."""
    return _users(connection.execute(people()).mappings())


def user_of_key(connection: Connection, key: str) -> User | None:
    """Whose key it is."""
    return _user(connection.execute(_OF_KEY, {"hash": hash_of(key)}).mappings())


def add_key(
    connection: Connection, user_id: int, key: str, label: str, now: float
) -> ApiKey:
    """Remember the key's hash; adding it again changes its label and owner."""
    values = {"user_id": user_id, "label": label}
    statement = insert(connection, api_keys).values(
        hash=hash_of(key), hint=key[:HINT_CHARACTERS], created_at=now, **values
    )
    connection.execute(
        statement.on_conflict_do_update(index_elements=["hash"], set_=values)
    )
    found = connection.execute(select(api_keys).where(api_keys.c.hash == hash_of(key)))
    return _api_key(found.one())


def keys_of(connection: Connection, user_id: int) -> list[ApiKey]:
    """In order of creation."""
    mine = select(api_keys).where(api_keys.c.user_id == user_id).order_by(api_keys.c.id)
    return [_api_key(row) for row in connection.execute(mine)]


def revoke_key(connection: Connection, key_id: int) -> bool:
    """False if there was none."""
    gone = connection.execute(delete(api_keys).where(api_keys.c.id == key_id))
    return gone.rowcount > 0


def add_token(
    connection: Connection, table: Table, user_id: int, token: str, expires_at: float
) -> None:
    """Remember a login token or session (`table`); the same one again moves its end."""
    values = {"user_id": user_id, "expires_at": expires_at}
    statement = insert(connection, table).values(hash=hash_of(token), **values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["hash"], set_=values)
    )


def redeem_login_token(connection: Connection, token: str, now: float) -> User | None:
    """Whose token it was; a token works once. Expired ones are swept away as well."""
    owner = user_of_token(connection, login_tokens, token, now)
    used = login_tokens.c.hash == hash_of(token)
    connection.execute(
        delete(login_tokens).where(used | (login_tokens.c.expires_at <= now))
    )
    return owner


def user_of_token(
    connection: Connection, table: Table, token: str, now: float
) -> User | None:
    """Whose token or session it is; None when unknown or expired."""
    valid = (table.c.hash == hash_of(token)) & (table.c.expires_at > now)
    return _user(connection.execute(people(table).where(valid)).mappings())


def sweep_sessions(connection: Connection, now: float) -> int:
    """Remove expired sessions; how many."""
    gone = connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    return gone.rowcount


def _user(rows: Iterable[RowMapping]) -> User | None:
    found = _users(rows)
    return found[0] if found else None


def _users(rows: Iterable[RowMapping]) -> list[User]:
    """One user of neighbouring rows, which name the teams."""
    found = []
    for _, group in groupby(rows, key=lambda row: row["id"]):
        mine = list(group)
        first = mine[0]
        roles = [
            TeamRole(row["team"], row["role"] == "admin")
            for row in mine
            if row["team"] is not None
        ]
        found.append(
            User(
                id=first["id"],
                name=first["name"],
                email=first["email"],
                admin=first["admin"],
                created_at=first["created_at"],
                teams=tuple(roles),
                service=first["service"] is not None,
                code_saving=first["code_saving"],
            )
        )
    return found


def _api_key(row: "Row[tuple[object, ...]]") -> ApiKey:
    found = row._mapping
    return ApiKey(
        id=found["id"],
        user_id=found["user_id"],
        label=found["label"],
        hint=found["hint"],
        created_at=found["created_at"],
    )
