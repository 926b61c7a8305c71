"""The commit: what was sent becomes a version, at once and whole."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.artifact_manifest import (
    ManifestEntry,
    ManifestText,
    merge_manifests,
    read_manifest,
    write_manifest,
)
from wandb_server.model.artifacts import (
    COMMITTED,
    DELETED,
    Manifest,
    Version,
)
from wandb_server.operations.artifact_uploads import ArtifactUploads
from wandb_server.storage import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_memberships,
    artifact_versions,
)
from wandb_server.storage.schema import to_text

FULL, INCREMENTAL, PATCH = "FULL", "INCREMENTAL", "PATCH"

FULL, INCREMENTAL = "FULL", "INCREMENTAL"
NAMED_IN_ERRORS_MAX = 3


class ArtifactCommit(ArtifactUploads):
    """`commitArtifact`."""

    async def commit_version(self, artifact_id: int) -> Version:
        """The version with everything that its manifest lists, visible at once.
        Idempotent.

        Raises:
            QueryError: its manifest or bytes of its files were not sent.
        """
        version = await self._stores.database.read(
            lambda db: artifact_versions.read_version(db, artifact_id)
        )
        if version is None or version.state == DELETED:
            raise NotFound("artifact", str(artifact_id))
        if version.state == COMMITTED:
            return version
        manifest, kept = await self._whole_manifest(version)
        rows = await self._stores.database.read(
            lambda db: _file_rows(db, version, manifest)
        )
        if kept is None:
            kept = await self._write_merged(version, manifest)
        now = self._stores.clock()
        committed, dead = await self._stores.database.write(
            lambda db: _commit(db, version, rows, kept, now)
        )
        await self._delete_bytes(dead)
        return committed

    async def _whole_manifest(
        self, version: Version
    ) -> tuple[ManifestText, int | None]:
        """(what the version holds, the manifest that says just that)."""
        sent = [
            found
            for found in await self._stores.database.read(
                lambda db: artifact_blobs.manifests_of(db, version.id)
            )
            if found.object_id is not None
        ]
        if not sent:
            raise QueryError("artifact", "its manifest was not uploaded")
        whole = [place for place, found in enumerate(sent) if found.kind == FULL]
        sent = sent[whole[-1] :] if whole else sent
        texts = [await self._parsed(found) for found in sent]
        base = await self._base_of(sent[0])
        if base is not None:
            texts.insert(0, base)
        if len(texts) == 1:
            return texts[0], sent[0].id
        return merge_manifests(texts), None

    async def _base_of(self, manifest: Manifest) -> ManifestText | None:
        base_id = manifest.base_artifact_id
        if manifest.kind != INCREMENTAL or base_id is None:
            return None

        def question(db: Connection) -> Manifest | None:
            base = artifact_versions.read_version(db, base_id)
            if base is None or base.manifest_id is None:
                return None
            return artifact_blobs.read_manifest(db, base.manifest_id)

        found = await self._stores.database.read(question)
        return None if found is None else await self._parsed(found)

    async def _parsed(self, manifest: Manifest) -> ManifestText:
        text = await self.manifest_bytes(manifest)
        return await asyncio.to_thread(read_manifest, text, manifest.name)

    async def _write_merged(self, version: Version, manifest: ManifestText) -> int:
        text = await asyncio.to_thread(write_manifest, manifest)
        return await self.store_manifest(version, text)


def _file_rows(
    db: Connection, version: Version, manifest: ManifestText
) -> list[dict[str, Any]]:
    entries = list(manifest.entries.values())
    blobs = artifact_blobs.find_blobs(
        db,
        version.place.entity,
        [entry.digest for entry in entries if entry.reference is None],
    )
    missing = [
        entry.path
        for entry in entries
        if entry.reference is None and entry.digest not in blobs
    ]
    if missing:
        named = ", ".join(missing[:NAMED_IN_ERRORS_MAX])
        more = len(missing) - NAMED_IN_ERRORS_MAX
        raise QueryError(
            "artifact",
            f"{len(missing)} of its files were not uploaded: {named}"
            + (f" and {more} more" if more > 0 else "")
            + "; log it again",
        )
    return [_file_row(version, entry, blobs) for entry in entries]


def _file_row(
    version: Version, entry: ManifestEntry, blobs: Mapping[str, artifact_blobs.Blob]
) -> dict[str, Any]:
    blob = None if entry.reference is not None else blobs[entry.digest]
    if blob is not None and entry.size_bytes not in (None, blob.size_bytes):
        raise QueryError(
            "artifact",
            f"its file {entry.path} should have {entry.size_bytes} bytes, but "
            f"{blob.size_bytes} were received; log it again",
        )
    return {
        "artifact_id": version.id,
        "path": entry.path,
        "digest": entry.digest,
        "size_bytes": entry.size_bytes if blob is None else blob.size_bytes,
        "reference": entry.reference,
        "object_id": None if blob is None else blob.object_id,
    }


def _commit(
    db: Connection,
    version: Version,
    rows: Sequence[Mapping[str, Any]],
    manifest_id: int,
    now: float,
) -> tuple[Version, list[int]]:
    """(the committed version, objects that are of no use now)."""
    current = artifact_versions.read_version(db, version.id)
    if current is None or current.state == DELETED:
        raise NotFound("artifact", str(version.id))
    if current.state == COMMITTED:
        return current, []
    artifact_files.insert_files(db, rows)
    _, number = artifact_memberships.join_collection(
        db, version.collection.id, version.id, now
    )
    artifact_versions.update_version(
        db,
        version.id,
        state=COMMITTED,
        version_index=number,
        size_bytes=sum(row["size_bytes"] or 0 for row in rows),
        file_count=len(rows),
        manifest_id=manifest_id,
        updated_at=now,
    )
    artifact_collections.update_collection(db, version.collection.id, updated_at=now)
    held = artifact_blobs.release(db, version.id)
    dead = [number for number, _ in artifact_blobs.drop_unused(db, held, now)]
    gone = artifact_blobs.remove_manifests(db, version.id, now, keep=manifest_id)
    dead.extend(number for number, _ in gone)
    wanted = artifact_versions.wanted_aliases(db, version.id)
    name_version(db, version, json_codec.loads(to_text(wanted)), now)
    committed = artifact_versions.read_version(db, version.id)
    assert committed is not None
    return committed, dead


def name_version(
    db: Connection, version: Version, aliases: Sequence[Sequence[str]], now: float
) -> None:
    """Move these aliases of the version's own sequence to it, and `latest` when
    nothing is called so.
    """
    home = version.collection
    member, _ = artifact_memberships.join_collection(db, home.id, version.id, now)
    for collection, alias in aliases:
        if collection == home.name:
            artifact_memberships.set_alias(db, home.id, member, alias)
    if not artifact_memberships.has_alias(db, home.id, artifact_versions.LATEST):
        artifact_memberships.set_alias(db, home.id, member, artifact_versions.LATEST)
