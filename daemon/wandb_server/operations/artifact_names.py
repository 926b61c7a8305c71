"""What names of artifacts may be, and how they are cleaned for text columns."""

import dataclasses
import re
from typing import Any, TypeVar

from wandb_server.errors import QueryError
from wandb_server.ingest.values import clean_text
from wandb_server.storage.artifact_versions import VERSION_ALIAS

T = TypeVar("T")

NAME_CHARACTERS_MAX = 256
_FORBIDDEN = re.compile(r"[/:\x00-\x1f]")


def check_name(name: str, part: str) -> None:
    """Raises:
    QueryError: empty, too long, or with characters that separate names.
    """
    if not 0 < len(name) <= NAME_CHARACTERS_MAX:
        raise QueryError(
            part, f"a name must have 1 to {NAME_CHARACTERS_MAX} characters"
        )
    if found := _FORBIDDEN.search(name):
        raise QueryError(part, f"{name!r} must not hold {found[0]!r}")


def check_alias(alias: str) -> None:
    """Raises:
    QueryError: it cannot be told from a number of a version, or is no name.
    """
    check_name(alias, "alias")
    if VERSION_ALIAS.fullmatch(alias):
        raise QueryError(
            "alias", f"{alias!r} is the number of a version; choose another name"
        )


def split_name(name: str) -> tuple[str, str]:
    """`data:best` -> (`data`, `best`); without an alias it is `latest`."""
    collection, _, alias = name.rpartition(":") if ":" in name else (name, "", "")
    return collection.rpartition("/")[2], alias or "latest"


def cleaned(value: T) -> T:
    """The same dataclass, every text in it fit for a text column but for JSON."""
    changed: dict[str, Any] = {}
    for field in dataclasses.fields(value):  # type: ignore[arg-type]
        found = getattr(value, field.name)
        if not field.name.endswith("_json"):
            changed[field.name] = _clean(found)
    return dataclasses.replace(value, **changed)  # type: ignore[type-var]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, tuple):
        return tuple(_clean(part) for part in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return cleaned(value)
    return value
