"""A manifest: what a version holds, as the client wrote it.

```
{"version": 1, "storagePolicy": "wandb-storage-policy-v1",
 "storagePolicyConfig": {"storageLayout": "V2"},
 "contents": {"data/a.csv": {"digest": "<base64 MD5>", "size": 3, "birthArtifactID": …},
              "x": {"digest": "<ETag or URI>", "ref": "s3://bucket/x"}}}
```

What a client leaks into it (`local_path`, `skip_cache`) is not kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wandb_proto import json_codec

from wandb_server.errors import QueryError
from wandb_server.ingest.values import clean_text

ENTRY_FIELDS = ("digest", "birthArtifactID", "ref", "size", "extra")
PATH_BYTES_MAX = 2_560
"""PostgreSQL refuses index entries of more than 2,704 bytes."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """One path; `fields` is what is kept of it, as sent."""

    path: str
    digest: str
    size_bytes: int | None
    reference: str | None
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ManifestText:
    """A whole manifest; `head` is everything but its contents."""

    head: Mapping[str, Any]
    entries: Mapping[str, ManifestEntry]


def read_manifest(text: bytes, part: str) -> ManifestText:
    """Parse a manifest; `part` names it in errors.

    Raises:
        QueryError: it is no manifest, or an entry of it cannot be.
    """
    try:
        found = json_codec.loads(text)
    except (ValueError, RecursionError) as error:
        raise QueryError(part, f"is not JSON: {error}") from error
    contents = found.get("contents") if isinstance(found, dict) else None
    if not isinstance(contents, dict):
        raise QueryError(part, 'is no manifest: it has no object "contents"')
    entries = {}
    for path, fields in contents.items():
        entry = _entry(path, fields, part)
        if entry.path in entries:
            raise QueryError(part, f"the path {entry.path!r} is in it twice")
        entries[entry.path] = entry
    head = {name: value for name, value in found.items() if name != "contents"}
    return ManifestText(head, entries)


def merge_manifests(manifests: Sequence[ManifestText]) -> ManifestText:
    """All entries, a later manifest's instead of an earlier one's; the last head."""
    entries: dict[str, ManifestEntry] = {}
    for manifest in manifests:
        entries.update(manifest.entries)
    return ManifestText(manifests[-1].head, entries)


def write_manifest(manifest: ManifestText) -> bytes:
    """The text that clients download."""
    contents = {path: dict(entry.fields) for path, entry in manifest.entries.items()}
    return json_codec.dumps({**manifest.head, "contents": contents})


def _entry(path: str, fields: Any, part: str) -> ManifestEntry:
    if not isinstance(fields, dict) or not isinstance(fields.get("digest"), str):
        raise QueryError(part, f"the entry {path!r} has no digest")
    size, reference = fields.get("size"), fields.get("ref")
    if not path or len(path.encode("utf-8", "replace")) > PATH_BYTES_MAX:
        raise QueryError(part, f"a path must have 1 to {PATH_BYTES_MAX} bytes")
    if size is not None and (type(size) is not int or size < 0):
        raise QueryError(part, f"the entry {path!r} has the size {size!r}")
    if reference is not None and not isinstance(reference, str):
        raise QueryError(part, f'the "ref" of {path!r} is not text')
    return ManifestEntry(
        path=clean_text(path),
        digest=clean_text(fields["digest"]),
        size_bytes=size,
        reference=None if reference is None else clean_text(reference),
        fields={name: fields[name] for name in ENTRY_FIELDS if name in fields},
    )
