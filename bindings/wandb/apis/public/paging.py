"""Lists that are fetched page by page as they are read."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from wandb.apis.public.graphql_client import GraphqlClient

T = TypeVar("T")

Connection = Mapping[str, Any]


class Pages(Sequence[T], Generic[T]):
    """A GraphQL connection as a sequence; nothing is asked before it is read.

    `len` asks the server for its count where it has one, else reads everything.
    """

    def __init__(
        self,
        client: GraphqlClient,
        document: str,
        variables: Mapping[str, Any],
        find: Callable[[dict[str, Any]], Connection | None],
        make: Callable[[dict[str, Any]], T | None],
        *,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        """
        Args:
            find: the connection in an answer; None: there is no such list.
            make: an item of an edge; None: leave the edge out.
            start: cursor behind which to begin.
        """
        self.client = client
        self._document = document
        self._variables = dict(variables)
        self._find = find
        self._make = make
        self._per_page = per_page
        self._cursor = start
        self._known: list[T] = []
        self._more = True
        self._count: int | None = None

    @property
    def more(self) -> bool:
        """Whether there may be another page."""
        return self._more

    @property
    def cursor(self) -> str | None:
        """Behind what was read so far."""
        return self._cursor

    def __len__(self) -> int:
        if self._count is None and self._more:
            self._fetch_page()
        if self._count is None:
            self._read_all()
            return len(self._known)
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) or index < 0:
            self._read_all()
        while self._more and len(self._known) <= index:
            self._fetch_page()
        return self._known[index]

    def __iter__(self) -> Iterator[T]:
        position = 0
        while True:
            while self._more and position >= len(self._known):
                self._fetch_page()
            if position >= len(self._known):
                return
            yield self._known[position]
            position += 1

    def __repr__(self) -> str:
        return f"<{type(self).__name__} ({len(self._known)} read)>"

    def _read_all(self) -> None:
        while self._more:
            self._fetch_page()

    def _fetch_page(self) -> None:
        variables = {"cursor": self._cursor, "perPage": self._per_page}
        data = self.client.ask(self._document, self._variables | variables)
        page = self._find(data)
        if page is None:
            self._more = False
            return
        count = page.get("totalCount")
        self._count = int(count) if count is not None else None
        edges = page.get("edges") or ()
        made = [self._make(edge) for edge in edges]
        self._known += [item for item in made if item is not None]
        ahead = page.get("pageInfo") or {}
        last = edges[-1].get("cursor") if edges else None
        self._cursor = ahead.get("endCursor") or last or self._cursor
        self._more = bool(edges) and bool(ahead.get("hasNextPage"))


def inner(data: Mapping[str, Any] | None, *path: str) -> Any:
    """What lies at a path of nested answers; None if any part is missing."""
    found: Any = data
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found
