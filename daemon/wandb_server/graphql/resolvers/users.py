"""viewer, users, entities and the server itself."""

import json
from collections.abc import Mapping
from typing import Any

from wandb_proto import VERSION

from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    node_id,
    page_of,
    timestamp,
)
from wandb_server.model.accounts import ApiKey, User

LIVE_UPLOAD_FEATURE = "WANDB_LIVE_UPLOAD"
"""Tells our core that it may post every half second."""

FEATURES = (
    LIVE_UPLOAD_FEATURE,
    # Lists of files say how many there are; without it `list(artifact.files())` fails.
    "TOTAL_COUNT_IN_FILE_CONNECTION",
    "ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
)
"""What clients are told that this server can do."""

OFFICIAL_CLIENT_VERSIONS = {"min_cli_version": "0.13.0", "max_cli_version": "0.31.0"}
"""Range that the official client checks itself against in `wandb verify`."""


def entity_named(name: str) -> dict[str, Any]:
    """The entity of a user or a team; what it is, is asked field by field."""
    return {
        "id": node_id("Entity", name),
        "name": name,
        "available": False,
        "readOnlyAdmin": False,
        "privateOnly": False,
        "defaultAccess": "PRIVATE",
        "isPaid": False,
        "codeSavingEnabled": True,
        "limits": {},
    }


def _viewer(_: Any, question: Question, __: Arguments) -> User:
    return question.user


async def _user(_: Any, question: Question, arguments: Arguments) -> User | None:
    return await question.archive.people.one(arguments.get("userName"))


async def _users(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    found = await question.archive.people.found(arguments.get("query"))
    return page_of(found, arguments.get("first"), arguments.get("after"), 100)


async def _entity(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any] | None:
    name = question.archive.entity(arguments.get("name"))
    if question.archive.rules.belongs_to(name):
        return entity_named(name)
    if await question.archive.people.team(name) is not None:
        return entity_named(name)
    # Of others one knows what they show.
    return entity_named(name) if await question.archive.projects(name) else None


Entity = Mapping[str, Any]


async def _entity_projects(
    entity: Entity, question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.projects(entity["name"])
    limit = question.limits.page_items_max
    return page_of(found, arguments.get("first"), arguments.get("after"), limit)


async def _is_team(entity: Entity, question: Question, _: Arguments) -> bool:
    return await question.archive.people.is_team(entity["name"])


async def _entity_type(entity: Entity, question: Question, _: Arguments) -> str:
    return "TEAM" if await _is_team(entity, question, {}) else "USER"


def _entity_read_only(entity: Entity, question: Question, _: Arguments) -> bool:
    return not question.archive.rules.belongs_to(entity["name"])


async def _members(
    entity: Entity, question: Question, _: Arguments
) -> list[dict[str, Any]]:
    team = await question.archive.people.team(entity["name"])
    if team is not None:
        return [
            _member(
                one.user_id, one.name, one.email, admin=one.admin, service=one.service
            )
            for one in team.members
        ]
    user = question.user
    if entity["name"] != user.name:
        return []
    return [_member(user.id, user.name, user.email, admin=user.admin)]


def _member(
    user_id: int, name: str, email: str, *, admin: bool, service: bool = False
) -> dict[str, Any]:
    return {
        "id": node_id("User", user_id),
        "userId": user_id,
        "admin": admin,
        "pending": False,
        "email": email,
        "username": name,
        "name": name,
        "accountType": "SERVICE" if service else "MEMBER",
    }


def _fresh_key(
    member: Mapping[str, Any], question: Question, _: Arguments
) -> str | None:
    if member["accountType"] != "SERVICE":
        return None
    return question.archive.people.fresh_key(member["userId"])


async def _storage_bytes(entity: Entity, question: Question, _: Arguments) -> int:
    return await question.archive.storage_bytes(entity["name"])


async def _api_keys(user: User, question: Question, _: Arguments) -> dict[str, Any]:
    keys = await question.archive.people.keys_of(user)
    return {"edges": [{"node": key_node(key)} for key in keys]}


def key_node(key: ApiKey, text: str | None = None) -> dict[str, Any]:
    """What a key is called; its text only in the answer that made it."""
    return {
        "id": node_id("ApiKey", key.id),
        "name": text or key.hint,
        "description": key.label,
        "createdAt": timestamp(key.created_at),
    }


def _email(user: User, question: Question, _: Arguments) -> str | None:
    return user.email if question.archive.people.may_know(user) else None


def _admin(user: User, question: Question, _: Arguments) -> bool:
    return user.admin and question.archive.people.may_know(user)


def _teams(user: User, question: Question, arguments: Arguments) -> dict[str, Any]:
    known = question.archive.people.may_know(user)
    found = [entity_named(role.team) for role in user.teams] if known else []
    return page_of(found, arguments.get("first"), arguments.get("after"), 1_000)


def _server(_: Any, __: Question, ___: Arguments) -> dict[str, Any]:
    return {
        "cliVersionInfo": OFFICIAL_CLIENT_VERSIONS,
        "latestLocalVersionInfo": {
            "outOfDate": False,
            "latestVersionString": VERSION,
            "versionOnThisInstanceString": VERSION,
        },
        "features": [{"name": name, "isEnabled": True} for name in FEATURES],
    }


def _flags(user: User, *_: Any) -> str:
    """A JSON object as text: what clients ask of the account.

    Nothing is said where nothing is set: by a `false` the official client outvotes
    `wandb.init(save_code=True)`.
    """
    return json.dumps({"code_saving_enabled": True} if user.code_saving else {})


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "viewer": _viewer,
        "user": _user,
        "users": _users,
        "entity": _entity,
        "serverInfo": _server,
    },
    "User": {
        "id": lambda user, *_: node_id("User", user.id),
        "username": lambda user, *_: user.name,
        "email": _email,
        "admin": _admin,
        "accountType": lambda user, *_: "SERVICE" if user.service else "LOCAL",
        "flags": _flags,
        "createdAt": lambda user, *_: timestamp(user.created_at),
        "apiKeys": _api_keys,
        "teams": _teams,
    },
    "Entity": {
        "projects": _entity_projects,
        "members": _members,
        "isTeam": _is_team,
        "entityType": _entity_type,
        "readOnly": _entity_read_only,
        "storageBytes": _storage_bytes,
    },
    "Member": {"apiKey": _fresh_key},
}
