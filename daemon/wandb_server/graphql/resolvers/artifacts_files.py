"""What versions hold: manifests and files, with addresses for reading."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandb_server.errors import QueryError
from wandb_server.graphql.question import Arguments, Question, Resolver, node_id
from wandb_server.graphql.resolvers.artifacts_ids import (
    EntryPlace,
    manifest_id,
    parse_entry,
)
from wandb_server.graphql.resolvers.artifacts_lists import to_connection
from wandb_server.model.artifacts import (
    Manifest,
    Membership,
    Page,
    Paging,
    Version,
    VersionFile,
)

FILES_PER_PAGE = 50
FILES_PER_PAGE_MAX = 5_000
"""What the official client asks for."""


@dataclass(frozen=True, slots=True)
class FileOfArtifact:
    """An entry together with the version that holds it; see `files.FileNode`."""

    version: Version
    file: VersionFile

    @property
    def id(self) -> str:
        """Unique among files."""
        return node_id("ArtifactFile", self.version.id, self.file.path)

    @property
    def name(self) -> str:
        """The path in the version."""
        return self.file.path

    @property
    def size_bytes(self) -> int:
        """0 where a reference does not say."""
        return self.file.size_bytes or 0

    @property
    def mimetype(self) -> str | None:
        """As its name says."""
        return mimetypes.guess_type(self.file.path)[0]

    @property
    def updated_at(self) -> float:
        """When its version was made."""
        return self.version.created_at

    @property
    def md5(self) -> str | None:
        """Base64; None of a reference."""
        return None if self.file.reference is not None else self.file.digest

    @property
    def digest(self) -> str:
        """As in the manifest."""
        return self.file.digest

    @property
    def storage_path(self) -> str:
        """A name for the bytes that clients show and do not use."""
        return f"artifacts/{self.version.id}/{self.file.path}"

    @property
    def reference(self) -> str | None:
        """Where the bytes lie, if not here."""
        return self.file.reference

    def address(self, question: Question, *, upload: bool) -> str | None:
        """Signed; of a reference it is the reference itself."""
        if self.file.object_id is None or upload:
            return self.file.reference
        path = f"/artifact-data/blobs/{self.file.object_id}/{self.file.path}"
        return question.addresses.signed("GET", path)


async def files_of(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    """Every entry, page by page; references too."""
    asked = arguments.get("first")
    count = FILES_PER_PAGE if asked is None else asked
    page = await question.archive.artifacts.found.version_files(
        version.id,
        Paging(max(0, min(count, FILES_PER_PAGE_MAX)), arguments.get("after") or None),
        names=[name for name in arguments.get("names") or () if name],
        prefix=arguments.get("prefix") or "",
    )
    nodes = tuple(FileOfArtifact(version, file) for file in page.items)
    return to_connection(Page(nodes, page.cursors, page.has_next, page.total))


async def _files_of_member(
    member: Membership, question: Question, arguments: Arguments
) -> dict[str, Any]:
    return await files_of(member.version, question, arguments)


async def _by_entries(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    entries = arguments["entries"]
    artifacts = question.archive.artifacts.found
    names = [entry["name"] for entry in entries]
    page = await artifacts.version_files(version.id, Paging(len(names)), names=names)
    known = {file.path: file for file in page.items}
    nodes: list[FileOfArtifact] = []
    for entry in entries:
        file = known.get(entry["name"])
        if file is None:
            # An entry of another version that shares the bytes.
            file = await artifacts.version_file(
                version.id, entry["name"], entry["digest"]
            )
        if file is not None:
            nodes.append(FileOfArtifact(version, file))
    cursors = tuple(node.name for node in nodes)
    return to_connection(Page(tuple(nodes), cursors, False, len(nodes)))


async def _folder(
    version: Version, question: Question, arguments: Arguments
) -> dict[str, Any]:
    first, after = arguments.get("first"), arguments.get("after")
    skip = int(after) if after and after.isdecimal() else 0
    count = FILES_PER_PAGE_MAX if first is None else first
    found = await question.archive.artifacts.found.folder(
        version.id,
        arguments.get("prefix") or "",
        max(0, min(count, FILES_PER_PAGE_MAX)),
        skip,
    )
    return {
        "totalCount": found.total,
        "hasNextPage": found.has_next,
        "folders": found.folders,
        "files": [FileOfArtifact(version, file) for file in found.files],
    }


# ---- manifests -----------------------------------------------------------------------


async def _current_manifest(
    version: Version, question: Question, _: Arguments
) -> Manifest | None:
    if version.manifest_id is None:
        return None
    return await question.archive.artifacts.found.manifest(version.manifest_id)


async def _artifact_of_manifest(
    manifest: Manifest, question: Question, _: Arguments
) -> Version | None:
    return await question.archive.artifacts.version(manifest.artifact_id)


def _manifest_file(manifest: Manifest, question: Question, _: Arguments) -> Any:
    path = f"/artifact-data/manifests/{manifest.id}"
    url = question.addresses.signed("GET", path)
    return {
        "id": node_id("ArtifactManifestFile", manifest.id),
        "name": manifest.name,
        "displayName": manifest.name,
        "storagePath": f"artifacts/manifests/{manifest.id}",
        "url": url,
        "directUrl": url,
        "uploadUrl": question.addresses.signed("PUT", path),
        "uploadHeaders": [],
        "sizeBytes": manifest.size_bytes,
        "mimetype": "application/json",
        "md5": manifest.digest or None,
        "digest": manifest.digest or None,
    }


# ---- references ----------------------------------------------------------------------


async def _entry(
    _: Any, question: Question, arguments: Arguments
) -> dict[str, Any] | None:
    place = parse_entry(arguments["uri"])
    if place is None:
        raise QueryError(
            "uri", "must begin with wandb-artifact:// or wandb-client-artifact://"
        )
    version = await _version_at(question, place)
    if version is None:
        return None
    artifacts = question.archive.artifacts.found
    file = await artifacts.version_file(version.id, place.path)
    if file is None:
        return None
    if file.reference and file.reference.startswith("wandb-artifact://"):
        inner = parse_entry(file.reference)
        other = inner and await _version_at(question, inner)
        if inner and other:
            version = other
            file = await artifacts.version_file(other.id, inner.path) or file
    node = FileOfArtifact(version, file)
    return {
        "name": file.path,
        "directUrl": node.address(question, upload=False),
        "sizeBytes": node.size_bytes,
        "mimetype": node.mimetype,
        "digest": node.digest,
        "artifact": version,
    }


async def _version_at(question: Question, place: EntryPlace) -> Version | None:
    artifacts = question.archive.artifacts
    if place.client_id is None:
        return await artifacts.version(place.artifact)
    version, collection = await artifacts.of_client_id(place.client_id)
    if collection is None:
        return version
    member = await artifacts.member(collection, place.alias or "latest")
    return None if member is None else member.version


RESOLVERS: Mapping[str, Mapping[str, Resolver]] = {
    "Query": {"artifactEntry": _entry},
    "Artifact": {
        "files": files_of,
        "filesByManifestEntries": _by_entries,
        "folder": _folder,
        "currentManifest": _current_manifest,
    },
    "ArtifactCollectionMembership": {"files": _files_of_member},
    "ArtifactManifest": {
        "id": lambda manifest, *_: manifest_id(manifest),
        "type": lambda manifest, *_: manifest.kind,
        "artifact": _artifact_of_manifest,
        "file": _manifest_file,
    },
}
