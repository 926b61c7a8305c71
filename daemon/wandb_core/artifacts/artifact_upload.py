"""One artifact on its way to the server, from its record in the log."""

import asyncio
import base64
import binascii
import logging
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wandb_proto.v1.record_pb2 import ArtifactRecord

from wandb_core.artifacts.file_uploads import Attempts, FileUploads
from wandb_core.artifacts.manifest import (
    Entry,
    client_id_of,
    manifest_text,
    md5_base64,
    read_entries,
    with_server_id,
)
from wandb_core.errors import PermanentError
from wandb_core.model import ServerRun
from wandb_core.server_client import ServerClient
from wandb_core.server_client.artifact_calls import (
    COMMITTED,
    FULL,
    INCREMENTAL,
    PATCH,
    ArtifactCalls,
    ManifestPlace,
    ManifestRequest,
)

_log = logging.getLogger(__name__)

DIGEST_ALGORITHM = "MANIFEST_MD5"
_MANIFEST_NAMES = {
    FULL: "wandb_manifest.json",
    INCREMENTAL: "wandb_manifest.incremental.json",
    PATCH: "wandb_manifest.patch.json",
}


@dataclass(frozen=True, slots=True)
class ArtifactTools:
    """What all artifacts of one run share."""

    client: ServerClient
    calls: ArtifactCalls
    attempts: Attempts
    server_run: ServerRun
    run_id: str


class ArtifactUpload:
    """Does the whole sequence; begun again after a crash, it sends only what misses."""

    def __init__(self, record: ArtifactRecord, tools: ArtifactTools) -> None:
        self.bytes_left = 0
        """Of its files; 0 until they are known."""
        self._record = record
        self._tools = tools
        self._on_progress: Callable[[], None] = lambda: None

    async def run(self, on_progress: Callable[[], None]) -> str:
        """The server's id, once it has committed the artifact (or its last part came).

        Raises:
            PermanentError: the server refuses, or content is gone.

        Cancelled: nothing is lost; the next upload goes on.
        """
        self._on_progress = on_progress
        tools, record = self._tools, self._record
        created = await tools.attempts.call(
            lambda: tools.calls.create(_create_fields(record, tools))
        )
        if created.state != COMMITTED:
            await self._fill(created.id, created.latest_id)
        if record.use_after_commit:
            run = tools.server_run
            await tools.attempts.call(
                lambda: tools.calls.use(
                    created.id, run.entity, run.project, tools.run_id
                )
            )
        return created.id

    async def _fill(self, artifact_id: str, latest_id: str) -> None:
        tools, record = self._tools, self._record
        entries = await asyncio.to_thread(_entries, record)
        await self._resolve_references(entries)
        wanted = ManifestRequest(
            artifact_id,
            record.base_id or latest_id,
            _MANIFEST_NAMES[_kind(record)],
            _kind(record),
            tools.server_run.entity,
            tools.server_run.project,
            tools.run_id,
        )
        place = await tools.attempts.call(lambda: tools.calls.create_manifest(wanted))
        await self._send_files(artifact_id, place.id, entries)
        await self._send_manifest(wanted, place.id, entries)
        if record.finalize:
            await tools.attempts.call(lambda: tools.calls.commit(artifact_id))

    async def _send_files(
        self, artifact_id: str, manifest_id: str, entries: list[Entry]
    ) -> None:
        files = [entry for entry in entries if entry.is_file]
        self.bytes_left = sum(entry.byte_count for entry in files)
        tools = self._tools
        uploads = FileUploads(
            tools.client,
            tools.calls,
            tools.attempts,
            artifact_id,
            manifest_id,
            self._note_bytes,
        )
        try:
            await uploads.send(files)
        except* PermanentError as group:
            raise _first(group) from None
        finally:
            self.bytes_left = 0

    def _note_bytes(self, byte_count: int) -> None:
        self.bytes_left = max(0, self.bytes_left - byte_count)
        self._on_progress()

    async def _send_manifest(
        self, wanted: ManifestRequest, manifest_id: str, entries: list[Entry]
    ) -> None:
        text = await asyncio.to_thread(manifest_text, self._record.manifest, entries)
        digest = md5_base64(text)
        tools = self._tools

        async def place_and_put() -> None:
            if wanted.kind == FULL:
                place = await tools.calls.create_manifest(wanted, digest)
            else:
                place = await tools.calls.update_manifest(
                    manifest_id, digest, wanted.base_artifact_id
                )
            await _put_text(tools.client, place, text)

        await tools.attempts.call(place_and_put)

    async def _resolve_references(self, entries: list[Entry]) -> None:
        """References to artifacts by their client's id get the server's."""
        known: dict[str, str] = {}
        for entry in entries:
            client_id = client_id_of(entry.ref)
            if not client_id:
                continue
            if client_id not in known:
                known[client_id] = await self._server_id(client_id)
            entry.ref = with_server_id(entry.ref, known[client_id])

    async def _server_id(self, client_id: str) -> str:
        calls = self._tools.calls
        found = await self._tools.attempts.call(lambda: calls.server_id(client_id))
        try:
            base64.b64decode(found, validate=True)
        except binascii.Error as error:
            raise PermanentError(f"artifact id {found!r} is no base64 text") from error
        if not found:
            raise PermanentError(
                "it refers to an artifact that the server does not have "
                f"(client id {client_id[:12]}…)"
            )
        return found


def _create_fields(record: ArtifactRecord, tools: ArtifactTools) -> dict[str, object]:
    run = tools.server_run
    fields: dict[str, object] = {
        "entityName": run.entity,
        "projectName": run.project,
        "artifactTypeName": record.type,
        "artifactCollectionName": record.name,
        "runName": tools.run_id,
        "digest": record.digest,
        "digestAlgorithm": record.digest_algorithm or DIGEST_ALGORITHM,
        "description": record.description or None,
        "metadata": record.metadata or None,
        "aliases": [
            {"artifactCollectionName": record.name, "alias": alias}
            for alias in record.aliases
        ],
        "ttlDurationSeconds": record.ttl_duration_seconds or None,
        "enableDigestDeduplication": True,
        "distributedID": record.distributed_id or None,
        "clientID": record.client_id or None,
        "sequenceClientID": record.sequence_client_id or None,
    }
    if record.tags:
        fields["tags"] = [{"tagName": tag} for tag in record.tags]
    return fields


def _kind(record: ArtifactRecord) -> str:
    if record.incremental_beta1:
        return INCREMENTAL
    return PATCH if record.distributed_id else FULL


def _entries(record: ArtifactRecord) -> list[Entry]:
    try:
        return read_entries(record.manifest)
    except (OSError, ValueError, KeyError) as error:
        raise PermanentError(
            f"its manifest {record.manifest.manifest_file_path} cannot be read: {error}"
        ) from error


async def _put_text(client: ServerClient, place: ManifestPlace, text: bytes) -> None:
    if not place.url:  # the server has this very manifest
        return
    with tempfile.TemporaryDirectory(prefix="wandb-manifest-") as folder:
        path = Path(folder) / "manifest.json"
        await asyncio.to_thread(path.write_bytes, text)
        await client.put_file(place.url, place.headers, path)


def _first(group: BaseExceptionGroup[PermanentError]) -> PermanentError:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, PermanentError)
    return error
