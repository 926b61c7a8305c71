"""Users, API keys, the browser's one-time tokens and sessions. Hashes only.

Keys and tokens are long random texts, so a plain SHA-256 is as good as a slow hash;
that is for passwords.
"""

import hashlib

from sqlalchemy import Connection, Row, Table, delete, select

from wandb_server.model import ApiKey, User
from wandb_server.storage.database import insert
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


def user_named(connection: Connection, name: str) -> User | None:
    """None if there is none."""
    return _user(connection.execute(select(users).where(users.c.name == name)).first())


def all_users(connection: Connection) -> list[User]:
    """In order of creation."""
    rows = connection.execute(select(users).order_by(users.c.id))
    return [user for row in rows if (user := _user(row))]


def user_of_key(connection: Connection, key: str) -> User | None:
    """Whose key it is."""
    joined = select(users).join(api_keys, api_keys.c.user_id == users.c.id)
    return _user(
        connection.execute(joined.where(api_keys.c.hash == hash_of(key))).first()
    )


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
    joined = select(users).join(table, table.c.user_id == users.c.id)
    valid = (table.c.hash == hash_of(token)) & (table.c.expires_at > now)
    return _user(connection.execute(joined.where(valid)).first())


def sweep_sessions(connection: Connection, now: float) -> int:
    """Remove expired sessions; how many."""
    gone = connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    return gone.rowcount


def _user(row: "Row[tuple[object, ...]] | None") -> User | None:
    if row is None:
        return None
    found = row._mapping
    return User(
        id=found["id"],
        name=found["name"],
        email=found["email"],
        admin=found["admin"],
        created_at=found["created_at"],
    )


def _api_key(row: "Row[tuple[object, ...]]") -> ApiKey:
    found = row._mapping
    return ApiKey(
        id=found["id"],
        user_id=found["user_id"],
        label=found["label"],
        hint=found["hint"],
        created_at=found["created_at"],
    )
