"""GraphQL as a whole over HTTP; graphql-core's own client side is the oracle."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLSchema,
    build_client_schema,
    get_introspection_query,
    parse,
    validate,
    validate_schema,
)
from wandb_server.settings import Limits

from tests.support.served import MAKE_RUN, Served, served

CLIENT_DOCUMENTS = (
    """query GetRunState($project: String!, $entity: String!, $name: String!) {
      project(name: $project, entityName: $entity) {
        run(name: $name) { id name displayName state config summaryMetrics tags
          historyLineCount logLineCount eventsLineCount historyKeys } } }""",
    """query Runs($project: String!, $entity: String!, $cursor: String,
               $perPage: Int = 50, $order: String, $filters: JSONString) {
      project(name: $project, entityName: $entity) { runCount(filters: $filters)
        runs(filters: $filters, after: $cursor, first: $perPage, order: $order) {
          edges { node { id name } cursor } pageInfo { endCursor hasNextPage } } } }""",
    """query RunFiles($project: String!, $entity: String!, $name: String!,
                   $files: [String]!) {
      project(name: $project, entityName: $entity) { run(name: $name) {
        files(names: $files) { edges { node { name directUrl md5 } } } } } }""",
    """mutation UpsertBucket($id: String, $name: String, $project: String,
                             $config: JSONString) {
      upsertBucket(input: {id: $id, name: $name, modelName: $project, config: $config})
      { bucket { id name displayName project { name entity { name } } } inserted } }""",
)
"""In the manner of clients: fragments, aliases, directives, variables of all kinds."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        for name in ("r1", "r2"):
            await running.graphql(MAKE_RUN, {"name": name, "project": "proj"})
        yield running


async def send(server: Served, query: str, **more: Any) -> tuple[int, Any]:
    status, body, _ = await server.ask(
        "POST", "/graphql", json={"query": query, **more}
    )
    return status, body


async def introspected(server: Served) -> GraphQLSchema:
    query = get_introspection_query(input_value_deprecation=True)
    return build_client_schema(await server.graphql(query))


async def test_introspection_gives_a_schema_that_clients_can_build(
    server: Served,
) -> None:
    schema = await introspected(server)

    assert validate_schema(schema) == []
    assert schema.query_type is not None
    assert "viewer" in schema.query_type.fields
    assert schema.mutation_type is not None
    assert "upsertBucket" in schema.mutation_type.fields


@pytest.mark.parametrize("document", CLIENT_DOCUMENTS)
async def test_documents_of_clients_are_valid_by_what_introspection_says(
    server: Served, document: str
) -> None:
    schema = await introspected(server)

    assert validate(schema, parse(document)) == []


@pytest.mark.parametrize("name", ["LaunchAgent", "Query", "UpsertBucketInput", "X"])
async def test_types_are_probed_as_clients_do(server: Served, name: str) -> None:
    schema = await introspected(server)

    data = await server.graphql(
        """query ($name: String!) { __type(name: $name) { name kind
          fields { name args { name } } inputFields { name } } }""",
        {"name": name},
    )

    assert (data["__type"] is not None) == (name in schema.type_map)


async def test_fragments_of_every_kind_and_aliases_are_merged(server: Served) -> None:
    data = await server.graphql(
        """query { mine: project(name: "proj", entityName: "ada") {
             kind: __typename one: run(name: "r1") { ...Outer }
             two: run(name: "r2") { ... on Run { key: name } ... { projectName: name } }
           } }
           fragment Outer on Run { id ...Inner }
           fragment Inner on Run { name ... on Run { state } }"""
    )

    mine = data["mine"]
    assert (mine["kind"], mine["one"]["name"]) == ("Project", "r1")
    assert mine["one"].keys() == {"id", "name", "state"}
    assert mine["two"] == {"key": "r2", "projectName": "r2"}


@pytest.mark.parametrize("wanted", [True, False])
async def test_directives_include_and_skip(server: Served, wanted: bool) -> None:
    data = await server.graphql(
        """query ($w: Boolean!) { viewer { name id @include(if: $w)
             ...Part @skip(if: $w) ... @include(if: $w) { admin } } }
           fragment Part on User { username }""",
        {"w": wanted},
    )

    extra = {"id", "admin"} if wanted else {"username"}
    assert data["viewer"].keys() == {"name"} | extra


