"""A client that sends versions of artifacts step by step, as the official one does."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from tests.support.served import Served

CREATE = """mutation ($input: CreateArtifactInput!) { createArtifact(input: $input) {
  artifact { id state versionIndex artifactSequence { latestArtifact { id } } } } }"""
MANIFEST = """mutation ($input: CreateArtifactManifestInput!) {
  createArtifactManifest(input: $input) {
    artifactManifest { id file { uploadUrl uploadHeaders } } } }"""
FILES = """mutation ($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) { files { edges { node {
    name uploadUrl uploadHeaders storagePath artifact { id }
    uploadMultipartUrls { uploadID uploadUrlParts { partNumber uploadUrl } }
  } } } } }"""
COMMIT = """mutation ($input: CommitArtifactInput!) {
  commitArtifact(input: $input) { artifact { id digest state versionIndex } } }"""
COMPLETE = """mutation ($input: CompleteMultipartUploadArtifactInput!) {
  completeMultipartUploadArtifact(input: $input) { digest } }"""
DELETE = """mutation ($input: DeleteArtifactInput!) {
  deleteArtifact(input: $input) { bytesFreed artifact { id state } } }"""
LIST = """query ($id: ID!, $first: Int, $after: String, $prefix: String) {
  artifact(id: $id) { state size fileCount ownBytes
    currentManifest { file { directUrl } }
    files(first: $first, after: $after, prefix: $prefix) { totalCount
      edges { node { name displayName directUrl sizeBytes digest md5 reference } }
      pageInfo { hasNextPage endCursor } } } }"""


def md5(content: bytes) -> str:
    """Base64, as in manifests."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()


class Client:
    """Sends versions as the official client does, for ada in project `proj`."""

    def __init__(self, server: Served) -> None:
        self.server = server

    async def create(self, name: str = "data", **more: Any) -> Mapping[str, Any]:
        """The answer of `createArtifact`."""
        values = {
            "entityName": "ada",
            "projectName": "proj",
            "artifactTypeName": "dataset",
            "artifactCollectionName": name,
            "digest": "d",
            "enableDigestDeduplication": True,
            **more,
        }
        answer = await self.server.graphql(CREATE, {"input": values})
        made: Mapping[str, Any] = answer["createArtifact"]["artifact"]
        return made

    async def want(self, artifact: str, *files: Mapping[str, Any]) -> list[Any]:
        """The answers of `createArtifactFiles`, in order."""
        wanted = [{"artifactID": artifact, **file} for file in files]
        answer = await self.server.graphql(
            FILES, {"input": {"artifactFiles": wanted, "storageLayout": "V2"}}
        )
        return [
            edge["node"] for edge in answer["createArtifactFiles"]["files"]["edges"]
        ]

    async def put(self, url: str, content: bytes) -> int:
        """Status of a PUT without credentials."""
        status, _, _ = await self.server.ask("PUT", url, user=None, data=content)
        return status

    async def send(self, artifact: str, contents: Mapping[str, bytes]) -> None:
        """Every file that the server has not."""
        files = [{"name": n, "md5": md5(c)} for n, c in contents.items()]
        for node, content in zip(
            await self.want(artifact, *files), contents.values(), strict=True
        ):
            if node["uploadUrl"] is not None:
                assert await self.put(node["uploadUrl"], content) == 200

    async def send_manifest(
        self, artifact: str, entries: Mapping[str, Any], **more: Any
    ) -> int:
        """Announce and send a manifest; status of the PUT."""
        text = json.dumps({"version": 1, "contents": entries}).encode()
        values = {
            "artifactID": artifact,
            "name": "wandb_manifest.json",
            "digest": md5(text),
            "type": "FULL",
            **more,
        }
        answer = await self.server.graphql(MANIFEST, {"input": values})
        file = answer["createArtifactManifest"]["artifactManifest"]["file"]
        return await self.put(file["uploadUrl"], text)

    async def commit(self, artifact: str) -> Mapping[str, Any]:
        """The answer of `commitArtifact`."""
        answer = await self.server.graphql(COMMIT, {"input": {"artifactID": artifact}})
        done: Mapping[str, Any] = answer["commitArtifact"]["artifact"]
        return done

    async def log(self, contents: Mapping[str, bytes], **more: Any) -> str:
        """A whole version; its id."""
        digest = hashlib.md5(repr(sorted(contents.items())).encode()).hexdigest()
        made = await self.create(**{"digest": digest, **more})
        if made["state"] == "PENDING":
            await self.send(made["id"], contents)
            entries = {
                name: {"digest": md5(content), "size": len(content)}
                for name, content in contents.items()
            }
            assert await self.send_manifest(made["id"], entries) == 200
            await self.commit(made["id"])
        identity: str = made["id"]
        return identity

    async def read(self, artifact: str, **more: Any) -> Any:
        """A version with a page of its files."""
        answer = await self.server.graphql(LIST, {"id": artifact, **more})
        return answer["artifact"]

    async def error(self, query: str, values: Mapping[str, Any], **more: Any) -> str:
        """The message of a question that must be refused."""
        status, body, _ = await self.server.ask(
            "POST", "/graphql", json={"query": query, "variables": values}, **more
        )
        assert "errors" in body, (status, body)
        return str(body["errors"][0]["message"])
