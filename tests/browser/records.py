"""What a client leaves with a run beside its rows: files and artifacts, over HTTP."""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.server_process import ServerProcess

CREATE_FILES = """
mutation ($project: String!, $run: String!, $files: [String!]!) {
  createRunFiles(input: {projectName: $project, runName: $run, files: $files}) {
    files { name uploadUrl }
  }
}
"""
CREATE = """
mutation ($input: CreateArtifactInput!) {
  createArtifact(input: $input) { artifact { id state } }
}
"""
MANIFEST = """
mutation ($input: CreateArtifactManifestInput!, $upload: Boolean!) {
  createArtifactManifest(input: $input) {
    artifactManifest { id file { id uploadUrl @include(if: $upload) } }
  }
}
"""
FILES = """
mutation ($input: CreateArtifactFilesInput!) {
  createArtifactFiles(input: $input) {
    files { edges { node { name uploadUrl artifact { id } } } }
  }
}
"""
COMMIT = """
mutation ($id: ID!) { commitArtifact(input: {artifactID: $id}) { artifact { id } } }
"""
USE = """
mutation ($input: UseArtifactInput!) { useArtifact(input: $input) { artifact { id } } }
"""


def md5_of(body: bytes) -> str:
    """Base64, as clients write it."""
    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


def put_file(
    server: ServerProcess, project: str, run: str, name: str, body: bytes
) -> None:
    """Upload one file of a run."""
    variables = {"project": project, "run": run, "files": [name]}
    made = server.graphql(CREATE_FILES, variables)["createRunFiles"]["files"]
    answer = server.request("PUT", made[0]["uploadUrl"], body, key=None)
    assert answer.status == 200, answer.body


def log_artifact(
    server: ServerProcess,
    project: str,
    run: str,
    name: str,
    kind: str,
    files: Mapping[str, bytes],
    *,
    aliases: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    description: str | None = None,
) -> str:
    """A committed version made by `run`; its id. The sequence of calls of a client."""
    place = {"entityName": server.entity, "projectName": project, "runName": run}
    lines = "".join(f"{path}:{md5_of(files[path])}\n" for path in sorted(files))
    digest = hashlib.md5(
        f"wandb-artifact-manifest-v1\n{lines}".encode(), usedforsecurity=False
    ).hexdigest()
    wanted = {
        **place,
        "artifactTypeName": kind,
        "artifactCollectionName": name,
        "digest": digest,
        "digestAlgorithm": "MANIFEST_MD5",
        "description": description,
        "metadata": json.dumps(metadata or {}),
        "aliases": [
            {"artifactCollectionName": name, "alias": alias}
            for alias in ("latest", *aliases)
        ],
        "enableDigestDeduplication": True,
    }
    made = server.graphql(CREATE, {"input": wanted})["createArtifact"]["artifact"]
    artifact: str = made["id"]
    if made["state"] == "COMMITTED":
        return artifact
    manifest = {
        "artifactID": artifact,
        "name": "wandb_manifest.json",
        "digest": "",
        "type": "FULL",
        **place,
    }
    first = server.graphql(MANIFEST, {"input": manifest, "upload": False})
    births = _upload(
        server, artifact, first["createArtifactManifest"]["artifactManifest"], files
    )
    contents = {
        path: {
            "digest": md5_of(body),
            "size": len(body),
            "birthArtifactID": births[path],
        }
        for path, body in files.items()
    }
    body = json.dumps(
        {
            "version": 1,
            "storagePolicy": "wandb-storage-policy-v1",
            "storagePolicyConfig": {"storageLayout": "V2"},
            "contents": contents,
        }
    ).encode()
    last = server.graphql(
        MANIFEST, {"input": manifest | {"digest": md5_of(body)}, "upload": True}
    )
    file = last["createArtifactManifest"]["artifactManifest"]["file"]
    assert server.request("PUT", file["uploadUrl"], body, key=None).status == 200
    server.graphql(COMMIT, {"id": artifact})
    return artifact


def use_artifact(server: ServerProcess, project: str, run: str, artifact: str) -> None:
    """Note that `run` used it."""
    wanted = {
        "artifactID": artifact,
        "entityName": server.entity,
        "projectName": project,
        "runName": run,
    }
    server.graphql(USE, {"input": wanted})


def _upload(
    server: ServerProcess,
    artifact: str,
    manifest: Mapping[str, Any],
    files: Mapping[str, bytes],
) -> dict[str, str]:
    """Artifact id under which each file was first stored."""
    specs = [
        {
            "artifactID": artifact,
            "artifactManifestID": manifest["id"],
            "name": path,
            "md5": md5_of(body),
        }
        for path, body in files.items()
    ]
    wanted = {"artifactFiles": specs, "storageLayout": "V2"}
    edges = server.graphql(FILES, {"input": wanted})["createArtifactFiles"]["files"]
    births = {}
    for spec, edge in zip(specs, edges["edges"], strict=True):
        node, path = edge["node"], str(spec["name"])
        births[path] = node["artifact"]["id"]
        if node["uploadUrl"] is not None:
            answer = server.request("PUT", node["uploadUrl"], files[path], key=None)
            assert answer.status == 200, answer.body
    return births
