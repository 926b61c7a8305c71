"""Artifacts over HTTP: what a client sends step by step, and what it reads back."""

import base64
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.artifact_client import (
    COMMIT,
    COMPLETE,
    DELETE,
    Client,
    md5,
)
from tests.support.served import MAKE_RUN, Served, served


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


@pytest.fixture
def client(server: Served) -> Client:
    return Client(server)


async def test_a_version_is_sent_and_read_back(client: Client) -> None:
    contents = {"a.txt": b"hello", "d/ü #?%.bin": bytes(1000)}

    identity = await client.log(contents)

    found = await client.read(identity)
    assert (found["state"], found["size"], found["fileCount"]) == ("COMMITTED", 1005, 2)
    nodes = {edge["node"]["name"]: edge["node"] for edge in found["files"]["edges"]}
    assert set(nodes) == set(contents)
    for name, content in contents.items():
        status, body, headers = await client.server.ask(
            "GET", nodes[name]["directUrl"], user=None
        )
        assert (status, body) == (200, content)
        assert headers["Content-Security-Policy"].startswith("sandbox")
        assert nodes[name]["md5"] == md5(content)
        assert nodes[name]["displayName"] == name
    manifest = found["currentManifest"]["file"]["directUrl"]
    _, body, _ = await client.server.ask("GET", manifest, user=None)
    assert set(body["contents"]) == set(contents)


async def test_ids_are_base64_text(client: Client) -> None:
    identity = await client.log({"a": b"a"})

    assert base64.b64decode(identity, validate=True)


async def test_bytes_that_are_known_are_not_asked_for_again(
    client: Client,
) -> None:
    await client.log({"a": b"shared", "b": b"one"})
    made = await client.create(digest="other")

    nodes = await client.want(
        made["id"],
        {"name": "x", "md5": md5(b"new")},
        {"name": "y", "md5": md5(b"shared")},
        {"name": "z", "md5": md5(b"newer")},
    )

    assert [node["name"] for node in nodes] == ["x", "y", "z"]
    assert [node["uploadUrl"] is None for node in nodes] == [False, True, False]
    assert all(node["uploadUrl"].startswith("http") for node in nodes[::2])


async def test_other_bytes_than_announced_are_refused(client: Client) -> None:
    made = await client.create()
    [node] = await client.want(made["id"], {"name": "a", "md5": md5(b"right")})

    status, body, _ = await client.server.ask(
        "PUT", node["uploadUrl"], user=None, data=b"wrong"
    )

    assert status == 400
    message = body["errors"][0]["message"]
    assert hashlib.md5(b"wrong").hexdigest() in message
    assert "log it again" in message
    assert await client.put(node["uploadUrl"], b"right") == 200


async def test_a_version_is_seen_when_it_is_committed(client: Client) -> None:
    by_name = """{ project(name: "proj", entityName: "ada") {
      artifact(name: "data:latest") { id } artifactType(name: "dataset") {
        artifactCollection(name: "data") { artifacts { totalCount } } } } }"""
    made = await client.create(
        aliases=[{"artifactCollectionName": "data", "alias": "latest"}]
    )
    await client.send(made["id"], {"a": b"a"})
    entries = {"a": {"digest": md5(b"a"), "size": 1}}
    await client.send_manifest(made["id"], entries)

    before = (await client.server.graphql(by_name))["project"]
    committed = await client.commit(made["id"])
    again = await client.commit(made["id"])
    after = (await client.server.graphql(by_name))["project"]

    collection = before["artifactType"]["artifactCollection"]
    assert (before["artifact"], collection["artifacts"]["totalCount"]) == (None, 0)
    assert committed == again
    assert (committed["state"], committed["versionIndex"]) == ("COMMITTED", 0)
    assert after["artifact"] == {"id": made["id"]}


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"a": {"digest": md5(b"never sent"), "size": 3}}, "were not uploaded: a"),
        ({"a": {"digest": md5(b"sent"), "size": 3}}, "should have 3 bytes, but 4"),
        ({"a": {"size": 3}}, "has no digest"),
    ],
)
async def test_a_manifest_that_is_not_true_is_not_committed(
    client: Client, entries: dict[str, Any], said: str
) -> None:
    made = await client.create()
    await client.send(made["id"], {"other": b"sent"})
    await client.send_manifest(made["id"], entries)

    message = await client.error(COMMIT, {"input": {"artifactID": made["id"]}})

    assert said in message
    assert (await client.read(made["id"]))["state"] == "PENDING"


