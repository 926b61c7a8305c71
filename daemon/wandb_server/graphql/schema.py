"""Reads every `*.graphql` file and ties the resolvers to its fields.

A topic of its own has a file of its own, which extends the types of `schema.graphql`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphql import (
    FieldNode,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
)

from wandb_server.graphql.resolvers import ALL
from wandb_server.graphql.resolvers.artifacts import KNOWS_SELECTION, SELECTED
from wandb_server.graphql.resolvers.artifacts import type_name as name_of_type

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def load_schema() -> GraphQLSchema:
    """The executable schema. A resolver without a field is a mistake of ours."""
    files = sorted(Path(__file__).parent.glob("*.graphql"))
    schema = build_schema("\n".join(file.read_text(encoding="utf-8") for file in files))
    bound: set[tuple[str, str]] = set()
    for resolvers in ALL:
        for type_name, fields in resolvers.items():
            for field_name, resolver in fields.items():
                kind = schema.type_map[type_name]
                assert isinstance(kind, GraphQLObjectType)
                assert (type_name, field_name) not in bound, (type_name, field_name)
                bound.add((type_name, field_name))
                kind.fields[field_name].resolve = _with_question(resolver)
    for kind in schema.type_map.values():
        if isinstance(kind, GraphQLInterfaceType | GraphQLUnionType):
            kind.resolve_type = name_of_type
        if isinstance(kind, GraphQLObjectType) and not kind.name.startswith("__"):
            for field_name, field in kind.fields.items():
                if field.resolve is None:
                    field.resolve = _attribute(field_name)
    return schema


def _with_question(resolver: Callable[..., Any]) -> Callable[..., Any]:
    if resolver in KNOWS_SELECTION:

        def resolve_knowing(parent: Any, asked: Any, **arguments: Any) -> Any:
            selected = {
                node.name.value
                for field in asked.field_nodes
                for node in field.selection_set.selections
                if isinstance(node, FieldNode)
            }
            return resolver(parent, asked.context, {**arguments, SELECTED: selected})

        return resolve_knowing

    def resolve(parent: Any, asked: Any, **arguments: Any) -> Any:
        return resolver(parent, asked.context, arguments)

    return resolve


def _attribute(field_name: str) -> Callable[..., Any]:
    name = _CAPITAL.sub(r"_\1", field_name).lower()

    def resolve(parent: Any, _: Any, **__: Any) -> Any:
        if isinstance(parent, dict):
            return parent.get(field_name)
        return getattr(parent, name, None)

    return resolve
