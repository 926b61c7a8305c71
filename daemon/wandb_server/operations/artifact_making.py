"""Making a version: announced, filled, committed.

```
create ─► manifest ─► files: known ones held, others PUT ─► manifest PUT ─► commit
   └────────── a crash anywhere here leaves a PENDING version, gone after a day ────┘
```

The commit is one transaction: before it nobody sees the version, after it all of it.
"""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.artifact_model import (
    COMMITTED,
    DELETED,
    SEQUENCE,
    TTL_INHERITED,
    Collection,
    Manifest,
    NewManifest,
    NewVersion,
    Version,
    WantedFile,
)
from wandb_server.errors import NotFound, QueryError
from wandb_server.ingest.artifact_manifest import (
    ManifestEntry,
    ManifestText,
    merge_manifests,
    read_manifest,
    write_manifest,
)
from wandb_server.model import User
from wandb_server.operations.artifact_names import (
    check_alias,
    check_name,
    cleaned,
)
from wandb_server.operations.artifact_uploads import ArtifactUploads
from wandb_server.storage import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_versions,
    projects,
    runs,
)
from wandb_server.storage.schema import to_bytes, to_text

FULL, INCREMENTAL, PATCH = "FULL", "INCREMENTAL", "PATCH"
NAMED_IN_ERRORS_MAX = 3


class ArtifactMaking(ArtifactUploads):
    """From `createArtifact` to `commitArtifact`."""

    async def create_version(self, new: NewVersion, user: User) -> Version:
        """A pending version, or a committed one that holds the same. Idempotent per
        client id.

        Raises:
            QueryError: a name that cannot be, or a collection of another type.
        """
        new = cleaned(new)
        check_name(new.collection, "artifactCollectionName")
        check_name(new.type_name, "artifactTypeName")
        for _, alias in new.aliases:
            check_alias(alias)
        now = self._stores.clock()
        return await self._stores.database.write(lambda db: _create(db, new, user, now))

    async def announce_manifest(self, new: NewManifest) -> Manifest:
        """A manifest to be sent; announced again with a digest it is the same one."""
        new = cleaned(new)
        now = self._stores.clock()

        def change(db: Connection) -> Manifest:
            _pending(db, new.artifact_id)
            known = [
                found
                for found in artifact_blobs.manifests_of(db, new.artifact_id)
                if (found.kind, found.name) == (new.kind, new.name)
                and (found.digest in ("", new.digest))
            ]
            if known and new.kind == FULL:
                number = known[-1].id
                artifact_blobs.update_manifest(
                    db, number, digest=new.digest or known[-1].digest
                )
            else:
                number = artifact_blobs.insert_manifest(db, new, now)
            artifact_versions.update_version(db, new.artifact_id, updated_at=now)
            return _manifest(db, number)

        return await self._stores.database.write(change)

    async def change_manifest(
        self, manifest_id: int, digest: str | None, base_artifact_id: int | None
    ) -> Manifest:
        """Say what its bytes will be; None leaves a value."""
        values: dict[str, Any] = {}
        if digest is not None:
            values["digest"] = digest
        if base_artifact_id is not None:
            values["base_artifact_id"] = base_artifact_id

        def change(db: Connection) -> Manifest:
            _pending(db, _manifest(db, manifest_id).artifact_id)
            if values:
                artifact_blobs.update_manifest(db, manifest_id, **values)
            return _manifest(db, manifest_id)

        return await self._stores.database.write(change)

    async def want_files(
        self, artifact_id: int, files: Sequence[WantedFile]
    ) -> list[bool]:
        """Per file whether its bytes are here: they are held for this version then."""
        now = self._stores.clock()

        def change(db: Connection) -> list[bool]:
            version = _pending(db, artifact_id)
            known = artifact_blobs.find_blobs(
                db, version.place.entity, [file.md5_base64 for file in files]
            )
            artifact_blobs.hold(
                db, artifact_id, [blob.object_id for blob in known.values()]
            )
            artifact_versions.update_version(db, artifact_id, updated_at=now)
            return [file.md5_base64 in known for file in files]

        return await self._stores.database.write(change)

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


