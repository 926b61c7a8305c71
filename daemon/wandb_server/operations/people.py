"""Users, teams and rules of projects, as those change them who may.

What a name is taken by is asked and changed in one transaction. Removing takes away
every way in; names and projects are kept, so that nobody new ever finds the projects of
somebody who had the name before.
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.values import clean_text
from wandb_server.model.accounts import ApiKey, User
from wandb_server.model.people import AccessRule, Team
from wandb_server.operations.stores import Operations
from wandb_server.storage import people, projects, teams

RESERVED_NAMES = frozenset(
    [
        "api",
        "artifact-data",
        "artifactsv2",
        "assets",
        "auth",
        "files",
        "graphql",
        "healthz",
        "metrics",
        "ready",
        "sdk",
        "settings",
    ]
)
"""First parts of our own addresses: an entity of that name would have no page."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
KEY = re.compile(r"[!-~]{40,256}", re.ASCII)
"""Clients refuse keys shorter than this before they ask a server."""
KEYS_PER_USER_MAX = 1_000
FRESH_KEY_S = 60.0
"""So long the maker of a service account can read its key, once."""
FRESH_KEYS_MAX = 1_000
RULE_KNOWN_S = 1.0
RULES_KNOWN_MAX = 10_000
"""So long, and so many, rules of projects are remembered."""


def new_key() -> str:
    """A key that nobody can guess."""
    return f"local-{secrets.token_hex(20)}"


