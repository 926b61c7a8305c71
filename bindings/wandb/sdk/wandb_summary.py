"""`run.summary`: the latest value per key, derived from history or set by the user.

Writes become records at once. Reads see the merged state, which core holds.
"""

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from wandb.sdk.plain_values import plain

Path = tuple[str, ...]


class SummaryStore(Protocol):
    """Where summary values go to and come from."""

    def change(self, update: list[tuple[Path, Any]], remove: list[Path]) -> None:
        """Record explicit changes, in order; UsageError after the end."""
        ...

    def stored(self, key: str, value: Any) -> Any:
        """The plain value to keep for what the user set; media have their files."""
        ...

    def fetch(self) -> dict[str, Any]:
        """The merged summary now; never raises, what is known locally at least."""
        ...


class LocalStore:
    """A summary that exists only in this process: disabled runs, tests."""

    def __init__(self) -> None:
        self.tree: dict[str, Any] = {}

    def change(self, update: list[tuple[Path, Any]], remove: list[Path]) -> None:
        """Apply the changes."""
        apply_changes(self.tree, update, remove)

    def stored(self, key: str, value: Any) -> Any:
        """The plain value; media become text."""
        return plain(value)

    def fetch(self) -> dict[str, Any]:
        """The tree itself."""
        return self.tree


class SummarySubDict:
    """The part of a summary below a path; dict-like, writes are recorded."""

    def __init__(self, store: SummaryStore, path: Path = ()) -> None:
        object.__setattr__(self, "_store", store)
        object.__setattr__(self, "_path", path)

    def update(self, d: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Set several values."""
        pairs = {**dict(d or {}), **more}
        changes = [
            ((*self._path, str(k)), self._store.stored(str(k), v))
            for k, v in pairs.items()
        ]
        if changes:
            self._store.change(changes, [])

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or the default."""
        try:
            return self[key]
        except KeyError:
            return default

    def keys(self) -> list[str]:
        """The keys."""
        return list(self._tree())

    def values(self) -> list[Any]:
        """The values."""
        return [self[key] for key in self._tree()]

    def items(self) -> list[tuple[str, Any]]:
        """The pairs."""
        return [(key, self._wrapped(key, value)) for key, value in self._tree().items()]

    def _as_dict(self) -> dict[str, Any]:
        return dict(self._tree())

    def _tree(self) -> dict[str, Any]:
        tree: Any = self._store.fetch()
        for part in self._path:
            tree = tree.get(part) if isinstance(tree, dict) else None
        return tree if isinstance(tree, dict) else {}

    def _wrapped(self, key: str, value: Any) -> Any:
        # An object of the format (media, histogram) is a value, not a level.
        if isinstance(value, dict) and "_type" not in value:
            return SummarySubDict(self._store, (*self._path, key))
        return value

    def __getitem__(self, key: str) -> Any:
        return self._wrapped(key, self._tree()[key])

    def __setitem__(self, key: str, value: Any) -> None:
        self.update({key: value})

    def __delitem__(self, key: str) -> None:
        if key not in self._tree():
            raise KeyError(key)
        self._store.change([], [(*self._path, key)])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"summary has no key {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        del self[name]

    def __contains__(self, key: object) -> bool:
        return key in self._tree()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tree())

    def __len__(self) -> int:
        return len(self._tree())

    def __repr__(self) -> str:
        return repr(self._tree())


class Summary(SummarySubDict):
    """The whole summary of a run."""


class RecordedSummary:
    """The store of a live run: explicit changes become records, core merges.

    `convert` turns media into plain values. `ask` returns core's merged summary, or
    None where core does not answer; then what was set here is the best that is known.
    """

    def __init__(
        self,
        record: Callable[[list[tuple[Path, Any]], list[Path]], None],
        ask: Callable[[], dict[str, Any] | None],
        convert: Callable[[str, Any], Any] = lambda key, value: value,
    ) -> None:
        self._record = record
        self._ask = ask
        self._convert = convert
        self._known: dict[str, Any] = {}

    def change(self, update: list[tuple[Path, Any]], remove: list[Path]) -> None:
        """Record the changes and remember them."""
        self._record(update, remove)
        apply_changes(self._known, update, remove)

    def stored(self, key: str, value: Any) -> Any:
        """The plain value; files of media are written."""
        return plain(self._convert(key, value))

    def fetch(self) -> dict[str, Any]:
        """Core's answer, else what is known here."""
        answer = self._ask()
        if answer is not None:
            self._known = answer
        return self._known


def apply_changes(
    tree: dict[str, Any], update: list[tuple[Path, Any]], remove: list[Path]
) -> None:
    """Set and remove by path. A NaN is "no value": at the top level the key goes."""
    for path, value in update:
        if len(path) == 1 and isinstance(value, float) and math.isnan(value):
            tree.pop(path[0], None)
            continue
        level = tree
        for part in path[:-1]:
            below = level.get(part)
            if not isinstance(below, dict):
                below = level[part] = {}
            level = below
        level[path[-1]] = copy.deepcopy(value)
    for path in remove:
        level = tree
        for part in path[:-1]:
            level = level.get(part, {})
        level.pop(path[-1], None)
