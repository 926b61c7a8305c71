"""What every resolver is given, and the few forms that several answers share."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wandb_proto import json_codec

from wandb_server.addresses import Addresses
from wandb_server.errors import QueryError
from wandb_server.model.accounts import User
from wandb_server.model.runs import ONLY_WRITER, RunWriter
from wandb_server.private_archive import PrivateArchive
from wandb_server.settings import Limits

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One request: who asks, what may be seen, how addresses are made."""

    user: User
    archive: PrivateArchive
    addresses: Addresses
    limits: Limits
    writer: RunWriter = ONLY_WRITER
    reads_history_files: bool = True
    """False: the client takes histories from Parquet for other than they are."""
    lost_rows: list[dict[str, Any]] = field(default_factory=list)
    """What is missing in the answer because it is damaged; told with it."""

    async def tell_lost(self, entity: str, project: str, runs: Sequence[str]) -> None:
        """Say with the answer which rows of these runs are lost."""
        found = await self.archive.lost_rows(entity, project, runs)
        for name, lost in found.items():
            for one in lost:
                told = {
                    "run": f"{entity}/{project}/{name}",
                    "file": one.file,
                    "firstStep": one.first_step,
                    "lastStep": one.last_step,
                    "rows": one.row_count,
                    "reason": one.reason,
                }
                if told not in self.lost_rows:
                    self.lost_rows.append(told)


Resolver = Callable[[Any, Question, Arguments], Any]


def timestamp(unix_s: float | None) -> str | None:
    """`2026-11-20T17:48:41Z`: ISO 8601 in UTC, whole seconds as clients expect."""
    if unix_s is None:
        return None
    return datetime.fromtimestamp(unix_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def node_id(kind: str, *parts: object) -> str:
    """An opaque id that is valid base64, as artifacts' clients require of all ids."""
    text = ":".join((kind, *map(str, parts)))
    return base64.b64encode(text.encode()).decode()


def parts_of_id(kind: str, text: str) -> list[str] | None:
    """What `node_id` was made of, None if this is no id of that kind."""
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return None
    found, _, rest = decoded.partition(":")
    return rest.split(":", 1) if found == kind else None


def parse_json(text: str, what: str) -> Any:
    """Parse a JSON argument.

    Raises:
        QueryError: it is not JSON; the message names the argument.
    """
    try:
        return json_codec.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(what, f"not valid JSON: {error}") from error


def page_of(
    items: Sequence[Any], first: int | None, after: str | None, limit: int
) -> dict[str, Any]:
    """A connection over a short list; the cursor is the position."""
    start = int(after) if after and after.isdecimal() else 0
    size = max(0, min(limit if first is None else first, limit))
    chosen = items[start : start + size]
    edges = [
        {"node": item, "cursor": str(start + number)}
        for number, item in enumerate(chosen, start=1)
    ]
    return connection(edges, start + len(chosen) < len(items), len(items))


def connection(
    edges: Sequence[Mapping[str, Any]], has_next: bool, total: int | None = None
) -> dict[str, Any]:
    """Edges with the page information that belongs to them."""
    page = {
        "endCursor": edges[-1]["cursor"] if edges else None,
        "startCursor": edges[0]["cursor"] if edges else None,
        "hasNextPage": has_next,
        "hasPreviousPage": None,
    }
    return {"edges": edges, "pageInfo": page, "totalCount": total}