async def test_equal_contents_are_one_version_and_take_the_aliases(
    client: Client,
) -> None:
    first = await client.log({"a": b"1"}, digest="same")
    await client.log({"a": b"2"}, digest="else")

    again = await client.create(
        digest="same",
        clientID="c" * 128,
        aliases=[{"artifactCollectionName": "data", "alias": "best"}],
    )

    assert (again["id"], again["state"]) == (first, "COMMITTED")
    found = await client.server.graphql(
        """query ($id: ID!) { clientIDMapping(clientID: $id) { serverID }
          project(name: "proj", entityName: "ada") {
            artifact(name: "data:best") { id } } }""",
        {"id": "c" * 128},
    )
    assert found["project"]["artifact"] == {"id": first}
    assert found["clientIDMapping"] == {"serverID": first}


async def test_a_long_file_comes_in_parts(client: Client) -> None:
    parts = [b"a" * 1000, b"b" * 1000, b"c"]
    whole = b"".join(parts)
    hashes = [hashlib.md5(part).hexdigest() for part in parts]
    made = await client.create()
    told = [{"partNumber": n, "hexMD5": h} for n, h in enumerate(hashes, 1)]

    [node] = await client.want(
        made["id"], {"name": "big", "md5": md5(whole), "uploadPartsInput": told}
    )
    urls = node["uploadMultipartUrls"]["uploadUrlParts"]
    tags = []
    for part, url in reversed(list(zip(parts, urls, strict=True))):
        status, _, headers = await client.server.ask(
            "PUT", url["uploadUrl"], user=None, data=part
        )
        assert status == 200
        tags.append(headers["ETag"].strip('"'))
    answer = await client.server.graphql(
        COMPLETE,
        {
            "input": {
                "artifactID": made["id"],
                "storagePath": node["storagePath"],
                "uploadID": node["uploadMultipartUrls"]["uploadID"],
                "completeMultipartAction": "Complete",
                "completedParts": told,
            }
        },
    )
    await client.send_manifest(
        made["id"], {"big": {"digest": md5(whole), "size": 2001}}
    )
    await client.commit(made["id"])

    assert tags == hashes[::-1]
    assert answer["completeMultipartUploadArtifact"]["digest"] == md5(whole)
    [edge] = (await client.read(made["id"]))["files"]["edges"]
    _, body, _ = await client.server.ask("GET", edge["node"]["directUrl"], user=None)
    assert body == whole


async def test_deleting_frees_what_nobody_else_holds(client: Client) -> None:
    first = await client.log({"own": bytes(500), "shared": b"s" * 100})
    second = await client.log({"shared": b"s" * 100, "more": b"m"})

    own = (await client.read(first))["ownBytes"]
    freed = await client.server.graphql(
        DELETE, {"input": {"artifactID": first, "deleteAliases": True}}
    )

    assert 500 < own < 1000  # the file that only it has, and its manifest
    assert freed["deleteArtifact"]["bytesFreed"] == own
    assert freed["deleteArtifact"]["artifact"]["state"] == "DELETED"
    [edge] = (await client.read(second, prefix="shared"))["files"]["edges"]
    status, body, _ = await client.server.ask(
        "GET", edge["node"]["directUrl"], user=None
    )
    assert (status, body) == (200, b"s" * 100)


async def test_an_alias_keeps_a_version_from_being_deleted(
    client: Client,
) -> None:
    identity = await client.log({"a": b"a"})

    message = await client.error(DELETE, {"input": {"artifactID": identity}})

    assert "latest" in message
    assert (await client.read(identity))["state"] == "COMMITTED"


