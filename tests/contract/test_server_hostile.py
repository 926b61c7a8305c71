"""Requests that no client of ours makes: refused in words, once and for all.

An answer of 5xx would be asked again for hours; what can never succeed is a 400, or a
200 with errors.
"""

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import MAKE_RUN, Served, served

COUNT = """query ($filters: JSONString) {
  project(name: "proj") { runCount(filters: $filters) } }"""
STREAM = "/files/ada/proj/r1/file_stream"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        await running.graphql(MAKE_RUN, {"name": "r1", "project": "proj"})
        yield running


async def refused(server: Served, query: str, **more: Any) -> str:
    """The one message of a request that is told to be at fault."""
    status, body, _ = await server.ask(
        "POST", "/graphql", json={"query": query, **more}
    )
    assert status in (200, 400), (status, body)
    [error] = body["errors"]
    return str(error["message"])


async def test_a_filter_of_thousands_of_levels_is_not_json(server: Served) -> None:
    deep = '{"$and":[' * 20_000 + "{}" + "]}" * 20_000

    message = await refused(server, COUNT, variables={"filters": deep})

    assert message.startswith("filters: not valid JSON")


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("{nope", "config: is not JSON"),
        ("3", "config: must be a JSON object"),
        ('{"a": ' + "[" * 60_000 + "]" * 60_000 + "}", "config: is not JSON"),
    ],
)
async def test_a_config_that_nobody_could_read_is_refused(
    server: Served, config: str, told: str
) -> None:
    variables = {"name": "r2", "project": "proj", "config": config}

    message = await refused(server, MAKE_RUN, variables=variables)

    assert message.startswith(told)
    assert (await server.graphql(COUNT))["project"]["runCount"] == 1


async def test_a_config_with_bare_nan_is_a_config(server: Served) -> None:
    config = '{"a": {"value": NaN}, "b": {"value": -Infinity}}'

    await server.graphql(MAKE_RUN, {"name": "r2", "project": "proj", "config": config})

    query = '{ project(name: "proj") { run(name: "r2") { config } } }'
    assert (await server.graphql(query))["project"]["run"]["config"] == config


@pytest.mark.parametrize("part", ["name", "project"])
async def test_names_have_a_limit_and_are_told_so(server: Served, part: str) -> None:
    longest = {"name": "r2", "project": "proj", part: "ü" * 512}
    await server.graphql(MAKE_RUN, longest)

    variables = {**longest, part: "ü" * 513}
    message = await refused(server, MAKE_RUN, variables=variables)

    assert f"{part}: " in message
    assert "513 characters, at most 512" in message


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"log_id": "x" * 3_000}, {}),
        ({"files": {"x" * 3_000: {"offset": 0, "content": ["{}"]}}}, {}),
        ({}, {"X-Wandb-Async-Client-Id": "x" * 3_000}),
    ],
)
async def test_names_in_a_file_stream_have_a_limit(
    server: Served, body: dict[str, Any], headers: dict[str, str]
) -> None:
    status, answer, _ = await server.ask("POST", STREAM, json=body, headers=headers)

    assert status == 400
    assert "3000 characters, at most 512" in answer["errors"][0]["message"]


@pytest.mark.parametrize("path", ["/graphql", STREAM])
async def test_a_body_that_is_not_gzip_as_it_says_is_refused_for_good(
    server: Served, path: str
) -> None:
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    status, answer, _ = await server.ask("POST", path, data=b"{}", headers=headers)

    assert (status, answer) == (400, {"errors": [{"message": "The body is not gzip."}]})


async def test_a_gzip_bomb_is_too_large(server: Served) -> None:
    bomb = gzip.compress(bytes(200 * 2**20), 1)
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}

    status, _, _ = await server.ask("POST", "/graphql", data=bomb, headers=headers)

    assert status == 413


async def test_several_operations_need_a_name(server: Served) -> None:
    both = "query A { viewer { id } } query B { viewer { id } }"

    assert "operationName must name one" in await refused(server, both)
    assert "no operation 'C'" in await refused(server, both, operationName="C")


async def test_lists_of_requests_are_refused_in_the_form_of_errors(
    server: Served,
) -> None:
    body = json.dumps([{"query": "{ viewer { id } }"}]).encode()

    status, answer, _ = await server.ask("POST", "/graphql", data=body)

    assert status == 400
    assert '"query"' in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "{" + " ".join(f"a{n}: viewer {{ id }}" for n in range(4_000)) + "}",
        "{ viewer { ...f0 } } "
        + " ".join(
            f"fragment f{n} on User {{ a: id ...f{n + 1} ...f{n + 1} }}"
            for n in range(40)
        )
        + " fragment f40 on User { id }",
        "{ viewer { ...a } } fragment a on User { ...b } fragment b on User { ...a }",
        "{ viewer " + "@include(if: true) " * 3_000 + "{ id } }",
        "subscription { viewer { id } }",
        "{ viewer @frob { id } }",
        "{ viewer { frob } }",
        "{ models(first: 100000) { edges { node { runs(first: 100000) "
        "{ edges { node { id } } } } } } }",
    ],
)
async def test_dear_or_senseless_documents_are_refused_before_they_are_executed(
    server: Served, query: str
) -> None:
    assert await refused(server, query)
