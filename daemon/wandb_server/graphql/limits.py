"""How deep and how dear a document may be, told before it is executed.

The cost of a field is 1 plus the cost of what is selected below it; where a field asks
for `first` or `last` items, what is below counts once per item. Fragments are counted
at every place where they are spread, but looked at only once, so that nested fragments
cannot make the count itself expensive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)

from wandb_server.errors import RequestRejected
from wandb_server.settings import Limits

COUNT_ARGUMENTS = frozenset(("first", "last"))


@dataclass(frozen=True, slots=True)
class Weight:
    """Nesting levels and number of fields of a selection."""

    depth: int
    cost: int


def check_weight(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
    limits: Limits,
) -> None:
    """Refuse what is too deep or too dear. The document must be valid (no cycles).

    Raises:
        RequestRejected: with the limit and what the document would take.
    """
    scale = _Scale(document, variables, limits.page_items_max)
    weight = scale.of(operation.selection_set)
    if weight.depth > limits.query_depth_max:
        raise RequestRejected(
            f"The query is {weight.depth} levels deep, at most "
            f"{limits.query_depth_max} are answered."
        )
    if weight.cost > limits.query_cost_max:
        raise RequestRejected(
            f"The query asks for {weight.cost} fields, at most "
            f"{limits.query_cost_max} are answered; ask for fewer items per page."
        )


class _Scale:
    def __init__(
        self, document: DocumentNode, variables: Mapping[str, Any], items_max: int
    ) -> None:
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Weight] = {}
        self._variables = variables
        self._items_max = items_max

    def of(self, selection: SelectionSetNode | None) -> Weight:
        depth = cost = 0
        for node in () if selection is None else selection.selections:
            weight = self._of_node(node)
            depth = max(depth, weight.depth)
            cost += weight.cost
        return Weight(depth, cost)

    def _of_node(self, node: object) -> Weight:
        if isinstance(node, FieldNode):
            below = self.of(node.selection_set)
            return Weight(below.depth + 1, 1 + below.cost * self._items(node))
        if isinstance(node, FragmentSpreadNode):
            name = node.name.value
            if name not in self._known:
                self._known[name] = self.of(self._fragments[name].selection_set)
            return self._known[name]
        assert isinstance(node, InlineFragmentNode)
        return self.of(node.selection_set)

    def _items(self, node: FieldNode) -> int:
        for argument in node.arguments or ():
            if argument.name.value in COUNT_ARGUMENTS:
                value: Any = argument.value
                if isinstance(value, IntValueNode):
                    asked: Any = int(value.value)
                elif isinstance(value, VariableNode):
                    asked = self._variables.get(value.name.value)
                else:
                    asked = None
                if isinstance(asked, int):
                    return max(1, min(asked, self._items_max))
        return 1
