"""Every kind of object, asked for and changed by somebody of another entity.

Goal: nothing of a tenant is told to strangers or changed by them, by names, by ids that
were guessed or seen, over GraphQL and REST; a public project is read and not changed.
Method: a project holds one of everything, marked (`tests.support.tenants`). The same
questions go through as owner (the mark must show, or the question proves nothing) and
as stranger. After every change that a stranger tries, all rows of the database are
compared with those before it. A new mutation or root field must be added here.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any

import pytest
import pytest_asyncio
from wandb_server.api.access import Access
from wandb_server.api.routes import ROUTES
from wandb_server.graphql.schema import load_schema
from wandb_server.model.people import AccessRule, ProjectAccess
from wandb_server.storage.dump import dump_rows, dumped_tables

from tests.support.served import Served, served
from tests.support.stores import team_stores
from tests.support.tenants import (
    FILE,
    PROJECT,
    Tenant,
    settle,
    shows_mark,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUN_FIELDS = """
  displayName notes tags group jobType config wandbConfig summaryMetrics systemMetrics
  historyKeys historyTail eventsTail history(samples: 9) events(samples: 9)
  sampledHistory(specs: ["{\\"keys\\": [\\"loss\\"], \\"samples\\": 9}"])
  parquetHistory(liveKeys: ["loss"]) { liveData }
  logLines(first: 9) { edges { node { line } } }
  alerts { title text } values(columns: ["config.animal"])
  files(first: 9) { edges { node { name directUrl } } }
  outputArtifacts(first: 9) { edges { node { description metadata } } }
  inputArtifacts(first: 9) { edges { node { description metadata } } }
