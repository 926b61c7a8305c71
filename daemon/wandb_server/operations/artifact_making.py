"""Making a version: announced, filled, committed.

```
create ─► manifest ─► files: known ones held, others PUT ─► manifest PUT ─► commit
   └────────── a crash anywhere here leaves a PENDING version, gone after a day ────┘
```

The commit is one transaction: before it nobody sees the version, after it all of it.
"""

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import NotFound, QueryError
from wandb_server.model.accounts import User
from wandb_server.model.artifacts import (
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
from wandb_server.operations.artifact_commit import (
    FULL,
    ArtifactCommit,
    name_version,
)
from wandb_server.operations.artifact_names import (
    check_alias,
    check_name,
    cleaned,
)
from wandb_server.storage import (
    artifact_blobs,
    artifact_collections,
    artifact_files,
    artifact_versions,
    projects,
    runs,
)
from wandb_server.storage.schema import to_bytes


class ArtifactMaking(ArtifactCommit):
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
