"""The GraphQL calls by which an artifact comes to a server, one attempt each.

```
 CreateArtifact ─► COMMITTED: the server has these contents
      │ PENDING
 CreateArtifactManifest ─► CreateArtifactFiles, batch by batch ─► PUT …
      ─► CreateArtifactManifest (or UpdateArtifactManifest) with its digest ─► PUT
      ─► CommitArtifact [─► UseArtifact]
```
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wandb_core.errors import ChunkRejected
from wandb_core.server_client.client import ServerClient

COMMITTED = "COMMITTED"
FULL, INCREMENTAL, PATCH = "FULL", "INCREMENTAL", "PATCH"

_CREATE_ARTIFACT = """
mutation CreateArtifact($input: CreateArtifactInput!) {
  createArtifact(input: $input) {
    artifact { id state artifactSequence { id latestArtifact { id } } }
  }
}
"""

_CREATE_MANIFEST = """
mutation CreateArtifactManifest(
  $artifactID: ID!, $baseArtifactID: ID, $name: String!, $digest: String!,
  $entityName: String!, $projectName: String!, $runName: String!,
  $manifestType: ArtifactManifestType, $includeUpload: Boolean!
) {
  createArtifactManifest(input: {
    artifactID: $artifactID, baseArtifactID: $baseArtifactID, name: $name,
    digest: $digest, entityName: $entityName, projectName: $projectName,
    runName: $runName, type: $manifestType
  }) {
    artifactManifest {
      id
      file {
        id
        uploadUrl @include(if: $includeUpload)
        uploadHeaders @include(if: $includeUpload)
      }
    }
  }
}
"""

_UPDATE_MANIFEST = """
mutation UpdateArtifactManifest(
  $artifactManifestID: ID!, $digest: String, $baseArtifactID: ID,
  $includeUpload: Boolean!
) {
  updateArtifactManifest(input: {
    artifactManifestID: $artifactManifestID, digest: $digest,
    baseArtifactID: $baseArtifactID
  }) {
    artifactManifest {
      id
      file {
        id
        uploadUrl @include(if: $includeUpload)
        uploadHeaders @include(if: $includeUpload)
      }
    }
  }
}
"""

_CREATE_FILES = """
mutation CreateArtifactFiles($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files {
      edges {
        node {
          id name storagePath uploadUrl uploadHeaders
          uploadMultipartUrls {
            uploadID uploadUrlParts { partNumber uploadUrl }
          }
          artifact { id }
        }
      }
    }
  }
}
"""

_COMPLETE_PARTS = """
mutation CompleteMultipartUploadArtifact(
  $input: CompleteMultipartUploadArtifactInput!
) {
  completeMultipartUploadArtifact(input: $input) { digest }
}
"""

_COMMIT = """
mutation CommitArtifact($artifactID: ID!) {
  commitArtifact(input: {artifactID: $artifactID}) { artifact { id digest } }
}
"""

_USE = """
mutation UseArtifact($input: UseArtifactInput!) {
  useArtifact(input: $input) { artifact { id } }
}
"""

_CLIENT_ID = """
query ClientIDMapping($clientID: ID!) {
  clientIDMapping(clientID: $clientID) { serverID }
}
"""


@dataclass(frozen=True, slots=True)
class CreatedArtifact:
    """The version as the server began or found it."""

    id: str
    state: str
    latest_id: str
    """Of the sequence; "" if this is its first version."""


@dataclass(frozen=True, slots=True)
class ManifestPlace:
    """A manifest at the server, and where its content goes ("": not asked)."""

    id: str
    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FileSpec:
    """One file of an artifact, as the server is asked where it goes."""

    name: str
    md5: str
    """base64"""
    part_digests: tuple[str, ...] = ()
    """Hex MD5 of each part, of a file that is sent in parts."""


@dataclass(frozen=True, slots=True)
class FilePlace:
    """Where one file of an artifact goes."""

    url: str
    """"": the server has the content."""
    headers: Mapping[str, str]
    storage_path: str
    birth_artifact_id: str
    upload_id: str
    """Of an upload in parts; "" if the file goes as a whole."""
    part_urls: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class ManifestRequest:
    """What a manifest is to be created for."""

    artifact_id: str
    base_artifact_id: str
    name: str
    kind: str
    entity: str
    project: str
    run: str


class ArtifactCalls:
    """Raises what `ServerClient` raises; ChunkRejected for an answer without sense."""

    def __init__(self, client: ServerClient) -> None:
        self._client = client

    async def create(self, fields: Mapping[str, object]) -> CreatedArtifact:
        """Begin a version; the same content again gives the one that there is."""
        answer = await self._ask("CreateArtifact", _CREATE_ARTIFACT, {"input": fields})
        found = _inner(_inner(answer, "createArtifact"), "artifact")
        sequence = _inner(found, "artifactSequence")
        latest = _inner(sequence, "latestArtifact")
        return CreatedArtifact(
            _required(found, "id"), _text(found, "state"), _text(latest, "id")
        )

    async def create_manifest(
        self, wanted: ManifestRequest, digest: str = ""
    ) -> ManifestPlace:
        """Begin the manifest; with its digest, say where its content goes."""
        variables = {
            "artifactID": wanted.artifact_id,
            "baseArtifactID": wanted.base_artifact_id or None,
            "name": wanted.name,
            "digest": digest,
            "entityName": wanted.entity,
            "projectName": wanted.project,
            "runName": wanted.run,
            "manifestType": wanted.kind,
            "includeUpload": bool(digest),
        }
        answer = await self._ask("CreateArtifactManifest", _CREATE_MANIFEST, variables)
        return _manifest_place(answer, "createArtifactManifest")

    async def update_manifest(
        self, manifest_id: str, digest: str, base_artifact_id: str
    ) -> ManifestPlace:
        """Say the digest of an incremental manifest; where its content goes."""
        variables = {
            "artifactManifestID": manifest_id,
            "digest": digest,
            "baseArtifactID": base_artifact_id or None,
            "includeUpload": True,
        }
        answer = await self._ask("UpdateArtifactManifest", _UPDATE_MANIFEST, variables)
        return _manifest_place(answer, "updateArtifactManifest")

    async def create_files(
        self, artifact_id: str, manifest_id: str, files: Sequence[FileSpec]
    ) -> list[FilePlace]:
        """Where these files go, in their order."""
        asked = [
            {
                "artifactID": artifact_id,
                "artifactManifestID": manifest_id,
                "name": file.name,
                "md5": file.md5,
                "uploadPartsInput": [
                    {"partNumber": number, "hexMD5": digest}
                    for number, digest in enumerate(file.part_digests, 1)
                ]
                or None,
            }
            for file in files
        ]
        answer = await self._ask(
            "CreateArtifactFiles",
            _CREATE_FILES,
            {"input": {"artifactFiles": asked, "storageLayout": "V2"}},
        )
        listed = _inner(_inner(answer, "createArtifactFiles"), "files")
        places = [_file_place(edge) for edge in listed.get("edges") or ()]
        if len(places) != len(files):
            raise ChunkRejected(
                f"the server names {len(places)} places for {len(files)} files"
            )
        return places

    async def complete_parts(
        self, artifact_id: str, place: FilePlace, digests: Sequence[str]
    ) -> None:
        """Join the parts of a file, each of which was sent."""
        parts = [
            {"partNumber": number, "hexMD5": digest}
            for number, digest in enumerate(digests, 1)
        ]
        fields = {
            "completeMultipartAction": "Complete",
            "completedParts": parts,
            "artifactID": artifact_id,
            "storagePath": place.storage_path,
            "uploadID": place.upload_id,
        }
        operation = "CompleteMultipartUploadArtifact"
        await self._ask(operation, _COMPLETE_PARTS, {"input": fields})

    async def commit(self, artifact_id: str) -> None:
        """Make the version visible: all of it is there."""
        await self._ask("CommitArtifact", _COMMIT, {"artifactID": artifact_id})

    async def use(self, artifact_id: str, entity: str, project: str, run: str) -> None:
        """Note that a run used a version; idempotent."""
        fields = {
            "artifactID": artifact_id,
            "entityName": entity,
            "projectName": project,
            "runName": run,
        }
        await self._ask("UseArtifact", _USE, {"input": fields})

    async def server_id(self, client_id: str) -> str:
        """Id of the version that a client called so; "" if there is none."""
        variables = {"clientID": client_id}
        answer = await self._ask("ClientIDMapping", _CLIENT_ID, variables)
        return _text(_inner(answer, "clientIDMapping"), "serverID")

    async def _ask(
        self, operation: str, document: str, variables: Mapping[str, object]
    ) -> dict[str, Any]:
        return await self._client.ask(operation, document, variables)


def _manifest_place(answer: dict[str, Any], mutation: str) -> ManifestPlace:
    found = _inner(_inner(answer, mutation), "artifactManifest")
    file = _inner(found, "file")
    return ManifestPlace(
        _required(found, "id"),
        _text(file, "uploadUrl"),
        _headers(file.get("uploadHeaders")),
    )


def _file_place(edge: dict[str, Any]) -> FilePlace:
    node = _inner(edge, "node")
    parts = _inner(node, "uploadMultipartUrls")
    return FilePlace(
        url=_text(node, "uploadUrl"),
        headers=_headers(node.get("uploadHeaders")),
        storage_path=_text(node, "storagePath"),
        birth_artifact_id=_text(_inner(node, "artifact"), "id"),
        upload_id=_text(parts, "uploadID"),
        part_urls={
            int(part["partNumber"]): str(part["uploadUrl"])
            for part in parts.get("uploadUrlParts") or ()
        },
    )


def _headers(lines: object) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines if isinstance(lines, list) else ():
        name, _, value = str(line).partition(":")
        found[name.strip()] = value.strip()
    return found


def _inner(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _text(data: Mapping[str, Any], key: str) -> str:
    found = data.get(key)
    return found if isinstance(found, str) else ""


def _required(data: Mapping[str, Any], key: str) -> str:
    if not (found := _text(data, key)):
        raise ChunkRejected(f"the server's answer about an artifact has no {key}")
    return found