class People(Operations):
    """Who is there. `QueryError` says what cannot be, `NotFound` who is absent."""

    # users ---------------------------------------------------------------------------
    async def add_user(
        self, name: str, email: str = "", *, admin: bool = False, restore: bool = False
    ) -> User:
        """A new user, without a key; with `restore` one that was removed."""
        wish = _Wish(name, clean_text(email), admin, restore, self._stores.clock())
        return await self._change_people(lambda db: _add_user(db, wish))

    async def add_user_with_key(
        self, user: Mapping[str, Any], label: str, key: str = ""
    ) -> tuple[User, ApiKey, str]:
        """Like `add_user` with these arguments and `add_key`, both or neither."""
        now, text = self._stores.clock(), _checked_key(key)
        wish = _Wish(
            **{"email": "", "admin": False, "restore": False, **user, "now": now}
        )

        def change(db: Connection) -> tuple[User, ApiKey]:
            made = _add_user(db, wish)
            return made, _put_key(db, made, text, label, now)

        return *await self._change_people(change), text

    async def set_code_saving(self, name: str, is_on: bool) -> User:
        """Whether clients keep the scripts of this user's runs unasked; the user."""

        def change(db: Connection) -> User:
            _user(db, name)
            teams.set_code_saving(db, name, is_on=is_on)
            return _user(db, name)

        return await self._change_people(change)

    async def remove_user(self, name: str) -> None:
        """Take away the user's keys, sessions and memberships."""
        now = self._stores.clock()

        def change(db: Connection) -> None:
            user = _user(db, name)
            if people.all_users(db)[0].id == user.id:
                raise QueryError(
                    "user", f"{name} is who starts this server and cannot be removed"
                )
            teams.remove_user(db, user.id, now)

        await self._change_people(change)

    async def find_users(self, text: str) -> Sequence[User]:
        """Those whose name or e-mail address this is, or begins with it."""
        wanted = clean_text(text).lower()
        found = await self._stores.database.read(people.all_users)
        return [
            user
            for user in found
            if user.name.lower().startswith(wanted)
            or (wanted and user.email.lower().startswith(wanted))
        ]

    async def add_key(self, name: str, label: str, key: str = "") -> tuple[ApiKey, str]:
        """(what is kept, the key itself): the only time that anybody sees it."""
        text, now = _checked_key(key), self._stores.clock()

        def change(db: Connection) -> ApiKey:
            return _put_key(db, _user(db, name), text, label, now)

        return await self._change_people(change), text

    async def keys(self, name: str) -> Sequence[ApiKey]:
        """The user's, oldest first."""
        return await self._stores.database.read(
            lambda db: people.keys_of(db, _user(db, name).id)
        )

    async def revoke_key(self, name: str, key_id: int) -> None:
        """The key lets nobody in from now on."""

        def change(db: Connection) -> None:
            if key_id not in {key.id for key in people.keys_of(db, _user(db, name).id)}:
                raise NotFound(f"key of {name} with the id", str(key_id))
            people.revoke_key(db, key_id)

        await self._change_people(change)

    # teams ---------------------------------------------------------------------------
    async def teams(self) -> Sequence[Team]:
        """By name."""
        return await self._stores.database.read(teams.read_teams)

    async def team(self, name: str) -> Team | None:
        """None if there is none."""
        found = await self._stores.database.read(
            lambda db: teams.read_teams(db, clean_text(name))
        )
        return found[0] if found else None

    async def add_team(
        self, name: str, members: Mapping[str, bool], *, restore: bool = False
    ) -> Team:
        """A new team. `members`: name of a user -> whether an admin of the team."""
        now = self._stores.clock()

        def change(db: Connection) -> Team:
            if teams.name_state(db, name) != "team removed" or not restore:
                _require_free(db, name)
            team_id = teams.write_team(db, name, now)
            for member, admin in members.items():
                user_id = _user(db, member).id
                teams.write_member(db, team_id, user_id, admin=admin, now=now)
            return teams.read_teams(db, name)[0]

        _require_name(name)
        return await self._change_people(change)

    async def remove_team(self, name: str) -> None:
        """Nobody is in it any more; its service accounts go with it."""
        now = self._stores.clock()

        def change(db: Connection) -> None:
            team_id = _team_id(db, name)
            for member in teams.read_teams(db, name)[0].members:
                if member.service:
                    teams.remove_user(db, member.user_id, now)
            teams.remove_team(db, team_id, now)

        await self._change_people(change)

    async def add_member(self, team: str, user: str, *, admin: bool = False) -> None:
        """Put the user into the team, or change the role."""
        now = self._stores.clock()

        def change(db: Connection) -> None:
            found = _user(db, user)
            if found.service:
                raise QueryError("user", f"{user} is the service account of a team")
            team_id = _team_id(db, team)
            teams.write_member(db, team_id, found.id, admin=admin, now=now)

        await self._change_people(change)

    async def remove_member(self, team: str, user: str) -> None:
        """Out of the team; a service account, which is nothing without it, ends."""
        now = self._stores.clock()

        def change(db: Connection) -> None:
            found = _user(db, user)
            if not teams.remove_member(db, _team_id(db, team), found.id):
                raise NotFound(f"member of team {team}", user)
            if found.service:
                teams.remove_user(db, found.id, now)

        await self._change_people(change)

    async def add_service_account(
        self, team: str, name: str, label: str, key: str = ""
    ) -> tuple[User, ApiKey, str]:
        """A user that is no person and belongs to the team, with a key."""
        now, text = self._stores.clock(), _checked_key(key)

        def change(db: Connection) -> tuple[User, ApiKey]:
            team_id = _team_id(db, team)
            made = _add_user(db, _Wish(name, "", False, False, now))
            teams.make_service_account(db, made.id, f"of team {team}")
            teams.write_member(db, team_id, made.id, admin=False, now=now)
            kept = _put_key(db, made, text, label, now)
            return _user(db, name), kept

        return *await self._change_people(change), text

    def keep_fresh(self, maker_id: int, user_id: int, key: str) -> None:
        """Remember a key for its maker, in memory and for a moment only."""
        fresh, now = self._stores.upkeep.fresh_keys, self._stores.clock()
        for old in [who for who, (end, _) in fresh.items() if end <= now]:
            del fresh[old]
        if len(fresh) < FRESH_KEYS_MAX:
            fresh[maker_id, user_id] = (now + FRESH_KEY_S, key)

    def take_fresh(self, maker_id: int, user_id: int) -> str | None:
        """The remembered key, once."""
        found = self._stores.upkeep.fresh_keys.pop((maker_id, user_id), None)
        if found is None or found[0] <= self._stores.clock():
            return None
        return found[1]

    # projects ------------------------------------------------------------------------
    async def rules(
        self, entity: str, project: str | None = None
    ) -> Mapping[str, AccessRule]:
        """Rules that were set, by name of the entity's project."""
        entity = clean_text(entity)
        name = None if project is None else clean_text(project)
        return await self._stores.database.read(
            lambda db: teams.rules_of(db, entity, name)
        )

    async def rule(self, entity: str, project: str) -> AccessRule:
        """How one project is set; what was set on another server counts a moment later.

        Every request of a team's member asks this, so the answer is remembered.
        """
        known, now = self._stores.upkeep.rules, self._stores.clock()
        found = known.get((entity, project))
        if found is None or not 0 <= now - found[0] < RULE_KNOWN_S:
            rules = await self.rules(entity, project)
            found = (now, rules.get(clean_text(project), AccessRule()))
            if len(known) >= RULES_KNOWN_MAX:
                known.clear()
            known[entity, project] = found
        return found[1]

    async def set_rule(self, entity: str, project: str, rule: AccessRule) -> None:
        """How the project is reached from now on."""

        def change(db: Connection) -> None:
            found = projects.project_id(db, clean_text(entity), clean_text(project))
            if found is None:
                raise NotFound("project", f"{entity}/{project}")
            teams.write_rule(db, found, rule)

        await self._change_people(change)
        self._stores.upkeep.rules.clear()


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a new user shall be."""

    name: str
    email: str
    admin: bool
    restore: bool
    now: float


def _add_user(db: Connection, wish: _Wish) -> User:
    _require_name(wish.name)
    if teams.name_state(db, wish.name) == "user removed" and wish.restore:
        teams.restore_user(db, wish.name, wish.email, admin=wish.admin)
    else:
        _require_free(db, wish.name)
        teams.insert_user(
            db, wish.name, clean_text(wish.email), admin=wish.admin, now=wish.now
        )
    return _user(db, wish.name)


def _checked_key(key: str) -> str:
    if key and not KEY.fullmatch(key):
        raise QueryError(
            "apiKey", "must have 40 to 256 characters, printable and without spaces"
        )
    return key or new_key()


def _put_key(db: Connection, user: User, text: str, label: str, now: float) -> ApiKey:
    owner = people.user_of_key(db, text)
    if owner is not None and owner.id != user.id:
        raise QueryError("apiKey", "is in use; choose another one")
    if len(people.keys_of(db, user.id)) >= KEYS_PER_USER_MAX:
        raise QueryError(
            "user", f"{user.name} has {KEYS_PER_USER_MAX} keys; revoke some first"
        )
    return people.add_key(db, user.id, text, clean_text(label), now)


def _user(db: Connection, name: str) -> User:
    found = people.user_named(db, clean_text(name))
    if found is None:
        raise NotFound("user", name)
    return found


def _team_id(db: Connection, name: str) -> int:
    found = teams.team_id(db, clean_text(name))
    if found is None:
        raise NotFound("team", name)
    return found


def _require_name(name: str) -> None:
    if not NAME.fullmatch(name) or name.lower() in RESERVED_NAMES:
        raise QueryError(
            "name",
            f"{name!r} cannot be: 1 to 64 letters, digits, '-', '_' or '.', beginning "
            "with a letter or digit, and none of the server's own addresses",
        )


def _require_free(db: Connection, name: str) -> None:
    state = teams.name_state(db, name)
    if state is None and not teams.entity_has_projects(db, name):
        return
    if state in ("user removed", "team removed"):
        raise QueryError(
            "name",
            f"{name!r} was removed and its projects are kept; bring it back with "
            "--restore, or choose another name",
        )
    raise QueryError("name", f"{name!r} is taken")
