"""viewer, users, entities and the server itself."""

from collections.abc import Mapping
from typing import Any

from wandb_proto import VERSION

from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    connection,
    node_id,
    page_of,
    timestamp,
)
from wandb_server.model import User

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
    """The entity of a user; what teams would have is absent."""
    return {
        "entityType": "USER",
        "id": node_id("Entity", name),
        "name": name,
        "available": False,
        "isTeam": False,
        "readOnly": False,
        "readOnlyAdmin": False,
        "privateOnly": False,
        "defaultAccess": "PRIVATE",
        "isPaid": False,
        "storageBytes": 0,
        "codeSavingEnabled": True,
    }


def _member(user: User) -> dict[str, Any]:
    return {
        "id": node_id("User", user.id),
        "admin": user.admin,
        "pending": False,
        "email": user.email,
        "username": user.name,
        "name": user.name,
        "accountType": "LOCAL",
    }


def _viewer(_: Any, question: Question, __: Arguments) -> User:
    return question.user


def _user(_: Any, question: Question, arguments: Arguments) -> User | None:
    asked = arguments.get("userName")
    return question.user if asked in (None, question.user.name) else None


def _users(_: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    asked = arguments.get("query")
    mine = (question.user.name, question.user.email)
    found = [question.user] if asked in (None, *mine) else []
    return page_of(found, arguments.get("first"), arguments.get("after"), 100)


def _entity(_: Any, question: Question, arguments: Arguments) -> dict[str, Any] | None:
    name = question.archive.entity(arguments.get("name"))
    return entity_named(name) if question.archive.may_use(name) else None


async def _entity_projects(
    entity: Mapping[str, Any], question: Question, arguments: Arguments
) -> dict[str, Any]:
    found = await question.archive.projects(entity["name"])
    limit = question.limits.page_items_max
    return page_of(found, arguments.get("first"), arguments.get("after"), limit)


async def _api_keys(user: User, question: Question, _: Arguments) -> dict[str, Any]:
    keys = await question.keys_of(user)
    nodes = [
        {
            "id": node_id("ApiKey", key.id),
            "name": key.hint,
            "description": key.label,
            "createdAt": timestamp(key.created_at),
        }
        for key in keys
    ]
    return {"edges": [{"node": node} for node in nodes]}


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


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {
        "viewer": _viewer,
        "user": _user,
        "users": _users,
        "entity": _entity,
        "organization": lambda *_: None,
        "serverInfo": _server,
    },
    "User": {
        "id": lambda user, *_: node_id("User", user.id),
        "username": lambda user, *_: user.name,
        "entity": lambda user, *_: user.name,
        "accountType": lambda *_: "LOCAL",
        "flags": lambda *_: "{}",
        "createdAt": lambda user, *_: timestamp(user.created_at),
        "apiKeys": _api_keys,
        "teams": lambda *_: connection([], False, 0),
    },
    "Entity": {
        "projects": _entity_projects,
        "members": lambda _, question, __: [_member(question.user)],
    },
}
