"""Who may see artifacts, and how long an address holds."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.artifact_client import (
    COMMIT,
    CREATE,
    DELETE,
    FILES,
    MANIFEST,
    Client,
    md5,
)
from tests.support.served import Served, served


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Served) -> Client:
    return Client(server)


async def test_a_file_is_found_by_digest_without_an_address(
    client: Client,
) -> None:
    await client.log({"d/a.txt": b"hello"})
    place = "/artifactsV2/default/ada/proj/data/birth/"

    path = place + hashlib.md5(b"hello").hexdigest() + "/a.txt"
    status, body, _ = await client.server.ask("GET", path)
    other, _, _ = await client.server.ask("GET", path, user="bob")
    absent, _, _ = await client.server.ask("GET", place + "0" * 32 + "/a.txt")

    assert (status, body) == (200, b"hello")
    assert (other, absent) == (404, 404)


async def test_addresses_end_and_hold_for_one_method(client: Client) -> None:
    identity = await client.log({"a": b"hello"})
    [edge] = (await client.read(identity))["files"]["edges"]
    url = edge["node"]["directUrl"]

    forged = url.replace("/blobs/1/", "/blobs/2/")
    results = [
        (await client.server.ask("PUT", url, user=None, data=b"x"))[0],
        (await client.server.ask("GET", forged, user=None))[0],
        (await client.server.ask("GET", url.partition("?")[0], user=None))[0],
    ]
    client.server.clock.now += 3 * 3600.0
    late, _, _ = await client.server.ask("GET", url, user=None)

    assert 200 not in results
    assert late == 403


async def test_nothing_is_seen_or_changed_by_somebody_else(
    client: Client,
) -> None:
    identity = await client.log({"a": b"a"}, clientID="v" * 128)
    pending = (await client.create(digest="p"))["id"]
    asked = """query ($id: ID!, $client: ID!) {
      artifact(id: $id) { id } clientIDMapping(clientID: $client) { serverID }
      artifactEntry(uri: "wandb-client-artifact://%s/a") { name }
      project(name: "proj", entityName: "ada") { name } }""" % ("v" * 128)

    found = await client.server.graphql(
        asked, {"id": identity, "client": "v" * 128}, user="bob"
    )
    create = {
        "entityName": "ada",
        "projectName": "proj",
        "artifactTypeName": "t",
        "artifactCollectionName": "c",
        "digest": "d",
    }
    refused = [
        await client.error(CREATE, {"input": create}, user="bob"),
        await client.error(COMMIT, {"input": {"artifactID": pending}}, user="bob"),
        await client.error(DELETE, {"input": {"artifactID": identity}}, user="bob"),
        await client.error(
            MANIFEST,
            {"input": {"artifactID": pending, "name": "m", "digest": ""}},
            user="bob",
        ),
        await client.error(
            FILES,
            {
                "input": {
                    "artifactFiles": [
                        {"artifactID": pending, "name": "a", "md5": md5(b"a")}
                    ]
                }
            },
            user="bob",
        ),
    ]

    assert found == {
        "artifact": None,
        "clientIDMapping": None,
        "artifactEntry": None,
        "project": None,
    }
    assert all("access" in text or "does not exist" in text for text in refused)


async def test_the_same_bytes_of_two_users_are_not_shared(
    client: Client,
) -> None:
    """Who only knows a digest must not get at the bytes of somebody else."""
    await client.log({"secret": b"ada's"})
    data = await client.server.graphql(
        CREATE,
        {
            "input": {
                "entityName": "bob",
                "projectName": "proj",
                "artifactTypeName": "t",
                "artifactCollectionName": "c",
                "digest": "d",
            }
        },
        user="bob",
    )
    identity = data["createArtifact"]["artifact"]["id"]

    wanted = [{"artifactID": identity, "name": "x", "md5": md5(b"ada's")}]
    answer = await client.server.graphql(
        FILES, {"input": {"artifactFiles": wanted}}, user="bob"
    )

    [edge] = answer["createArtifactFiles"]["files"]["edges"]
    assert edge["node"]["uploadUrl"] is not None


async def test_browsers_of_other_origins_are_told_that_they_may(server: Served) -> None:
    for path in ("/files/ada/proj/run1/x.txt", "/artifact-data/blobs/1/x"):
        status, _, headers = await server.ask(
            "OPTIONS", path, user=None, headers={"Origin": "https://elsewhere"}
        )
        assert status == 204
        assert headers["Access-Control-Allow-Origin"] == "*"
