"""The manifest of an artifact: read from its record, written as the server wants it."""

import base64
import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb_proto import json_codec
from wandb_proto.v1.record_pb2 import ArtifactManifest
from wandb_proto.v1.record_pb2 import ArtifactManifestEntry as EntryRecord

CLIENT_SCHEME = "wandb-client-artifact://"
SERVER_SCHEME = "wandb-artifact://"


@dataclass(slots=True)
class Entry:
    """A file or a reference of an artifact."""

    path: str
    digest: str
    ref: str = ""
    size: int | None = None
    local_path: str = ""
    birth_artifact_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_file(self) -> bool:
        """Whether its content is to be uploaded from this machine."""
        return bool(self.local_path) and not self.ref

    @property
    def byte_count(self) -> int:
        return self.size or 0


def read_entries(manifest: ArtifactManifest) -> list[Entry]:
    """The entries that a record holds, or the file that it names.

    Raises:
        OSError: that file cannot be read.
        ValueError: it makes no sense.
    """
    if manifest.manifest_file_path:
        return list(_from_file(Path(manifest.manifest_file_path)))
    return [_from_record(entry) for entry in manifest.contents]


def manifest_text(manifest: ArtifactManifest, entries: Iterable[Entry]) -> bytes:
    """The content of the manifest file."""
    config = {
        item.key: json_codec.loads(item.value_json)
        for item in manifest.storage_policy_config
    }
    return json_codec.dumps(
        {
            "version": manifest.version or 1,
            "storagePolicy": manifest.storage_policy or "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2", **config},
            "contents": {
                entry.path: _content(entry)
                for entry in sorted(entries, key=lambda entry: entry.path)
            },
        }
    )


def md5_base64(content: bytes) -> str:
    """base64(MD5), as manifests and servers have it."""
    digest = hashlib.md5(content, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def client_id_of(ref: str) -> str:
    """The client's id in a reference to another artifact; "" in all others."""
    if not ref.startswith(CLIENT_SCHEME):
        return ""
    return ref[len(CLIENT_SCHEME) :].partition("/")[0].partition(":")[0]


def with_server_id(ref: str, artifact_id: str) -> str:
    """The same reference with the server's id, in hex."""
    path = ref[len(CLIENT_SCHEME) :].partition("/")[2]
    return f"{SERVER_SCHEME}{base64.b64decode(artifact_id).hex()}/{path}"


def _content(entry: Entry) -> dict[str, Any]:
    content: dict[str, Any] = {"digest": entry.digest}
    if entry.birth_artifact_id:
        content["birthArtifactID"] = entry.birth_artifact_id
    if entry.ref:
        content["ref"] = entry.ref
    if entry.extra:
        content["extra"] = entry.extra
    if entry.size is not None:
        content["size"] = entry.size
    return content


def _from_record(entry: EntryRecord) -> Entry:
    return Entry(
        path=entry.path,
        digest=entry.digest,
        ref=entry.ref,
        # A record cannot tell a size of 0 from none: references may have none.
        size=entry.size if entry.size or not entry.ref else None,
        local_path=entry.local_path,
        birth_artifact_id=entry.birth_artifact_id,
        extra={item.key: json_codec.loads(item.value_json) for item in entry.extra},
    )


def _from_file(path: Path) -> Iterator[Entry]:
    with gzip.open(path, "rb") as file:
        for line in file:
            found = json_codec.loads(line)
            ref = found.get("ref") or ""
            yield Entry(
                path=found["path"],
                digest=found["digest"],
                ref=ref,
                size=found.get("size", None if ref else 0),
                local_path=found.get("local_path") or "",
                birth_artifact_id=found.get("birth_artifact_id")
                or found.get("birthArtifactID")
                or "",
                extra=found.get("extra") or {},
            )
