"""Changes of users, teams and keys; `private_people` says who may."""

import re
from collections.abc import Mapping
from typing import Any

from wandb_server.errors import NotFound, QueryError
from wandb_server.graphql.question import (
    Arguments,
    Question,
    Resolver,
    node_id,
    parts_of_id,
    timestamp,
)
from wandb_server.graphql.resolvers.changes import payload
from wandb_server.graphql.resolvers.users import entity_named, key_node


async def _create_user(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    user = await question.archive.people.create_user(
        given["email"], admin=given.get("admin") or False
    )
    return payload(given, user=user)


async def _create_team(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    leader = given.get("teamAdminUserName") or None
    team = await question.archive.people.create_team(given["teamName"], leader)
    return payload(given, entity=entity_named(team.name))


async def _create_invite(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    who = given.get("username") or given.get("email")
    if not who:
        raise QueryError("invite", "needs a username or an email")
    user = await question.archive.people.invite(
        given["entityName"], who, admin=given.get("admin") or False
    )
    invite = {
        "id": node_id("User", user.id),
        "name": user.name,
        "email": user.email,
        "createdAt": timestamp(user.created_at),
        "toUser": user,
    }
    return payload(given, invite=invite)


async def _delete_invite(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    team = given.get("entityName") or ""
    user_id = _number("User", "member", given.get("id") or "")
    await question.archive.people.dismiss(team, user_id)
    return payload(given, success=True)


async def _create_service_account(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    # What the client calls a description is all that it says: it becomes the name.
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", given["description"]).strip("-_.")[:64]
    user = await question.archive.people.create_service_account(
        given["entityName"], name
    )
    return payload(given, user=user)


async def _generate_key(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    key, text = await question.archive.people.make_key(given.get("description") or "")
    return payload(given, apiKey=key_node(key, text))


async def _delete_key(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any]:
    given = arguments["input"]
    await question.archive.people.revoke_key(_number("ApiKey", "key", given["id"]))
    return payload(given, success=True)


def _number(kind: str, what: str, text: str) -> int:
    """Of our row, from an id that we gave."""
    parts = parts_of_id(kind, text)
    if parts is None or not re.fullmatch(r"\d{1,18}", parts[0], re.ASCII):
        raise NotFound(what, text)
    return int(parts[0])


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Mutation": {
        "createUser": _create_user,
        "createTeam": _create_team,
        "createInvite": _create_invite,
        "deleteInvite": _delete_invite,
        "createServiceAccount": _create_service_account,
        "generateApiKey": _generate_key,
        "deleteApiKey": _delete_key,
    }
}
