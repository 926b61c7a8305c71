"""The layers of a torch model as `wandb.Graph`, without running it."""

import itertools
from typing import Any

from wandb.sdk.data_types.graph import Graph, Node

NODES_MAX = 10_000


def module_graph(model: Any) -> Graph:
    """A node per layer that has no layers inside, in the order of their definition.

    Edges go from one layer to the next inside `Sequential`: what a model's own
    `forward` does is not known without running it.
    """
    from torch import nn

    graph = Graph(format="torch")
    for name, module in model.named_modules():
        if len(graph.nodes) >= NODES_MAX:
            break
        if any(True for _ in module.children()):
            continue
        shapes = [[key, list(value.shape)] for key, value in module.named_parameters()]
        graph.add_node(
            Node(
                id=name or type(module).__name__,
                name=name or type(module).__name__,
                class_name=str(module),
                parameters=shapes,
                num_parameters=[value.numel() for value in module.parameters()],
            )
        )
    for name, module in model.named_modules():
        if isinstance(module, nn.Sequential):
            _connect(graph, [f"{name}.{key}".lstrip(".") for key in module._modules])
    return graph


def _connect(graph: Graph, names: list[str]) -> None:
    for source, target in itertools.pairwise(names):
        if source in graph.nodes_by_id and target in graph.nodes_by_id:
            graph.add_edge(graph[source], graph[target])
