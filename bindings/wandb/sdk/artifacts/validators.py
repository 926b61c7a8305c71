"""What artifacts may be called and hold; refusals say what and why."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from wandb.sdk.plain_values import finite_or_none, plain

NAME_CHARACTERS_MAX = 128
METADATA_KEYS_MAX = 100
RESERVED_TYPES = ("job",)
RESERVED_PREFIX = "wandb-"
_NAME = re.compile(r"[a-zA-Z0-9_\-.]+")
_UNSAFE = re.compile(r"[^a-zA-Z0-9_\-.]")
_TAG = re.compile(r"[a-zA-Z0-9_\- ]+")


def checked_name(name: str) -> str:
    """The name of a collection.

    Raises:
        ValueError: characters besides letters, digits, `-_.`, or more than 128.
    """
    name = str(name)
    if len(name) > NAME_CHARACTERS_MAX:
        raise ValueError(
            f"Artifact name is longer than {NAME_CHARACTERS_MAX} characters: {name!r}"
        )
    if not _NAME.fullmatch(name):
        raise ValueError(
            "Artifact name may only contain alphanumeric characters, dashes, "
            f"underscores, and dots. Invalid name: {name!r}"
        )
    return name


def safe_name(text: str) -> str:
    """The text with everything that a name may not hold replaced by `_`."""
    cleaned = _UNSAFE.sub("_", text)
    if len(cleaned) <= NAME_CHARACTERS_MAX:
        return cleaned
    half = NAME_CHARACTERS_MAX // 2 - 1
    return f"{cleaned[:half]}..{cleaned[-half:]}"


def checked_type(type_name: str, name: str) -> str:
    """The type; "job" and "wandb-…" are the product's own, but for its run tables.

    Raises:
        ValueError: a reserved type.
    """
    type_name = str(type_name)
    is_own = type_name in RESERVED_TYPES or type_name.startswith(RESERVED_PREFIX)
    if is_own and not name.startswith("run-"):
        raise ValueError(
            f"Artifact type {type_name!r} is reserved for internal use. "
            "Please use a different type."
        )
    return type_name


def checked_metadata(metadata: Any) -> dict[str, Any]:
    """Metadata as plain JSON values; NaN becomes None.

    Raises:
        TypeError: not a mapping (or JSON text of one), or a value JSON cannot say.
        ValueError: more than 100 keys, or an infinite number.
    """
    if metadata is None:
        return {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata) if metadata else {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"Cannot parse {type(metadata)} as artifact metadata")
    if len(metadata) > METADATA_KEYS_MAX:
        raise ValueError(
            f"Artifact must not have more than {METADATA_KEYS_MAX} metadata keys."
        )
    checked = finite_or_none(plain(dict(metadata)))
    found: dict[str, Any] = json.loads(json.dumps(checked, allow_nan=False))
    return found


def checked_aliases(aliases: Iterable[str] | str | None) -> list[str]:
    """Aliases, each once; one string is one alias.

    Raises:
        ValueError: an alias with `/` or `:`.
    """
    given = [aliases] if isinstance(aliases, str) else list(aliases or ())
    for alias in given:
        if "/" in alias or ":" in alias:
            raise ValueError(
                f"Aliases must not contain any of the characters / and : ({alias!r})"
            )
    return list(dict.fromkeys(given))


def checked_tags(tags: Iterable[str] | str | None) -> list[str]:
    """Tags, each once; one string is one tag.

    Raises:
        ValueError: a tag with characters besides letters, digits, `-_` and blanks.
    """
    given = [tags] if isinstance(tags, str) else list(tags or ())
    for tag in given:
        if not _TAG.fullmatch(tag):
            raise ValueError(
                "Tags may hold letters, digits, dashes, underscores and blanks, "
                f"which {tag!r} does not."
            )
    return list(dict.fromkeys(given))


def checked_path(path: Any) -> str:
    """Path of an entry: relative, below the artifact's root, with `/`.

    Raises:
        ValueError: it leads out.
    """
    text = str(path).replace("\\", "/") if "\\" in str(path) else str(path)
    pure = PurePosixPath(text)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\0" in text:
        raise ValueError(f"Invalid artifact path: {str(path)!r}")
    return str(pure)


def checked_policy(policy: str | None) -> str:
    """mutable or immutable.

    Raises:
        ValueError: anything else.
    """
    if policy not in ("mutable", "immutable", None):
        raise ValueError(
            f"Invalid policy {policy!r}. Policy may only be `mutable` or `immutable`."
        )
    return policy or "mutable"
