"""Ids of artifacts: base64 of `Artifact:<number>`.

Clients write the hex of the decoded id into references between artifacts:
`wandb-artifact://4172746966616374…/path`.
"""

from dataclasses import dataclass

from wandb_server.errors import NotFound
from wandb_server.graphql.question import node_id, parts_of_id
from wandb_server.model.artifacts import Collection, Manifest, Version

NUMBER_DIGITS_MAX = 18
SCHEME = "wandb-artifact://"
CLIENT_SCHEME = "wandb-client-artifact://"


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """What a reference names: a version by number or by client id, and a path in it."""

    artifact: int | None
    client_id: str | None
    alias: str | None
    path: str


def artifact_id(version: Version) -> str:
    """A version's id."""
    return node_id("Artifact", version.id)


def collection_id(collection: Collection) -> str:
    """A collection's id."""
    return node_id("ArtifactCollection", collection.id)


def manifest_id(manifest: Manifest) -> str:
    """A manifest's id."""
    return node_id("ArtifactManifest", manifest.id)


def number_of(kind: str, text: str | None) -> int | None:
    """The number in an id of this kind; None for anything that we did not make."""
    parts = parts_of_id(kind, text or "")
    if not parts or len(parts) != 1:
        return None
    return _number(parts[0])


def required(kind: str, text: str | None) -> int:
    """Like `number_of`.

    Raises:
        NotFound: it is no such id.
    """
    number = number_of(kind, text)
    if number is None:
        raise NotFound(kind, str(text))
    return number


def parse_entry(uri: str) -> EntryPlace | None:
    """The parts of a reference to a file of an artifact; None if it is none."""
    for scheme in (SCHEME, CLIENT_SCHEME):
        if uri.startswith(scheme):
            name, _, path = uri.removeprefix(scheme).partition("/")
            client_id, _, alias = name.partition(":")
            if scheme == CLIENT_SCHEME:
                return EntryPlace(None, client_id, alias or None, path)
            number = _number_of_hex(name)
            return number and EntryPlace(number, None, None, path)  # type: ignore[return-value]
    return None


def _number_of_hex(text: str) -> int | None:
    try:
        kind, _, number = bytes.fromhex(text).decode().partition(":")
    except ValueError:
        return None
    return _number(number) if kind == "Artifact" else None


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX
    return int(text) if plain else None