async def test_operation_name_chooses_among_several(server: Served) -> None:
    document = "query A { viewer { name } } query B { viewer { username } }"

    chosen = await send(server, document, operationName="B")
    absent = await send(server, document, operationName="C")
    none = await send(server, document)

    assert chosen == (200, {"data": {"viewer": {"username": "ada"}}})
    assert (absent[0], none[0]) == (400, 400)
    assert "'C'" in absent[1]["errors"][0]["message"]


async def test_variables_have_defaults_nulls_and_lists(server: Served) -> None:
    document = """query ($first: Int = 1, $order: String, $names: [String!]) {
      project(name: "proj", entityName: "ada") {
        runs(first: $first, order: $order) { edges { node { name } } }
        run(name: "r1") { files(names: $names) { edges { node { name } } } } } }"""

    plain = await server.graphql(document)
    given = await server.graphql(
        document, {"first": 5, "order": None, "names": ["a", "b"], "unknown": [1]}
    )

    assert len(plain["project"]["runs"]["edges"]) == 1
    assert len(given["project"]["runs"]["edges"]) == 2
    # Files that are asked for by name are answered even before they are uploaded.
    assert len(given["project"]["run"]["files"]["edges"]) == 2
    assert plain["project"]["run"]["files"]["edges"] == []


@pytest.mark.parametrize(
    ("query", "variables", "told"),
    [
        ("{ viewer { ", {}, "Syntax Error"),
        ("{ nothing }", {}, "nothing"),
        ("query ($n: Int!) { project(name: $n) { id } }", {"n": 1}, "$n"),
        ("query ($n: String!) { project(name: $n) { id } }", {}, "$n"),
        ("query ($n: String) { project(name: $n) { id } }", {"n": {"a": 1}}, "$n"),
        ("subscription { viewer { name } }", {}, "subscription"),
        ("{ ...F } fragment F on Query { ...F }", {}, "F"),
        ('{ project(name: "proj") { run(name: "r1") } }', {}, "run"),
    ],
)
async def test_every_fault_is_told_in_the_form_that_clients_show(
    server: Served, query: str, variables: dict[str, Any], told: str
) -> None:
    status, body = await send(server, query, variables=variables)

    assert status in (200, 400)
    assert told in body["errors"][0]["message"]
    assert all(error.keys() == {"message"} for error in body["errors"])


@pytest.mark.parametrize(
    ("query", "limit"),
    [
        ("{ viewer { " + "name " * 11_000 + "} }", "token"),
        (
            '{ project(name: "proj", entityName: "ada") { runs(first: 1000) { edges {'
            " node { files(first: 1000) { edges { node { name } } } } } } } }",
            "fields",
        ),
    ],
)
async def test_what_is_too_much_is_refused_before_it_runs(
    server: Served, query: str, limit: str
) -> None:
    status, body = await send(server, query)

    assert status == 400
    assert limit in body["errors"][0]["message"]


async def test_deep_nesting_is_refused(
    tmp_path: Path,
) -> None:
    deep = '{ project(name: "p") { run(name: "r") { project { run(name: "r") { id'
    async with served(tmp_path, limits=Limits(query_depth_max=4)) as server:
        status, body = await send(server, deep + " } } } } }")

    assert status == 400
    assert "levels deep" in body["errors"][0]["message"]


async def test_nested_fragments_cannot_make_the_count_expensive(
    server: Served,
) -> None:
    parts = [f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(40)]
    query = "{ ...F0 } " + " ".join(parts) + " fragment F40 on Query { viewer { id } }"

    status, body = await send(server, query)

    assert (status, body["errors"][0]["message"][:9]) == (400, "The query")


async def test_sixty_megabytes_in_a_variable_are_taken(server: Served) -> None:
    text = "ü" * 30_000_000  # 60 MB as UTF-8, below the 64 MiB of a body
    config = json.dumps({"big": {"value": text}}, ensure_ascii=False)
    variables = {"name": "r1", "project": "proj", "config": config}
    sent = {"query": MAKE_RUN, "variables": variables}
    body = json.dumps(sent, ensure_ascii=False).encode()
    assert 60_000_000 < len(body) < 64 * 2**20

    status, answer, _ = await server.ask("POST", "/graphql", data=io.BytesIO(body))

    assert (status, answer["data"]["upsertBucket"]["inserted"]) == (200, False)


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "text/plain"}])
async def test_the_content_type_does_not_matter(
    server: Served, headers: dict[str, str]
) -> None:
    body = json.dumps({"query": "{ viewer { name } }", "variables": None}).encode()

    status, answer, _ = await server.ask("POST", "/graphql", data=body, headers=headers)

    assert (status, answer) == (200, {"data": {"viewer": {"name": "ada"}}})
