"""Users, keys, tokens and sessions."""

from collections.abc import Sequence

from sqlalchemy import Connection

from wandb_server.ingest.values import clean_text
from wandb_server.model.accounts import ApiKey, User
from wandb_server.operations.stores import Operations
from wandb_server.storage import people
from wandb_server.storage.schema import login_tokens, sessions


class Accounts(Operations):
    """Who is who; secrets are hashed before they reach the database."""

    async def user_of_key(self, key: str) -> User | None:
        """Whose API key it is."""
        known, now = self._stores.known_keys, self._stores.clock()
        user = known.get(key, now)
        if user is None:
            age = known.age
            user = await self._stores.database.read(
                lambda db: people.user_of_key(db, key)
            )
            if user is not None:
                known.keep(key, user, now, age)
        return user

    async def create_user(
        self, name: str, *, email: str = "", admin: bool = False
    ) -> User:
        """The user of that name, made if missing."""
        now = self._stores.clock()
        name, email = clean_text(name), clean_text(email)
        return await self._change_people(
            lambda db: people.create_user(db, name, email, admin=admin, now=now)
        )

    async def user_named(self, name: str) -> User | None:
        """None if there is none."""
        return await self._stores.database.read(
            lambda db: people.user_named(db, clean_text(name))
        )

    async def users(self) -> Sequence[User]:
        """All of them, oldest first."""
        return await self._stores.database.read(people.all_users)

    async def add_key(self, user: User, key: str, label: str) -> ApiKey:
        """Let the key speak for the user; idempotent."""
        now = self._stores.clock()
        return await self._change_people(
            lambda db: people.add_key(db, user.id, key, clean_text(label), now)
        )

    async def keys_of(self, user: User) -> Sequence[ApiKey]:
        """The user's keys, oldest first."""
        return await self._stores.database.read(lambda db: people.keys_of(db, user.id))

    async def revoke_key(self, key_id: int) -> bool:
        """False if there was none."""
        return await self._change_people(lambda db: people.revoke_key(db, key_id))

    async def add_login_token(self, user: User, token: str, expires_at: float) -> None:
        """Let the token log the user in, once."""
        await self._stores.database.write(
            lambda db: people.add_token(db, login_tokens, user.id, token, expires_at)
        )

    async def redeem_login_token(self, token: str, now: float) -> User | None:
        """Whose token it is; it is used up."""
        return await self._stores.database.write(
            lambda db: people.redeem_login_token(db, token, now)
        )

    async def add_session(self, user: User, token: str, expires_at: float) -> None:
        """Start a session; sweeps away those that ended."""
        now = self._stores.clock()

        def change(db: Connection) -> None:
            people.sweep_sessions(db, now)
            people.add_token(db, sessions, user.id, token, expires_at)

        await self._stores.database.write(change)

    async def user_of_session(self, token: str, now: float) -> User | None:
        """Whose session it is; None when unknown or expired."""
        return await self._stores.database.read(
            lambda db: people.user_of_token(db, sessions, token, now)
        )
