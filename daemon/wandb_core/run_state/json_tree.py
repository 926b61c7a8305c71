"""Nested values whose leaves stay the JSON texts that they came as.

```
 set(("n", "a"), "1")   set(("n", "b"), "[NaN]")   set(("x",), '{"y":2}')
 render() ──► {"n":{"a":1,"b":[NaN]},"x":{"y":2}}
```

A leaf is opaque: setting `x → z` afterwards replaces the object text at `x`, as the
official merge does, unless the tree was told to open such texts.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from wandb_proto import json_codec

Node: TypeAlias = dict[str, "Node | str"]


class JsonTree:
    """Values by path; the order is that of first assignment."""

    def __init__(self, *, opens_leaves: bool = False) -> None:
        self._root: Node = {}
        self._opens_leaves = opens_leaves

    def set(self, path: Sequence[str], text: str) -> None:
        """Put a JSON text at the path, replacing whatever stands in the way."""
        node = self._root
        for key in path[:-1]:
            below = node.get(key)
            if not isinstance(below, dict):
                below = self._opened(below)
                node[key] = below
            node = below
        node[path[-1]] = text

    def remove(self, path: Sequence[str]) -> None:
        """Take away what is at the path, if anything; empty parents stay."""
        node = self._root
        for key in path[:-1]:
            below = node.get(key)
            if below is None:
                return
            if isinstance(below, str):
                below = open_text(below)
                if below is None:
                    return
                node[key] = below
            node = below
        node.pop(path[-1], None)

    def get(self, path: Sequence[str]) -> "Node | str | None":
        """The node or JSON text at the path, without opening a leaf."""
        node: Node | str | None = self._root
        for key in path:
            if not isinstance(node, dict):
                return None
            node = node.get(key)
        return node

    def items(self) -> Iterable[tuple[str, str]]:
        """Top-level keys with the JSON text of their values."""
        return [(key, render(node)) for key, node in self._root.items()]

    def render(self) -> str:
        """All of it as one JSON object; bare NaN and Infinity as in the leaves."""
        return render(self._root)

    def value(self) -> dict[str, Any]:
        """All of it as plain values."""
        value: dict[str, Any] = json_codec.loads(self.render())
        return value

    def root(self) -> Node:
        """The nodes themselves, JSON-able, for `restore`."""
        return self._root

    def restore(self, root: Node) -> None:
        """Take over what `root` gave."""
        self._root = root

    def _opened(self, leaf: str | None) -> Node:
        if self._opens_leaves and leaf is not None:
            return open_text(leaf) or {}
        return {}


def open_text(text: str) -> Node | None:
    """A JSON object text as a node with one leaf per key; None if it is no object."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        value = json_codec.loads(text)
    except ValueError:
        return None
    return {key: json_codec.dumps(item).decode() for key, item in value.items()}


def render(node: Node | str) -> str:
    """The JSON text of a node."""
    if isinstance(node, str):
        return node
    members = [
        f"{key_text(key)}:{below if type(below) is str else render(below)}"
        for key, below in node.items()
    ]
    return "{" + ",".join(members) + "}"


@lru_cache(maxsize=65536)
def key_text(key: str) -> str:
    """A key as JSON string, quotes included."""
    return json_codec.dumps(key).decode()
