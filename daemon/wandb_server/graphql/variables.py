"""Variables as clients of other versions send them: what is unknown is left out.

A field that an input type does not have is a wish of a newer or older client that this
server cannot know; refusing the whole request would stop its uploads for good.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    is_input_type,
    type_from_ast,
)


def known_variables(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """The declared variables, without fields that their types do not have."""
    known: dict[str, Any] = {}
    for definition in operation.variable_definitions or ():
        name = definition.variable.name.value
        if name in variables:
            found = type_from_ast(schema, definition.type)
            value = variables[name]
            if found is not None and is_input_type(found):
                value = _known(found, value)
            known[name] = value
    return known


def _known(kind: GraphQLInputType, value: Any) -> Any:
    if isinstance(kind, GraphQLNonNull):
        return _known(kind.of_type, value)
    if isinstance(kind, GraphQLList) and isinstance(value, list):
        return [_known(kind.of_type, item) for item in value]
    if isinstance(kind, GraphQLInputObjectType) and isinstance(value, dict):
        return {
            name: _known(kind.fields[name].type, item)
            for name, item in value.items()
            if name in kind.fields
        }
    return value
