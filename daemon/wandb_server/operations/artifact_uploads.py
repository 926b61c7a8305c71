"""The bytes of artifacts, in and out: checked against what was announced."""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping, Sequence

from sqlalchemy import Connection

from wandb_server.errors import NotFound, QueryError
from wandb_server.model.artifacts import PENDING, Manifest, NewManifest, Version
from wandb_server.operations.checked_reads import checked_bytes
from wandb_server.operations.files import Measured, kept_alive
from wandb_server.operations.stores import Operations
from wandb_server.storage import artifact_blobs, artifact_versions, removal
from wandb_server.storage.artifact_blobs import NO_RUN, Blob
from wandb_server.storage.objects import object_key

BLOB_SUFFIX = "blob"
MANIFEST_SUFFIX = "manifest"
PART_SUFFIX = "part"
MANIFEST_BYTES_MAX = 512 * 1024 * 1024
"""About two million entries; they are parsed in memory."""
MERGED_NAME = "wandb_manifest.json"


class ArtifactUploads(Operations):
    """Blobs, manifests and parts of long files."""

    async def put_blob(
        self, artifact_id: int, md5_hex: str, body: AsyncIterator[bytes]
    ) -> None:
        """Take the bytes of a file of a pending version.

        Cancelled or failed: nothing is kept. Sent twice: once is kept.

        Raises:
            QueryError: they are not the bytes that were announced.
            NotFound: there is no such version, or it is committed.
        """
        version = await self._pending_version(artifact_id)
        number, measured = await self._store(BLOB_SUFFIX, body)
        await self._compare(number, BLOB_SUFFIX, md5_hex, measured)
        await self._enter_blob(version, number, measured)

    async def put_part(
        self,
        artifact_id: int,
        md5_hex: str,
        part: tuple[int, str],
        body: AsyncIterator[bytes],
    ) -> None:
        """Take one part (number, hexadecimal MD5) of a long file."""
        await self._pending_version(artifact_id)
        number, measured = await self._store(PART_SUFFIX, body)
        await self._compare(number, PART_SUFFIX, part[1], measured)
        values = {
            "artifact_id": artifact_id,
            "md5_hex": md5_hex,
            "part": part[0],
            "object_id": number,
            "part_md5_hex": part[1],
        }

        def change(db: Connection) -> int | None:
            removal.make_live(db, number, measured.size_bytes, measured.crc32)
            before = artifact_blobs.put_part(db, values)
            if before is not None:
                removal.make_dead(db, [before], self._stores.clock())
            return before

        before = await self._stores.database.write(change)
        if before is not None:
            await self._delete_objects({before: PART_SUFFIX})

    async def complete_parts(
        self, artifact_id: int, md5_hex: str, parts: Mapping[int, str]
    ) -> str:
        """Make a blob of its parts; the base64 MD5 of the whole.

        Raises:
            QueryError: parts are missing, or the whole is not what was announced.
        """
        version = await self._pending_version(artifact_id)
        found = await self._stores.database.read(
            lambda db: artifact_blobs.parts_of(db, artifact_id, md5_hex)
        )
        stored = {part: part_md5 for part, _, part_md5 in found}
        missing = sorted(part for part in parts if stored.get(part) != parts[part])
        if missing or not found:
            raise QueryError("completedParts", f"parts {missing} were not uploaded")
        keys = [object_key(number, PART_SUFFIX) for _, number, _ in found]
        number, measured = await self._store(BLOB_SUFFIX, self._joined(keys))
        await self._compare(number, BLOB_SUFFIX, md5_hex, measured)
        await self._enter_blob(version, number, measured)
        await self.drop_parts(artifact_id, md5_hex)
        return measured.md5_base64()

    async def drop_parts(self, artifact_id: int, md5_hex: str) -> None:
        """Forget what was sent of a long file."""
        dead = await self._stores.database.write(
            lambda db: artifact_blobs.remove_parts(
                db, artifact_id, self._stores.clock(), md5_hex
            )
        )
        await self._delete_objects(dict.fromkeys(dead, PART_SUFFIX))

    async def put_manifest(self, manifest_id: int, body: AsyncIterator[bytes]) -> None:
        """Take the bytes of a manifest.

        Raises:
            QueryError: too many, or not those that were announced.
        """
        manifest = await self._stores.database.read(
            lambda db: artifact_blobs.read_manifest(db, manifest_id)
        )
        if manifest is None:
            raise NotFound("artifact manifest", str(manifest_id))
        await self._pending_version(manifest.artifact_id)
        number, measured = await self._store(MANIFEST_SUFFIX, _short(body))
        if manifest.digest:
            wanted = md5_hex_of(manifest.digest)
            await self._compare(number, MANIFEST_SUFFIX, wanted, measured)
        before = await self._name_manifest(manifest_id, number, measured)
        if before is not None:
            await self._delete_objects({before: MANIFEST_SUFFIX})

    async def store_manifest(self, version: Version, text: bytes) -> int:
        """Keep a manifest that the server wrote itself; its id."""

        async def body() -> AsyncIterator[bytes]:
            yield text

        number, measured = await self._store(MANIFEST_SUFFIX, body())
        digest = measured.md5_base64()
        new = NewManifest(version.id, "FULL", MERGED_NAME, digest, None)
        made = await self._stores.database.write(
            lambda db: artifact_blobs.insert_manifest(db, new, self._stores.clock())
        )
        await self._name_manifest(made, number, measured)
        return made

    async def manifest_bytes(self, manifest: Manifest) -> bytes:
        """All of a manifest that was sent."""
        assert manifest.object_id is not None
        pieces = [piece async for piece in self.read_manifest(manifest)]
        return b"".join(pieces)

    def read_manifest(
        self, manifest: Manifest, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a manifest that was sent, in pieces; half-open range."""
        assert manifest.object_id is not None
        number = manifest.object_id
        return checked_bytes(self._stores, number, MANIFEST_SUFFIX, start, end)

    def read_blob(
        self, object_id: int, start: int = 0, end: int | None = None
    ) -> AsyncIterator[bytes]:
        """The bytes of a blob in pieces; half-open range."""
        return checked_bytes(self._stores, object_id, BLOB_SUFFIX, start, end)

    # ---- how ------------------------------------------------------------------------

    async def _pending_version(self, artifact_id: int) -> Version:
        version = await self._stores.database.read(
            lambda db: artifact_versions.read_version(db, artifact_id)
        )
        if version is None or version.state != PENDING:
            raise NotFound("uncommitted artifact", str(artifact_id))
        return version

    async def _store(
        self, suffix: str, body: AsyncIterator[bytes]
    ) -> tuple[int, Measured]:
        """Write an object that is garbage until somebody makes it live."""
        database, clock = self._stores.database, self._stores.clock
        [number] = await database.write(
            lambda db: removal.reserve_objects(db, NO_RUN, [suffix], clock())
        )
        measured = Measured(kept_alive(self._stores, number, body))
        await self._stores.objects.put(object_key(number, suffix), measured.pieces())
        return number, measured

    async def _compare(
        self, number: int, suffix: str, md5_hex: str, measured: Measured
    ) -> None:
        received = md5_hex_of(measured.md5_base64())
        if received == md5_hex:
            return
        now = self._stores.clock()
        await self._stores.database.write(
            lambda db: removal.make_dead(db, [number], now)
        )
        await self._delete_objects({number: suffix})
        raise QueryError(
            "body",
            f"{measured.size_bytes} bytes with the MD5 {received} were received, but "
            f"{md5_hex} was announced: the file changed on its way; log it again",
        )

    async def _enter_blob(
        self, version: Version, number: int, measured: Measured
    ) -> None:
        new = Blob(number, measured.md5_base64(), measured.size_bytes)

        def change(db: Connection) -> bool:
            removal.make_live(db, number, new.size_bytes, measured.crc32)
            blob = artifact_blobs.add_blob(db, version.place.entity, new)
            artifact_blobs.hold(db, version.id, [blob.object_id])
            if blob.object_id != number:
                removal.make_dead(db, [number], self._stores.clock())
            return blob.object_id == number

        if not await self._stores.database.write(change):
            await self._delete_objects({number: BLOB_SUFFIX})

    async def _name_manifest(
        self, manifest_id: int, number: int, measured: Measured
    ) -> int | None:
        """Let the manifest have these bytes; the object that it had before."""

        def change(db: Connection) -> int | None:
            found = artifact_blobs.read_manifest(db, manifest_id)
            if found is None:
                raise NotFound("artifact manifest", str(manifest_id))
            size_bytes = measured.size_bytes
            removal.make_live(db, number, size_bytes, measured.crc32)
            artifact_blobs.update_manifest(
                db, manifest_id, object_id=number, size_bytes=size_bytes
            )
            if found.object_id is not None:
                removal.make_dead(db, [found.object_id], self._stores.clock())
            return found.object_id

        return await self._stores.database.write(change)

    async def _joined(self, keys: Sequence[str]) -> AsyncIterator[bytes]:
        for key in keys:
            async for piece in self._stores.objects.get(key):
                yield piece

    async def _delete_bytes(self, object_ids: Sequence[int]) -> None:
        """Delete dead objects, whatever they are."""
        suffixes = await self._stores.database.read(
            lambda db: removal.known_objects(db, object_ids)
        )
        await self._delete_objects(suffixes)

    async def _delete_objects(self, suffixes: Mapping[int, str]) -> None:
        """Delete dead objects (number -> suffix); a crash leaves them to the sweep."""
        if not suffixes:
            return
        keys = [object_key(number, suffix) for number, suffix in suffixes.items()]
        await self._stores.objects.delete(keys)
        await self._stores.database.write(
            lambda db: removal.forget_objects(db, list(suffixes))
        )


def md5_hex_of(md5_base64: str) -> str:
    """Base64 -> hexadecimal.

    Raises:
        QueryError: it is no MD5.
    """
    try:
        digest = base64.b64decode(md5_base64, validate=True)
    except (binascii.Error, ValueError) as error:
        raise QueryError("md5", f"{md5_base64!r} is not base64") from error
    if len(digest) != 16:
        raise QueryError("md5", f"{md5_base64!r} is not an MD5 digest")
    return digest.hex()


def md5_base64_of(md5_hex: str) -> str:
    """Hexadecimal -> base64.

    Raises:
        QueryError: it is not hexadecimal.
    """
    try:
        return base64.b64encode(bytes.fromhex(md5_hex)).decode()
    except ValueError as error:
        raise QueryError("md5", f"{md5_hex!r} is not hexadecimal") from error


async def _short(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size = 0
    async for piece in body:
        size += len(piece)
        if size > MANIFEST_BYTES_MAX:
            raise QueryError("manifest", f"is longer than {MANIFEST_BYTES_MAX} bytes")
        yield piece
