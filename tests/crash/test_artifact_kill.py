"""The server is killed between the steps in which a version of an artifact is sent."""

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.support.artifact_client import COMMIT, CREATE, FILES, MANIFEST
from tests.support.server_process import ServerProcess, started_server

CONTENT = b"bytes of the file" * 1000
LISTED = """{ project(name: "proj") { artifactType(name: "dataset") {
  artifactCollection(name: "data") { artifacts { totalCount } } } } }"""
READ = """query ($id: ID!) { artifact(id: $id) { state fileCount
  files { edges { node { directUrl } } } } }"""


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def create(server: ServerProcess) -> str:
    values = {
        "entityName": server.entity,
        "projectName": "proj",
        "artifactTypeName": "dataset",
        "artifactCollectionName": "data",
        "digest": "d",
        "clientID": "c" * 128,
    }
    answer = server.graphql(CREATE, {"input": values})
    identity: str = answer["createArtifact"]["artifact"]["id"]
    return identity


def put(server: ServerProcess, url: str, content: bytes) -> None:
    """To the same path of this server: its port is another after a restart."""
    parts = urlsplit(url)
    answer = server.request("PUT", f"{parts.path}?{parts.query}", content, key=None)
    assert answer.status == 200, answer.body


def fill(server: ServerProcess, artifact: str) -> None:
    file = {"artifactID": artifact, "name": "a", "md5": md5(CONTENT)}
    answer = server.graphql(FILES, {"input": {"artifactFiles": [file]}})
    [edge] = answer["createArtifactFiles"]["files"]["edges"]
    if edge["node"]["uploadUrl"] is not None:
        put(server, edge["node"]["uploadUrl"], CONTENT)


def send_list(server: ServerProcess, artifact: str) -> None:
    entries: Mapping[str, Any] = {"a": {"digest": md5(CONTENT), "size": len(CONTENT)}}
    text = json.dumps({"version": 1, "contents": entries}).encode()
    values = {"artifactID": artifact, "name": "m", "digest": md5(text), "type": "FULL"}
    answer = server.graphql(MANIFEST, {"input": values})
    file = answer["createArtifactManifest"]["artifactManifest"]["file"]
    put(server, file["uploadUrl"], text)


def commit(server: ServerProcess, artifact: str) -> None:
    server.graphql(COMMIT, {"input": {"artifactID": artifact}})


def test_a_version_goes_on_where_the_server_was_killed(
    places_env: dict[str, str],
) -> None:
    """Method: the server is killed after every step; the client repeats and goes on."""
    counts = []
    steps = (fill, send_list, commit)

    with started_server(places_env) as server:
        artifact = create(server)
        server.kill()
    for step in steps:
        with started_server(places_env) as server:
            counts.append(server.graphql(LISTED)["project"]["artifactType"])
            assert create(server) == artifact
            step(server, artifact)
            server.kill()
    with started_server(places_env) as server:
        found = server.graphql(READ, {"id": artifact})["artifact"]
        [edge] = found["files"]["edges"]
        parts = urlsplit(edge["node"]["directUrl"])
        body = server.request("GET", f"{parts.path}?{parts.query}", key=None).body

    nothing = {"artifactCollection": {"artifacts": {"totalCount": 0}}}
    assert counts == [nothing] * len(steps)
    assert (found["state"], found["fileCount"]) == ("COMMITTED", 1)
    assert body == CONTENT
