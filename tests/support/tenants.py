"""A project with one of everything, whose contents all bear a mark.

What a stranger is answered must not hold the mark; what a reader is answered must.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.served import Served

MARK = b"zebra"
NUMBER_MARK = b"4711.25"
PROJECT, RUN, FILE, KEY = "proj", "run1", "a.txt", "loss"


@dataclass(frozen=True)
class Tenant:
    """Whose project it is, and every id that somebody could guess."""

    entity: str
    owner: str
    """The user who made it."""
    ids: Mapping[str, Any]

    @property
    def place(self) -> dict[str, str]:
        """Variables that most documents want."""
        return {"entity": self.entity, "project": PROJECT, "run": RUN}

    @property
    def path(self) -> str:
        """Where the run's files are."""
        return f"/files/{self.entity}/{PROJECT}/{RUN}"


def shows_mark(body: Any) -> bool:
    """Whether an answer holds something of a tenant."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    return MARK in text or NUMBER_MARK in text


async def settle(server: Served, entity: str, owner: str) -> Tenant:
    """Make one of everything in a project of the entity."""
    maker = _Maker(server, entity, owner)
    ids = await maker.make_run()
    ids |= await maker.make_artifact()
    ids |= await maker.make_draft()
    ids |= await maker.make_sweep()
    return Tenant(entity, owner, ids)


class _Maker:
    def __init__(self, server: Served, entity: str, owner: str) -> None:
        self._server = server
        self._entity = entity
        self._owner = owner
        self._place = {"entityName": entity, "projectName": PROJECT}

    async def make_run(self) -> dict[str, Any]:
        given = {
            "entityName": self._entity,
            "modelName": PROJECT,
            "name": RUN,
            "displayName": "zebra run",
            "notes": "zebra notes",
            "tags": ["zebra"],
            "groupName": "zebra group",
            "jobType": "zebra",
            "config": '{"animal": {"value": "zebra"}}',
            "summaryMetrics": '{"best": 4711.25}',
        }
        made = await self._mutate(
            "upsertBucket", "UpsertBucketInput", given, "bucket { id }"
        )
        media = {"_type": "image-file", "path": "zebra.png"}
        rows = [{"_step": n, KEY: 4711.25, "img": media} for n in range(3)]
        files = {
            "wandb-history.jsonl": [json.dumps(row) for row in rows],
            "wandb-events.jsonl": ['{"system.cpu": 4711.25, "_timestamp": 1.0}'],
            "output.log": ["zebra says"],
        }
        path = f"/files/{self._entity}/{PROJECT}/{RUN}"
        chunks = {n: {"offset": 0, "content": lines} for n, lines in files.items()}
        await self._fine("POST", f"{path}/file_stream", json={"files": chunks})
        await self._fine("PUT", f"{path}/{FILE}", data=b"zebra file")
        alert = {**self._place, "runName": RUN, "title": "zebra", "text": "zebra"}
        kind = "NotifyScriptableRunAlertInput"
        await self._mutate("notifyScriptableRunAlert", kind, alert, "success")
        found = await self._ask(
            """query ($entity: String, $project: String, $run: String!) {
              project(name: $project, entityName: $entity) { id run(name: $run) {
                files(names: ["a.txt"]) { edges { node { id directUrl } } } } } }""",
            {"entity": self._entity, "project": PROJECT, "run": RUN},
        )
        file = found["project"]["run"]["files"]["edges"][0]["node"]
        upload = await self._mutate(
            "createRunFiles",
            "CreateRunFilesInput",
            {**self._place, "runName": RUN, "files": ["b.txt"]},
            "files { uploadUrl }",
        )
        return {
            "runId": made["bucket"]["id"],
            "fileId": file["id"],
            "directUrl": file["directUrl"],
            "uploadUrl": upload["files"][0]["uploadUrl"],
        }

    async def make_artifact(self) -> dict[str, Any]:
        content = b"zebra blob"
        digest = base64.b64encode(hashlib.md5(content).digest()).decode()
        given = {
            **self._place,
            "runName": RUN,
            "artifactTypeName": "dataset",
            "artifactCollectionName": "data",
            "digest": hashlib.md5(self._entity.encode()).hexdigest(),
            "description": "zebra version",
            "metadata": '{"animal": "zebra"}',
            "tags": [{"tagName": "zebra"}],
            "clientID": f"client-{self._entity}",
            "sequenceClientID": f"sequence-{self._entity}",
            "aliases": [{"artifactCollectionName": "data", "alias": "best"}],
        }
        made = await self._mutate(
            "createArtifact",
            "CreateArtifactInput",
            given,
            "artifact { id artifactSequence { id } }",
        )
        identity = made["artifact"]["id"]
        file = {"artifactID": identity, "name": "x.bin", "md5": digest}
        wanted = await self._mutate(
            "createArtifactFiles",
            "CreateArtifactFilesInput",
            {"artifactFiles": [file], "storageLayout": "V2"},
            "files { edges { node { uploadUrl } } }",
        )
        url = wanted["files"]["edges"][0]["node"]["uploadUrl"]
        if url is not None:
            await self._fine("PUT", url, data=content, user=None)
        entry = {"digest": digest, "size": len(content)}
        text = json.dumps({"version": 1, "contents": {"x.bin": entry}}).encode()
        manifest = await self._mutate(
            "createArtifactManifest",
            "CreateArtifactManifestInput",
            {
                "artifactID": identity,
                "name": "wandb_manifest.json",
                "digest": base64.b64encode(hashlib.md5(text).digest()).decode(),
                "type": "FULL",
            },
            "artifactManifest { id file { uploadUrl } }",
        )
        manifest = manifest["artifactManifest"]
        await self._fine("PUT", manifest["file"]["uploadUrl"], data=text, user=None)
        commit = {"artifactID": identity}
        await self._mutate("commitArtifact", "CommitArtifactInput", commit, "success")
        use = {**self._place, "artifactID": identity, "runName": RUN}
        await self._mutate("useArtifact", "UseArtifactInput", use, "success")
        link = {**self._place, "artifactID": identity, "artifactPortfolioName": "best"}
        linked = await self._mutate(
            "linkArtifact",
            "LinkArtifactInput",
            link,
            "artifactMembership { artifactCollection { id } }",
        )
        return {
            "artifactId": identity,
            "collectionId": made["artifact"]["artifactSequence"]["id"],
            "portfolioId": linked["artifactMembership"]["artifactCollection"]["id"],
            "manifestId": manifest["id"],
            "clientId": f"client-{self._entity}",
            "md5": hashlib.md5(content).hexdigest(),
        }

    async def make_sweep(self) -> dict[str, Any]:
        """A sweep that the run is one of, with an agent."""
        config = {
            "method": "random",
            "name": "zebra",
            "metric": {"name": KEY},
            "parameters": {"animal": {"value": "zebra"}},
        }
        place = {"entityName": self._entity, "projectName": PROJECT}
        made = await self._mutate(
            "upsertSweep",
            "UpsertSweepInput",
            {
                **place,
                "config": json.dumps(config),
                "description": "zebra",
                "priorRunsFilters": json.dumps({"name": RUN}),
            },
            "sweep { id name }",
        )
        name = made["sweep"]["name"]
        agent = await self._mutate(
            "createAgent",
            "CreateAgentInput",
            {**place, "sweep": name, "host": "zebra"},
            "agent { id }",
        )
        return {
            "sweepId": made["sweep"]["id"],
            "sweep": name,
            "agentId": agent["agent"]["id"],
        }

    async def make_draft(self) -> dict[str, Any]:
        """A version that nobody committed yet, with a manifest on its way."""
        given = {
            **self._place,
            "artifactTypeName": "dataset",
            "artifactCollectionName": "draft",
            "digest": "draft",
        }
        made = await self._mutate(
            "createArtifact", "CreateArtifactInput", given, "artifact { id }"
        )
        identity = made["artifact"]["id"]
        manifest = await self._mutate(
            "createArtifactManifest",
            "CreateArtifactManifestInput",
            {"artifactID": identity, "name": "m", "digest": "d", "type": "FULL"},
            "artifactManifest { id }",
        )
        return {
            "draftId": identity,
            "draftManifestId": manifest["artifactManifest"]["id"],
        }

    async def _mutate(
        self, name: str, kind: str, given: Mapping[str, Any], wanted: str
    ) -> Any:
        document = (
            f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {wanted} }} }}"
        )
        return (await self._ask(document, {"input": given}))[name]

    async def _ask(self, document: str, variables: Mapping[str, Any]) -> Any:
        return await self._server.graphql(document, variables, user=self._owner)

    async def _fine(self, method: str, path: str, **more: Any) -> None:
        asked = {"user": self._owner, **more}
        status, body, _ = await self._server.ask(method, path, **asked)
        assert status == 200, (path, status, body)
