"""`wandb.Graph`: the layers of a model and how they are connected."""

from typing import Any

from wandb_proto import json_codec

from wandb.sdk.data_types.base_types.media import Media, MediaObject, artifact_file


class Node:
    """One layer: its facts by name, such as id, name, class_name, size, output_shape.

    Facts that are None are not kept.
    """

    def __init__(self, id: Any = None, name: str | None = None, **facts: Any) -> None:
        given = {"name": name, "id": id, **facts}
        self.facts = {key: value for key, value in given.items() if value is not None}

    @property
    def id(self) -> Any:
        """What edges refer to."""
        return self.facts.get("id", self.facts.get("name"))

    @property
    def name(self) -> Any:
        """The name."""
        return self.facts.get("name")

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None


class Edge:
    """A connection between two nodes."""

    def __init__(self, from_node: Node, to_node: Node) -> None:
        self.from_node = from_node
        self.to_node = to_node


class Graph(Media):
    """Nodes and edges to log. format: what the facts of the nodes mean."""

    _log_type = "graph-file"
    _kind = "graph"

    def __init__(self, format: str = "keras") -> None:
        super().__init__()
        self._extension = "graph.json"
        self.format = format
        self.nodes: list[Node] = []
        self.nodes_by_id: dict[Any, Node] = {}
        self.edges: list[Edge] = []

    def add_node(self, node: Node | None = None, **facts: Any) -> Node:
        """Add a node, or make one of these facts; returns it.

        Raises:
            ValueError: there is a node of that id.
        """
        node = node or Node(**facts)
        if node.id in self.nodes_by_id:
            raise ValueError(f"the graph has a node {node.id!r} already")
        self.nodes.append(node)
        self.nodes_by_id[node.id] = node
        return node

    def add_edge(self, from_node: Node, to_node: Node) -> Edge:
        """Connect two nodes."""
        edge = Edge(from_node, to_node)
        self.edges.append(edge)
        return edge

    def __getitem__(self, node_id: Any) -> Node:
        return self.nodes_by_id[node_id]

    def content(self) -> bytes:
        """The graph as it is now, as JSON."""
        edges = [[edge.from_node.id, edge.to_node.id] for edge in self.edges]
        nodes = [_plain(node.facts) for node in self.nodes]
        return json_codec.dumps({"format": self.format, "nodes": nodes, "edges": edges})

    @classmethod
    def from_json(cls, json_obj: MediaObject, source_artifact: Any) -> "Graph":
        """The graph of an artifact."""
        text = artifact_file(source_artifact, json_obj["path"]).read_bytes()
        document = json_codec.loads(text)
        graph = cls(document.get("format", "keras"))
        for facts in document["nodes"]:
            graph.add_node(Node(**facts))
        for source, target in document["edges"]:
            graph.add_edge(graph[source], graph[target])
        return graph


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
