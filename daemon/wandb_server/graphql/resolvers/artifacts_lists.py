"""Lists of artifacts: filters and orders as the official client sends them, pages."""

from collections.abc import Mapping
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.graphql.question import (
    Arguments,
    Question,
    connection,
    node_id,
    page_of,
    parse_json,
)
from wandb_server.model.artifacts import (
    ArtifactType,
    Collection,
    Membership,
    Page,
    Paging,
    ProjectPlace,
    Version,
)
from wandb_server.model.projects import Project

VERSIONS_PER_PAGE = 50
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


def short_page(items: Any, question: Question, arguments: Arguments) -> dict[str, Any]:
    """A connection over a list that is short enough to be at hand."""
    limit = question.limits.page_items_max
    return page_of(items, arguments.get("first"), arguments.get("after"), limit)


async def project_of(
    parent: Collection | Version | ArtifactType, question: Question, _: Arguments
) -> Project | None:
    """The project that it was made in, if it may be seen."""
    return await question.archive.project(parent.place.entity, parent.place.project)


def paging_of(question: Question, arguments: Arguments, first: int) -> Paging:
    """Which page is asked for; at most what the limits allow."""
    asked = arguments.get("first")
    count = first if asked is None else asked
    limit = question.limits.page_items_max
    return Paging(max(0, min(count, limit)), arguments.get("after") or None)


def to_connection(page: Page[Any]) -> dict[str, Any]:
    """A page as GraphQL lists are answered."""
    edges = [
        {"node": item, "cursor": cursor}
        for item, cursor in zip(page.items, page.cursors, strict=True)
    ]
    return connection(edges, page.has_next, page.total)


def tag_nodes(parent: Collection | Version) -> list[dict[str, Any]]:
    """Tags as GraphQL answers them."""
    return [{"id": node_id("Tag", tag), "name": tag} for tag in parent.tags]


async def members_of(
    question: Question, arguments: Arguments, **of: Any
) -> Page[Membership]:
    """A page of memberships, filtered and ordered as asked."""
    filters = arguments.get("filters")
    if only_deleted(filters):
        return Page((), (), has_next=False, total=0)
    return await question.archive.artifacts.members(
        paging_of(question, arguments, VERSIONS_PER_PAGE),
        tags=tags_of_filters(filters),
        oldest_first=wants_oldest_first(arguments.get("order")),
        **of,
    )


def place_named(project: Project) -> ProjectPlace:
    """Where its artifacts are."""
    return ProjectPlace(project.entity, project.name)