"""
VERSION = (
    "description metadata tags { name } files(first: 9) { edges { node { name } } }"
)
COLLECTION = "artifacts(first: 9) { edges { node { description metadata } } }"
OF_PROJECT: Mapping[str, str] = {
    "a run": f"run(name: $run) {{ {RUN_FIELDS} }}",
    "a bucket": f"bucket(name: $run) {{ {RUN_FIELDS} }}",
    "runs": "runs(first: 9) { edges { node { displayName config } } }",
    "filtered runs": 'runs(filters: "{\\"config.animal\\": \\"zebra\\"}") '
    "{ edges { node { displayName } } }",
    "groups": 'runGroups(by: "config.animal") { value }',
    "columns": "runColumns { key } runs(first: 1) { edges { node { notes } } }",
    "series": 'historySeries(runs: ["run1"], keys: ["loss"]) { last }',
    "system series": 'historySeries(runs: ["run1"], keys: ["system.cpu"], '
    'stream: "system", xAxis: "_timestamp") { last }',
    "metric keys": "metricKeys(runs: []) { key last }",
    "media at": 'mediaAt(runs: ["run1"], key: "img") { value }',
    "media rows": 'mediaRows(run: "run1", key: "img") { rows { value } }',
    "alerts": "alerts { title }",
    "sweep of a run": "run(name: $run) { sweep { description config } }",
    "sweeps": "sweeps { edges { node { displayName config bestLoss agents { edges { "
    "node { host } } } } } }",
    "runs of sweeps": "sweeps { edges { node { runs { edges { node { notes } } } } } }",
    "artifact": f'artifact(name: "data:v0") {{ {VERSION} }}',
    "alias": f'artifact(name: "data:best") {{ {VERSION} }}',
    "types": "artifactTypes { edges { node { artifactCollections { edges { node { "
    + COLLECTION
    + " } } } } } }",
    "type": 'artifactType(name: "dataset") { artifactCollection(name: "data") { '
    + COLLECTION
    + " } }",
    "collection": f'artifactCollection(name: "data") {{ {COLLECTION} }}',
    "collections": f"artifactCollections {{ edges {{ node {{ {COLLECTION} }} }} }}",
    "membership": 'artifactCollectionMembership(name: "data:v0") { artifact { '
    + VERSION
    + " } }",
}
"""Fields of a project, by what they show."""
PLACE = "$entity: String!, $project: String!, $run: String!"
ROOT: Mapping[str, str] = {
    "models": "query ($entity: String!) { models(entityName: $entity) { edges { node { "
    "runs { edges { node { notes } } } } } } }",
    "projects": "query ($entity: String!) { projects(entityName: $entity) { edges { "
    "node { runs { edges { node { notes } } } } } } }",
    "entity": "query ($entity: String!) { entity(name: $entity) { projects { edges { "
    "node { runs { edges { node { notes } } } } } } } }",
    "artifact": "query ($artifactId: ID!) "
    f"{{ artifact(id: $artifactId) {{ {VERSION} }} }}",
    "artifactCollection": "query ($collectionId: ID!) "
    f"{{ artifactCollection(id: $collectionId) {{ {COLLECTION} }} }}",
    "portfolio": "query ($portfolioId: ID!) "
    f"{{ artifactCollection(id: $portfolioId) {{ {COLLECTION} }} }}",
    "lineage": "query ($artifactId: ID!) { artifact(id: $artifactId) { "
    "createdBy { ... on Run { notes } } "
    "usedBy(first: 9) { edges { node { notes } } } } }",
}
OTHER_ROOTS = {
    # Tell of people or of the server: tests of their own.
    *("viewer", "user", "users", "serverInfo", "organization"),
    # The questions about a project above.
    *("project", "model"),
    # Answer ids, and bytes behind signed addresses: below.
    *("clientIDMapping", "artifactEntry"),
}
INPUTS: Mapping[str, str] = {
    "upsertBucket": "{name: $run, entityName: $entity, modelName: $project, "
    'notes: "x"}',
    "upsertBucket by id": '{id: $runId, notes: "x"}',
    "upsertModel": '{name: "new", entityName: $entity}',
    "upsertModel access": '{name: $project, entityName: $entity, access: "PRIVATE"}',
    "createRunFiles": "{entityName: $entity, projectName: $project, runName: $run, "
    'files: ["x"]}',
    "markRunFilesUploaded": "{entityName: $entity, projectName: $project, "
    'runName: $run, files: ["a.txt"]}',
    "deleteFiles": "{files: [$fileId]}",
    "deleteRun": "{id: $runId, deleteArtifacts: true}",
    "stopRun": "{id: $runId}",
    "updateRunState": '{id: $runId, state: "failed"}',
    "notifyScriptableRunAlert": "{entityName: $entity, projectName: $project, "
    'runName: $run, title: "x", text: "x"}',
    "rewindRun": "{entityName: $entity, projectName: $project, runName: $run, "
    'metricName: "_step", metricValue: 0}',
    "removeRuns": "{ids: [$runId]}",
    "restoreRuns": "{ids: [$runId]}",
    "createArtifact": '{entityName: $entity, projectName: $project, digest: "d", '
    'artifactTypeName: "dataset", artifactCollectionName: "new"}',
    "createArtifactManifest": '{artifactID: $draftId, name: "m", digest: "d", '
    "type: PATCH}",
    "updateArtifactManifest": '{artifactManifestID: $draftManifestId, digest: "d"}',
    "createArtifactFiles": '{artifactFiles: [{artifactID: $draftId, name: "y", '
    'md5: "1B2M2Y8AsgTpgAmY7PhCfg=="}]}',
    "completeMultipartUploadArtifact": '{artifactID: $draftId, storagePath: "x", '
    'uploadID: "x", completeMultipartAction: Complete, completedParts: []}',
    "commitArtifact": "{artifactID: $draftId}",
    "useArtifact": "{artifactID: $artifactId, entityName: $entity, "
    "projectName: $project, runName: $run}",
    "updateArtifact": '{artifactID: $artifactId, description: "x"}',
    "deleteArtifact": "{artifactID: $artifactId, deleteAliases: true}",
    "addAliases": "{artifactID: $artifactId, aliases: ["
    '{artifactCollectionName: "data", alias: "x"}]}',
    "deleteAliases": "{artifactID: $artifactId, aliases: ["
    '{artifactCollectionName: "data", alias: "best"}]}',
    "linkArtifact": "{artifactID: $artifactId, entityName: $entity, "
    'projectName: $project, artifactPortfolioName: "new"}',
    "upsertSweep": "{entityName: $entity, projectName: $project, "
    'config: "{method: random, parameters: {x: {value: 1}}}"}',
    "upsertSweep by id": "{entityName: $entity, projectName: $project, id: $sweepId, "
    'state: "CANCELED"}',
    "createAgent": "{entityName: $entity, projectName: $project, sweep: $sweep, "
    'host: "h"}',
    "agentHeartbeat": "{id: $agentId}",
    "unlinkArtifact": "{artifactID: $artifactId, artifactPortfolioID: $portfolioId}",
    "createArtifactPortfolio": "{entityName: $entity, projectName: $project, "
    'artifactTypeName: "dataset", name: "new"}',
    "updateArtifactSequence": '{artifactSequenceID: $collectionId, name: "x"}',
    "updateArtifactPortfolio": '{artifactPortfolioID: $portfolioId, name: "x"}',
    "deleteArtifactSequence": "{artifactSequenceID: $collectionId}",
    "deleteArtifactPortfolio": "{artifactPortfolioID: $portfolioId}",
    "moveArtifactSequence": "{artifactSequenceID: $collectionId, "
    'destinationArtifactTypeName: "x"}',
    "updateArtifactSequenceType": "{artifactSequenceID: $collectionId, "
    'destinationArtifactTypeName: "x"}',
    "createArtifactCollectionTagAssignments": "{entityName: $entity, projectName: "
    '$project, artifactCollectionName: "data", tags: [{tagName: "x"}]}',
    "deleteArtifactCollectionTagAssignments": "{entityName: $entity, projectName: "
    '$project, artifactCollectionName: "data", tags: [{tagName: "zebra"}]}',
}
"""Inputs of mutations, by their names; a second word tells two of one name apart."""
PEOPLE_MUTATIONS = {
    *("createUser", "createTeam", "createInvite", "deleteInvite"),
    *("createServiceAccount", "generateApiKey", "deleteApiKey"),
}
"""Not of a project; see test_server_people."""


@dataclass(frozen=True)
class World:
    """A server with projects of ada, of bob, and a public one of team `lab`."""

    server: Served
    tenants: Mapping[str, Tenant]

    async def graphql(self, document: str, tenant: Tenant, user: str) -> Any:
        """Body of the answer; as many variables as the document declares."""
        known = {**tenant.place, **tenant.ids}
        variables = {
            name: known[name]
            for name in re.findall(r"\$(\w+):", document.partition("{")[0])
        }
        body = {"query": document, "variables": variables}
        status, answer, _ = await self.server.ask(
            "POST", "/graphql", user=user, json=body
        )
        assert status in (200, 403), answer
        return answer

    async def rows(self) -> list[bytes]:
        """All rows of all tables, but those of who comes in."""
        stores = self.server.archive._stores  # type: ignore[attr-defined]
        tables = [table for table in dumped_tables() if table.name != "sessions"]
        found: list[bytes] = await stores.database.read(
            lambda db: [line for table in tables for line in dump_rows(db, table)]
        )
        return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """Over PostgreSQL and S3 with --stores team."""
    path = tmp_path_factory.mktemp("tenants")
    async with AsyncExitStack() as running:
        told = {}
        if request.config.getoption("--stores") == "team":
            told = asdict(running.enter_context(team_stores()).place(path))
        server = await running.enter_async_context(served(path, **told))
        people = server.archive.people
        for name in ("carol", "dora", "eve"):
            await people.add_user(name)
            await people.add_key(name, "", "local-" + name.ljust(40, "x"))
        await people.add_team("lab", {"carol": False})
        tenants = {
            "ada": await settle(server, "ada", "ada"),
            "bob": await settle(server, "bob", "bob"),
            "lab": await settle(server, "lab", "local-" + "carol".ljust(40, "x")),
        }
        rule = AccessRule(ProjectAccess.PUBLIC, server.users["bob"].id)
        await people.set_rule("bob", PROJECT, rule)
        yield World(server, tenants)


async def test_every_mutation_and_root_field_is_in_the_walk() -> None:
    schema = load_schema()
    assert schema.mutation_type is not None
    assert schema.query_type is not None

    tried = {name.partition(" ")[0] for name in INPUTS}
    asked = {name for name in ROOT if name in schema.query_type.fields}

    assert tried | PEOPLE_MUTATIONS == set(schema.mutation_type.fields)
    assert asked | OTHER_ROOTS == set(schema.query_type.fields)


def questions() -> dict[str, str]:
    """Documents by what they ask."""
    begin = f"query ({PLACE}) {{ project(name: $project, entityName: $entity) {{ "
    found = {what: f"{begin}{field} }} }}" for what, field in OF_PROJECT.items()}
    return {**found, **{f"root {what}": text for what, text in ROOT.items()}}


@pytest.mark.parametrize("what", questions())
async def test_what_is_asked_is_told_to_readers_only(world: World, what: str) -> None:
    document = questions()[what]
    ada, public = world.tenants["ada"], world.tenants["bob"]

    own = await world.graphql(document, ada, "ada")
    assert shows_mark(own), own
    for stranger in ("bob", KEYS["carol"], KEYS["dora"]):
        told = await world.graphql(document, ada, stranger)
        assert not shows_mark(told), told
    # A member of a team sees what is the team's, who is in none does not.
    assert shows_mark(
        await world.graphql(document, world.tenants["lab"], KEYS["carol"])
    )
    told = await world.graphql(document, world.tenants["lab"], "bob")
    assert not shows_mark(told), told
    # What is public is for everybody.
    assert shows_mark(await world.graphql(document, public, KEYS["dora"]))


KEYS = {name: "local-" + name.ljust(40, "x") for name in ("carol", "dora")}


def mutation(name: str) -> str:
    given = INPUTS[name]
    kinds = ("artifact", "draft", "draftManifest", "collection", "portfolio")
    kinds = (*kinds, "sweep", "agent")
    types = {f"{kind}Id": "ID!" for kind in (*kinds, "file", "run")}
    if name == "upsertBucket by id":
        types["runId"] = "String!"
    used = dict.fromkeys(re.findall(r"\$(\w+)", given))
    declared = ", ".join(f"${one}: {types.get(one, 'String!')}" for one in used)
    field = name.partition(" ")[0]
    return f"mutation ({declared}) {{ {field}(input: {given}) {{ __typename }} }}"


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("tenant", ["ada", "bob", "lab"])
async def test_strangers_change_nothing(world: World, tenant: str, name: str) -> None:
    """ada's is hers alone, bob's is public, lab's is a team's."""
    document, before = mutation(name), await world.rows()

    for stranger in (KEYS["dora"], "ada" if tenant == "lab" else KEYS["carol"]):
        await world.graphql(document, world.tenants[tenant], stranger)

    assert await world.rows() == before


@pytest.mark.parametrize("tenant", ["ada", "bob", "lab"])
async def test_rest_is_closed_like_graphql(world: World, tenant: str) -> None:
    owned, before = world.tenants[tenant], await world.rows()
    ask, stranger = world.server.ask, KEYS["dora"]
    chunk = {"files": {"wandb-history.jsonl": {"offset": 9, "content": ["{}"]}}}
    digest = (
        f"/artifactsV2/default/{owned.entity}/{PROJECT}/data/x/{owned.ids['md5']}/x"
    )
    changes = f"/api/changes?entity={owned.entity}&project={PROJECT}"

    reads = {
        "file": await ask("GET", f"{owned.path}/{FILE}", user=stranger),
        "digest": await ask("GET", digest, user=stranger),
    }
    export = f"/api/export/{owned.entity}/{PROJECT}/run1.parquet"
    exported, _, _ = await ask("GET", export, user=stranger)
    writes = [
        await ask("PUT", f"{owned.path}/new.txt", user=stranger, data=b"x"),
        await ask("POST", f"{owned.path}/file_stream", user=stranger, json=chunk),
    ]
    async with world.server.session.get(
        world.server.url + changes, headers=world.server.credentials(stranger)
    ) as answer:
        streamed = answer.status

    public = tenant == "bob"
    assert {name: status for name, (status, _, _) in reads.items()} == dict.fromkeys(
        reads, 200 if public else 404
    )
    assert all(shows_mark(body) == public for _, body, _ in reads.values())
    assert [status for status, _, _ in writes] == ([403, 403] if public else [404, 404])
    assert (streamed, exported) == ((200, 200) if public else (404, 404))
    assert await world.rows() == before


async def test_every_route_to_a_project_is_in_the_walk() -> None:
    """A new one must be added to the test above."""
    patterns = {
        route.path
        for route in ROUTES
        if "{entity}" in route.path and route.access is not Access.ADMIN
    }

    assert patterns == {
        "/files/{entity}/{project}/{run}/file_stream",
        "/files/{entity}/{project}/{run}/{name:.+}",
        "/artifactsV2/{region}/{entity}/{project}/{collection}/{birth}/{md5}/{name:.+}",
        "/api/export/{entity}/{project}/{run}.parquet",
    }


async def test_addresses_are_for_one_file_one_method_and_one_tenant(
    world: World,
) -> None:
    ada, ask = world.tenants["ada"], world.server.ask
    direct, upload = ada.ids["directUrl"], ada.ids["uploadUrl"]

    fine, body, _ = await ask("GET", direct, user=None)
    moved = [
        direct.replace("/ada/", "/lab/"),
        direct.replace(FILE, "b.txt"),
        direct.replace(PROJECT, "other"),
        upload,
    ]
    refused = [(await ask("GET", url, user=None))[0] for url in moved]
    written, _, _ = await ask("PUT", direct, user=KEYS["dora"], data=b"x")

    assert (fine, body) == (200, b"zebra file")
    assert refused == [401] * 4
    assert written == 404
    assert (await ask("GET", direct, user=None))[1] == b"zebra file"


async def test_ids_of_others_lead_nowhere(world: World) -> None:
    ada = world.tenants["ada"]
    mapping = (
        "query ($clientId: ID!) { clientIDMapping(clientID: $clientId) { serverID } }"
    )
    entry = (
        'query { artifactEntry(uri: "wandb-client-artifact://client-ada/x.bin") '
        "{ directUrl } }"
    )

    for document in (mapping, entry):
        own = (await world.graphql(document, ada, "ada"))["data"]
        told = (await world.graphql(document, ada, KEYS["dora"])).get("data") or {}
        assert list(filter(None, own.values())), document
        assert not list(filter(None, told.values())), document


async def test_keys_and_addresses_of_people_are_their_own(world: World) -> None:
    document = """{ users(query: "") { edges { node { username } } }
      all: users(query: "a") { edges { node { username email apiKeys { edges { node { id
      } } } } } } run: project(name: "proj", entityName: "bob") { run(name: "run1") {
      user { username email apiKeys { edges { node { id } } } } } } }"""

    told = (await world.graphql(document, world.tenants["ada"], KEYS["dora"]))["data"]

    assert told["users"]["edges"] == [{"node": {"username": "dora"}}]
    assert told["all"]["edges"] == []
    assert told["run"]["run"]["user"] == {
        "username": "bob", "email": None, "apiKeys": {"edges": []},
    }  # fmt: skip


async def test_private_projects_of_a_team_are_for_their_owner_and_its_admins(
    world: World,
) -> None:
    people, server = world.server.archive.people, world.server
    question = (
        'query { project(name: "secret", entityName: "lab") { access readOnly } }'
    )
    make = """mutation { upsertModel(input: {name: "secret", entityName: "lab",
      access: "PRIVATE"}) { project { access } inserted } }"""
    await people.add_member("lab", "dora")
    try:
        made = await world.graphql(make, world.tenants["lab"], KEYS["carol"])
        own = await world.graphql(question, world.tenants["lab"], KEYS["carol"])
        member = await world.graphql(question, world.tenants["lab"], KEYS["dora"])
        await people.add_member("lab", "dora", admin=True)
        leader = await world.graphql(question, world.tenants["lab"], KEYS["dora"])
    finally:
        await people.remove_member("lab", "dora")

    assert made["data"]["upsertModel"]["inserted"] is True
    seen = {"data": {"project": {"access": "PRIVATE", "readOnly": False}}}
    assert (own, member, leader) == (seen, {"data": {"project": None}}, seen)
    assert (await server.archive.project("lab", "secret")) is not None


async def test_admins_of_the_server_look_where_they_ask_for_it(world: World) -> None:
    """The public API sends the header; `ada` is an admin, `dora` is not."""
    question = {
        "query": 'query { project(name: "proj", entityName: "lab") { id } '
        'hidden: project(name: "removed", entityName: "") { id } }'
    }
    asked = {"headers": {"Use-Admin-Privileges": "true"}, "json": question}
    change = {
        "query": 'mutation { upsertBucket(input: {name: "run1", entityName: "lab", '
        'modelName: "proj", notes: "x"}) { inserted } }'
    }

    _, plain, _ = await world.server.ask("POST", "/graphql", json=question)
    _, admin, _ = await world.server.ask("POST", "/graphql", **asked)
    _, other, _ = await world.server.ask("POST", "/graphql", user=KEYS["dora"], **asked)
    status, _, _ = await world.server.ask(
        "POST", "/graphql", **{**asked, "json": change}
    )

    assert plain["data"]["project"] is None
    assert admin["data"]["project"] is not None
    assert admin["data"]["hidden"] is None
    assert other["data"]["project"] is None
    assert status == 403


async def test_who_leaves_a_team_or_the_server_sees_nothing_any_more(
    world: World,
) -> None:
    people, document = world.server.archive.people, questions()["runs"]
    lab, key = world.tenants["lab"], "local-eve" + "x" * 40
    await people.add_key("eve", "", key)
    await people.add_member("lab", "eve")
    member = await world.graphql(document, lab, key)
    await people.remove_member("lab", "eve")
    left = await world.graphql(document, lab, key)
    await people.remove_user("eve")
    status, _, _ = await world.server.ask("POST", "/graphql", user=key, json={})

    assert shows_mark(member)
    assert not shows_mark(left)
    assert status == 401


REFUSED_TO_OWNERS = {
    # What they name is not there, or not whole yet.
    *("completeMultipartUploadArtifact", "restoreRuns", "commitArtifact"),
}


async def test_the_changes_that_strangers_try_are_ones_that_owners_make(
    world: World,
) -> None:
    """Else the walk above would prove nothing: what is refused must be possible."""
    people, refused = world.server.archive.people, {}
    for number, name in enumerate(INPUTS):
        owner, key = f"fred{number}", f"local-fred{number:036}"
        await people.add_user(owner)
        await people.add_key(owner, "", key)
        tenant = await settle(world.server, owner, key)

        answer = await world.graphql(mutation(name), tenant, key)

        if "errors" in answer:
            refused[name] = answer["errors"]
    assert set(refused) <= REFUSED_TO_OWNERS, refused
