"""What an admin of the server does: one table for HTTP, the command line and `--json`.

Each entry says how it is asked over HTTP and what does it. Beside a running server the
command line asks over HTTP, without one it does the same over the stores. Answers are
plain JSON; a key is in the answer that made it and nowhere else.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wandb_server.errors import NotFound, QueryError
from wandb_server.model.accounts import ApiKey, User
from wandb_server.model.archive import Archive
from wandb_server.model.people import AccessRule, ProjectAccess, Team

Fields = Mapping[str, Any]
KEY_LABEL = "made with the user"


@dataclass(frozen=True, slots=True)
class Asked:
    """One wish: who has it, and with which fields (of path and body together)."""

    archive: Archive
    asker: User
    fields: Fields

    def text(self, name: str, default: str | None = None) -> str:
        """A field that is text.

        Raises:
            QueryError: it is missing or something else.
        """
        value = self.fields.get(name, default)
        if not isinstance(value, str) or (value == "" and default is None):
            raise QueryError(name, "must be given, as text")
        return value

    def flag(self, name: str) -> bool:
        """A field that is true or false; false where it is missing."""
        value = self.fields.get(name) or False
        if not isinstance(value, bool):
            raise QueryError(name, "must be true or false")
        return value

    def names(self, name: str) -> Sequence[str]:
        """A field that lists names; empty where it is missing."""
        value = self.fields.get(name) or []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise QueryError(name, "must be a list of names")
        return value


Act = Callable[[Asked], Awaitable[Fields]]


@dataclass(frozen=True, slots=True)
class Errand:
    """How it is asked over HTTP, and what does it."""

    method: str
    path: str
    act: Act


async def _add_user(asked: Asked) -> Fields:
    wanted = {
        "name": asked.text("name"),
        "email": asked.text("email", ""),
        "admin": asked.flag("admin"),
        "restore": asked.flag("restore"),
    }
    user, key, text = await asked.archive.people.add_user_with_key(
        wanted, KEY_LABEL, asked.text("apiKey", "")
    )
    return {"user": user_fields(user), "key": key_fields(key), "apiKey": text}


async def _list_users(asked: Asked) -> Fields:
    return {"users": [user_fields(user) for user in await asked.archive.users()]}


async def _set_user(asked: Asked) -> Fields:
    name = asked.text("user")
    user = await asked.archive.people.set_code_saving(name, asked.flag("codeSaving"))
    return {"user": user_fields(user)}


async def _remove_user(asked: Asked) -> Fields:
    await asked.archive.people.remove_user(asked.text("user"))
    return {"removed": asked.text("user")}


async def _add_key(asked: Asked) -> Fields:
    key, text = await asked.archive.people.add_key(
        asked.text("user"), asked.text("label", ""), asked.text("apiKey", "")
    )
    return {"key": key_fields(key), "apiKey": text}


async def _list_keys(asked: Asked) -> Fields:
    keys = await asked.archive.people.keys(asked.text("user"))
    return {"keys": [key_fields(key) for key in keys]}


async def _revoke_key(asked: Asked) -> Fields:
    number = asked.text("key")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):
        raise NotFound("key", number)
    await asked.archive.people.revoke_key(asked.text("user"), int(number))
    return {"revoked": int(number)}


async def _add_team(asked: Asked) -> Fields:
    members = dict.fromkeys(asked.names("members"), False)
    members |= dict.fromkeys(asked.names("admins"), True)
    team = await asked.archive.people.add_team(
        asked.text("name"), members, restore=asked.flag("restore")
    )
    return {"team": team_fields(team)}


async def _list_teams(asked: Asked) -> Fields:
    teams = await asked.archive.people.teams()
    return {"teams": [team_fields(team) for team in teams]}


async def _remove_team(asked: Asked) -> Fields:
    await asked.archive.people.remove_team(asked.text("team"))
    return {"removed": asked.text("team")}


async def _add_member(asked: Asked) -> Fields:
    team, people = asked.text("team"), asked.archive.people
    await people.add_member(team, asked.text("user"), admin=asked.flag("admin"))
    return {"team": team_fields(await people.team(team))}


async def _remove_member(asked: Asked) -> Fields:
    team, people = asked.text("team"), asked.archive.people
    await people.remove_member(team, asked.text("user"))
    return {"team": team_fields(await people.team(team))}


async def _add_service_account(asked: Asked) -> Fields:
    user, key, text = await asked.archive.people.add_service_account(
        asked.text("team"), asked.text("name"), KEY_LABEL, asked.text("apiKey", "")
    )
    return {"user": user_fields(user), "key": key_fields(key), "apiKey": text}


async def _set_access(asked: Asked) -> Fields:
    entity, project = asked.text("entity"), asked.text("project")
    word = asked.text("access")
    if word not in {access.value for access in ProjectAccess}:
        raise QueryError("access", f"{word!r} is none of private, team, public")
    owner = await asked.archive.user_named(entity) or asked.asker
    rule = AccessRule(ProjectAccess(word), owner.id)
    await asked.archive.people.set_rule(entity, project, rule)
    return {"entity": entity, "project": project, "access": word}


_USER, _TEAM = "/api/admin/users/{user}", "/api/admin/teams/{team}"
ERRANDS: Mapping[str, Errand] = {
    "user add": Errand("POST", "/api/admin/users", _add_user),
    "user list": Errand("GET", "/api/admin/users", _list_users),
    "user code-saving": Errand("PUT", _USER, _set_user),
    "user remove": Errand("DELETE", _USER, _remove_user),
    "user key add": Errand("POST", f"{_USER}/keys", _add_key),
    "user key list": Errand("GET", f"{_USER}/keys", _list_keys),
    "user key revoke": Errand("DELETE", f"{_USER}/keys/{{key}}", _revoke_key),
    "team add": Errand("POST", "/api/admin/teams", _add_team),
    "team list": Errand("GET", "/api/admin/teams", _list_teams),
    "team remove": Errand("DELETE", _TEAM, _remove_team),
    "team member add": Errand("POST", f"{_TEAM}/members", _add_member),
    "team member remove": Errand("DELETE", f"{_TEAM}/members/{{user}}", _remove_member),
    "service-account add": Errand(
        "POST", f"{_TEAM}/service-accounts", _add_service_account
    ),
    "project access": Errand(
        "PUT", "/api/admin/projects/{entity}/{project}", _set_access
    ),
}
"""By the words of the command line."""


def user_fields(user: User) -> Fields:
    """A user as JSON."""
    return {
        "name": user.name,
        "email": user.email,
        "admin": user.admin,
        "service": user.service,
        "codeSaving": user.code_saving,
        "entity": user.entity,
        "teams": [role.team for role in user.teams],
        "createdAt": user.created_at,
    }


def key_fields(key: ApiKey) -> Fields:
    """A key as JSON, without the key."""
    return {
        "id": key.id,
        "label": key.label,
        "hint": key.hint,
        "createdAt": key.created_at,
    }


def team_fields(team: Team) -> Fields:
    """A team as JSON."""
    members = [
        {
            "name": member.name,
            "role": "admin" if member.admin else "member",
            "service": member.service,
        }
        for member in team.members
    ]
    return {"name": team.name, "members": members, "createdAt": team.created_at}
