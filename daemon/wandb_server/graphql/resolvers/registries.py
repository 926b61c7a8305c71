"""The organizations in which clients look for registries.

`run.link_artifact(version, "wandb-registry-model/chosen")` asks for the organization of
the run's entity and links into the project `wandb-registry-model` of the organization's
entity. Here every entity is an organization of its own: who may write to the entity's
projects fills its registries. Lists of registries are a feature that clients are not
told of, so they say so themselves.
"""

from collections.abc import Mapping
from typing import Any

from wandb_server.graphql.question import Arguments, Question, Resolver, node_id
from wandb_server.graphql.resolvers.users import Entity, entity_named
from wandb_server.model.accounts import User


def _organization(name: str, question: Question) -> dict[str, Any] | None:
    if not question.archive.rules.belongs_to(name):
        return None
    return {"id": node_id("Organization", name), "name": name}


def _named(_: Any, question: Question, arguments: Arguments) -> dict[str, Any] | None:
    return _organization(arguments.get("name") or "", question)


def _of_entity(
    entity: Entity, question: Question, _: Arguments
) -> dict[str, Any] | None:
    """Of a team; clients ask a user's entity for all organizations of the user."""
    name = entity["name"]
    return None if name == question.user.name else _organization(name, question)


async def _user(entity: Entity, question: Question, _: Arguments) -> User | None:
    return await question.archive.people.named(entity["name"])


def _of_user(user: User, question: Question, _: Arguments) -> list[Any]:
    """The user's own and those of the teams; who has several must name one."""
    if user != question.user:
        return []
    names = dict.fromkeys([user.entity, *(role.team for role in user.teams)])
    found = [_organization(name, question) for name in names]
    return [one for one in found if one is not None]


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {"organization": _named},
    "Entity": {"organization": _of_entity, "user": _user},
    "User": {"organizations": _of_user},
    "Organization": {
        "orgEntity": lambda organization, *_: entity_named(organization["name"]),
    },
}
