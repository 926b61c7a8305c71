"""Filters and orders of lists of artifacts, as the official client sends them."""

from collections.abc import Mapping
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.graphql.question import parse_json

_STATES = {"COMMITTED", "READY"}


def tags_of_filters(filters: str | None) -> list[str]:
    """Tags that everything in the list must have.

    Raises:
        QueryError: the filters ask for something else.
    """
    found: list[str] = []
    for name, value in _read(filters).items():
        if name in ("tags", "tag"):
            found.extend(_texts(value))
        elif name == "$and" and isinstance(value, list):
            for part in value:
                if isinstance(part, Mapping) and "tags" in part:
                    found.extend(_texts(part["tags"]))
        elif name not in ("state", "name"):
            raise QueryError("filters", f"{name!r} cannot be filtered by")
    return found


def only_deleted(filters: str | None) -> bool:
    """Whether they ask for states that no listed version has."""
    state = _read(filters).get("state")
    asked = _texts(state) if state is not None else []
    return bool(asked) and not _STATES & set(asked)


def wants_oldest_first(order: str | None) -> bool:
    """`createdAt`, `+created_at`, `versionIndex`: oldest first; `-…`: newest first.

    All of them say the same, because numbers are given in order of time.
    """
    return bool(order) and not str(order).startswith("-")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        for operator in ("$all", "$in", "$eq", "$contains"):
            if operator in value:
                return _texts(value[operator])
    if isinstance(value, list):
        return [text for text in value if isinstance(text, str)]
    raise QueryError("filters", f"{value!r} is neither a text nor a list of texts")


def _read(filters: str | None) -> Mapping[str, Any]:
    if not filters:
        return {}
    found = parse_json(filters, "filters") if isinstance(filters, str) else filters
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise QueryError("filters", "must be a JSON object")
    return found