def _create(db: Connection, new: NewVersion, user: User, now: float) -> Version:
    project_id, _ = projects.create_project(
        db, new.place.entity, new.place.project, now
    )
    collection = _sequence(db, project_id, new, now)
    if new.sequence_client_id:
        artifact_versions.remember_client_id(
            db, new.sequence_client_id, collection_id=collection.id
        )
    run_id = _run_id(db, new)
    found = _same(db, collection, new)
    if found is None:
        found = artifact_versions.insert_version(
            db, _columns(new, collection, user, run_id, now)
        )
        artifact_versions.write_tags(db, found, new.tags)
    version = artifact_versions.read_version(db, found)
    assert version is not None
    if new.client_id:
        artifact_versions.remember_client_id(db, new.client_id, artifact_id=found)
    if version.state == COMMITTED:
        name_version(db, version, new.aliases, now)
        artifact_versions.write_tags(db, found, new.tags)
    if run_id is not None:
        artifact_files.add_lineage(db, run_id, found, artifact_files.OUTPUT, now)
    again = artifact_versions.read_version(db, found)
    assert again is not None
    return again


def _same(db: Connection, collection: Collection, new: NewVersion) -> int | None:
    """A version that this call means: made by an earlier try, shared, or equal."""
    if new.client_id:
        known = artifact_versions.of_client_id(db, new.client_id)
        if known is not None and known[0] is not None:
            version = artifact_versions.read_version(db, known[0])
            if version is not None and version.state != DELETED:
                return version.id
    if new.distributed_id:
        return artifact_versions.find_distributed(db, collection.id, new.distributed_id)
    if new.deduplicate and new.digest:
        return artifact_versions.find_by_digest(db, collection.id, new.digest)
    return None


def _columns(
    new: NewVersion, collection: Collection, user: User, run_id: int | None, now: float
) -> dict[str, Any]:
    stated = None if new.ttl_s == TTL_INHERITED else new.ttl_s
    return {
        "collection_id": collection.id,
        "digest": new.digest,
        "digest_algorithm": new.digest_algorithm,
        "description": new.description,
        "metadata": None if new.metadata_json is None else to_bytes(new.metadata_json),
        "ttl_s": stated,
        "history_step": new.history_step,
        "run_id": run_id,
        "user_name": user.name,
        "distributed_id": new.distributed_id,
        "wanted_aliases": json_codec.dumps(new.aliases),
        "commit_hash": secrets.token_hex(10),
        "created_at": now,
        "updated_at": now,
    }


def _sequence(
    db: Connection, project_id: int, new: NewVersion, now: float
) -> Collection:
    found = artifact_collections.find_collection(db, project_id, new.collection)
    if found is None:
        type_id = artifact_collections.ensure_type(db, project_id, new.type_name, now)
        number = artifact_collections.create_collection(
            db, project_id, type_id, new.collection, kind=SEQUENCE, now=now
        )
        found = artifact_collections.read_collection(db, number)
        assert found is not None
    if found.kind != SEQUENCE:
        raise QueryError(
            "artifactCollectionName",
            f"{found.name!r} is a collection of links; log under another name",
        )
    if found.type_name != new.type_name:
        raise QueryError(
            "artifactTypeName",
            f"the artifacts called {found.name!r} have the type {found.type_name!r}, "
            f"not {new.type_name!r}; use that type or another name",
        )
    return found


def _run_id(db: Connection, new: NewVersion) -> int | None:
    if not new.run_name:
        return None
    found = runs.find_run(db, new.place.entity, new.place.project, new.run_name)
    return None if found is None else int(found["id"])


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
    _, number = artifact_versions.join_collection(
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
    member, _ = artifact_versions.join_collection(db, home.id, version.id, now)
    for collection, alias in aliases:
        if collection == home.name:
            artifact_versions.set_alias(db, home.id, member, alias)
    if not artifact_versions.has_alias(db, home.id, artifact_versions.LATEST):
        artifact_versions.set_alias(db, home.id, member, artifact_versions.LATEST)


def _pending(db: Connection, artifact_id: int) -> Version:
    """The version, which can still be filled."""
    version = artifact_versions.read_version(db, artifact_id)
    if version is None or version.state == DELETED:
        raise NotFound("artifact", str(artifact_id))
    if version.state == COMMITTED:
        raise QueryError(
            "artifact",
            f"{version.collection.name}:v{version.version_index} is committed and "
            "cannot be changed; log a new version",
        )
    return version


def _manifest(db: Connection, manifest_id: int) -> Manifest:
    found = artifact_blobs.read_manifest(db, manifest_id)
    if found is None:
        raise NotFound("artifact manifest", str(manifest_id))
    return found
