"""The record that stands for an artifact in a run's log.

A large manifest goes to a file in the staging folder, which the record names: gzip, one
JSON object per line with the fields of an entry (path, digest, ref, size, local_path,
birth_artifact_id, extra, skip_cache).
"""

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from wandb.sdk.artifacts.artifact_manifest import STORAGE_POLICY, VERSION
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.staging import MANIFEST_FILE

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact

ENTRIES_MAX = 16_384
RECORD_BYTES_MAX = 1 << 20


@dataclass(frozen=True, slots=True)
class Logging:
    """How an artifact is logged."""

    run_id: str
    entity: str
    project: str
    aliases: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    use_after_commit: bool = False
    finalize: bool = True


def artifact_record(artifact: "Artifact", logging: Logging) -> bytes:
    """A serialised `Record{artifact}`; a large manifest is written to its file.

    Raises:
        OSError: that file cannot be written.
    """
    entries = sorted(artifact.manifest.entries.values(), key=lambda e: e.path)
    record = _record(artifact, logging)
    manifest = record.artifact.manifest
    if len(entries) <= ENTRIES_MAX:
        manifest.contents.extend(map(_entry, entries))
        if record.ByteSize() <= RECORD_BYTES_MAX:
            return record.SerializeToString()
        manifest.ClearField("contents")
    folder = artifact._stage().new_path().parent
    manifest.manifest_file_path = str(_write_file(folder / MANIFEST_FILE, entries))
    return record.SerializeToString()


def used_record(run_id: str, artifact: "Artifact", name: str) -> bytes:
    """A serialised `Record{use_artifact}`: which version the run used."""
    record = pb.Record()
    record._info.stream_id = run_id
    record.use_artifact.id = artifact.id or ""
    record.use_artifact.type = artifact.type
    record.use_artifact.name = name
    return record.SerializeToString()


def _record(artifact: "Artifact", logging: Logging) -> pb.Record:
    record = pb.Record()
    record._info.stream_id = logging.run_id
    made = record.artifact
    made.run_id = logging.run_id
    made.entity = logging.entity
    made.project = logging.project
    made.type = artifact.type
    made.name = artifact._name
    made.digest = artifact.digest
    made.description = artifact.description or ""
    if artifact.metadata:
        made.metadata = json_codec.dumps(artifact.metadata).decode()
    made.use_after_commit = logging.use_after_commit
    made.aliases.extend(logging.aliases)
    made.tags.extend(logging.tags)
    made.distributed_id = artifact.distributed_id or ""
    made.finalize = logging.finalize
    made.client_id = artifact._client_id
    made.sequence_client_id = artifact._sequence_client_id
    made.base_id = artifact._base_id or ""
    made.digest_algorithm = artifact.digest_algorithm
    made.incremental_beta1 = artifact.incremental
    if artifact._ttl_changed:
        made.ttl_duration_seconds = artifact._ttl_s
    made.manifest.version = VERSION
    made.manifest.storage_policy = STORAGE_POLICY
    for key, value in artifact.manifest.storage_policy_config.items():
        made.manifest.storage_policy_config.add(key=key, value_json=json.dumps(value))
    return record


def _entry(entry: ArtifactManifestEntry) -> pb.ArtifactManifestEntry:
    made = pb.ArtifactManifestEntry(
        path=entry.path,
        digest=entry.digest,
        ref=entry.ref or "",
        size=entry.size or 0,
        local_path=entry.local_path or "",
        birth_artifact_id=entry.birth_artifact_id or "",
        skip_cache=entry.skip_cache,
    )
    for key, value in entry.extra.items():
        made.extra.add(key=key, value_json=json_codec.dumps(value).decode())
    return made


def _write_file(path: Path, entries: Iterable[ArtifactManifestEntry]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for entry in entries:
            fields = {
                "path": entry.path,
                "digest": entry.digest,
                "ref": entry.ref,
                "size": entry.size,
                "local_path": entry.local_path,
                "birth_artifact_id": entry.birth_artifact_id,
                "extra": entry.extra,
                "skip_cache": entry.skip_cache,
            }
            told = {k: v for k, v in fields.items() if v is not None}
            file.write(json_codec.dumps(told) + b"\n")
    return path