async def test_files_come_page_by_page_and_by_folder(client: Client) -> None:
    contents = {f"d{n % 3}/f{n:02}": b"%d" % n for n in range(30)}
    identity = await client.log({**contents, "top": b"t"})

    seen, after = [], None
    while True:
        page = (await client.read(identity, first=7, after=after))["files"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    below = (await client.read(identity, prefix="d1/"))["files"]["edges"]
    folder = await client.server.graphql(
        """query ($id: ID!) { artifact(id: $id) { folder(prefix: "") {
          totalCount folders { name fileCount sizeBytes } files { name } } } }""",
        {"id": identity},
    )

    assert seen == sorted([*contents, "top"])
    assert page["totalCount"] == 31
    assert {edge["node"]["name"] for edge in below} == {
        name for name in contents if name.startswith("d1/")
    }
    level = folder["artifact"]["folder"]
    assert [part["name"] for part in level["folders"]] == ["d0", "d1", "d2"]
    assert [part["fileCount"] for part in level["folders"]] == [10, 10, 10]
    assert level["files"] == [{"name": "top"}]


async def test_references_are_listed_with_their_uri(client: Client) -> None:
    made = await client.create()
    uri = "s3://bucket/x.csv"
    await client.send_manifest(made["id"], {"x": {"digest": "etag", "ref": uri}})
    await client.commit(made["id"])

    [edge] = (await client.read(made["id"]))["files"]["edges"]

    assert edge["node"]["directUrl"] == uri
    assert edge["node"]["md5"] is None


async def test_references_between_artifacts_lead_to_the_bytes(
    client: Client,
) -> None:
    first = await client.log(
        {"t.json": b"{}"}, clientID="v" * 128, sequenceClientID="s" * 128
    )
    hexed = base64.b64decode(first).hex()
    second = await client.create(name="second", digest="x")
    reference = f"wandb-artifact://{hexed}/t.json"
    await client.send_manifest(
        second["id"], {"in.json": {"digest": "r", "ref": reference}}
    )
    await client.commit(second["id"])
    query = (
        "query ($u: String!) { artifactEntry(uri: $u) { name directUrl sizeBytes } }"
    )

    uris = [
        reference,
        f"wandb-client-artifact://{'v' * 128}/t.json",
        f"wandb-client-artifact://{'s' * 128}:latest/t.json",
        f"wandb-artifact://{base64.b64decode(second['id']).hex()}/in.json",
    ]
    for uri in uris:
        entry = (await client.server.graphql(query, {"u": uri}))["artifactEntry"]
        assert (entry["name"], entry["sizeBytes"]) == ("t.json", 2), uri
        _, body, _ = await client.server.ask("GET", entry["directUrl"], user=None)
        assert body == {}
    absent = await client.server.graphql(
        query, {"u": f"wandb-client-artifact://{'x' * 128}/t.json"}
    )
    assert absent["artifactEntry"] is None


async def test_fields_of_other_clients_are_ignored(client: Client) -> None:
    made = await client.create(cloudRegionID=None, somethingNew={"deep": [1]})

    assert made["state"] == "PENDING"


async def test_a_run_lists_what_it_made_and_used(client: Client) -> None:
    for name in ("maker", "user"):
        variables = {"name": name, "project": "proj", "config": "{}"}
        await client.server.graphql(MAKE_RUN, variables)
    identity = await client.log({"a": b"a"}, runName="maker")
    await client.server.graphql(
        """mutation ($input: UseArtifactInput!) {
          useArtifact(input: $input) { artifact { id } } }""",
        {
            "input": {
                "artifactID": identity,
                "runName": "user",
                "entityName": "ada",
                "projectName": "proj",
            }
        },
    )

    found = await client.server.graphql(
        """query ($id: ID!) { artifact(id: $id) {
            createdBy { __typename ... on Run { name } }
            usedBy { edges { node { name } } } }
          project(name: "proj", entityName: "ada") {
            maker: run(name: "maker") { outputArtifacts { totalCount
              edges { node { id } version } } inputArtifacts { totalCount } }
            user: run(name: "user") { inputArtifacts { edges { node { id } } } } } }""",
        {"id": identity},
    )

    assert found["artifact"]["createdBy"] == {"__typename": "Run", "name": "maker"}
    assert found["artifact"]["usedBy"]["edges"] == [{"node": {"name": "user"}}]
    maker = found["project"]["maker"]
    assert maker["outputArtifacts"]["edges"] == [
        {"node": {"id": identity}, "version": "v0"}
    ]
    assert maker["inputArtifacts"] == {"totalCount": 0}
    assert found["project"]["user"]["inputArtifacts"]["edges"] == [
        {"node": {"id": identity}}
    ]


async def test_older_clients_find_the_number_among_the_aliases(
    client: Client,
) -> None:
    """Before 0.17 they read the version from there; later ones take it as an alias."""
    identity = await client.log({"a": b"a"})
    old = "query ($id: ID!) { artifact(id: $id) { aliases { %s } } }"

    before = await client.server.graphql(
        old % "artifactCollection { name } alias", {"id": identity}
    )
    since = await client.server.graphql(
        old % "id artifactCollection { name } alias", {"id": identity}
    )
    settings = await client.server.graphql(
        'mutation { upsertBucket(input: { name: "r", modelName: "proj" }) '
        "{ serverSettings { serverMessages { plainText } } } }"
    )

    names = [alias["alias"] for alias in before["artifact"]["aliases"]]
    assert names == ["latest", "v0"]
    assert [alias["alias"] for alias in since["artifact"]["aliases"]] == ["latest"]
    assert settings["upsertBucket"]["serverSettings"] == {"serverMessages": []}
