"""What the page's media panels and its table of runs ask, and who is answered."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import MAKE_RUN, Served, served

MEDIA = """
query ($runs: [String!]!, $step: Int64) { project(name: "proj", entityName: "ada") {
  mediaSteps(runs: $runs, key: "img") { run steps }
  mediaAt(runs: $runs, key: "img", step: $step) { run step value }
  mediaRows(run: "run1", key: "img", count: 1) { total rows { step } }
  runColumns { section key runCount numberCount }
} }
"""
CELLS = """
query ($columns: [String!]!) { project(name: "proj", entityName: "ada") {
  run(name: "run1") { values(columns: $columns) }
} }
"""
NAMES = """
query { project(name: "proj", entityName: "ada") {
  runs { totalCount edges { node { id name } } }
} }
"""
REMOVE = """
mutation ($ids: [ID!]!) { removeRuns(input: {ids: $ids}) {
  removed bytesFreed undoSeconds
} }
"""
RESTORE = "mutation ($ids: [ID!]!) { restoreRuns(input: {ids: $ids}) { restored } }"
CONFIG = {"lr": {"value": 0.5}, "deep": {"value": {"a.b": {"c": "x" * 300}}}}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        for name in ("run1", "run2"):
            config = json.dumps(CONFIG)
            variables = {"name": name, "project": "proj", "config": config}
            await running.graphql(MAKE_RUN, variables)
        picture = {"_type": "image-file", "path": "p.png", "x": float("nan")}
        rows = [
            {"_step": 1},
            {"_step": 4, "img": picture},
            {"_step": 8, "img": picture},
        ]
        await running.post_rows("run1", [json.dumps(row) for row in rows])
        yield running


async def listed(server: Served) -> dict[str, str]:
    """Ids of ada's runs by name."""
    data = await server.graphql(NAMES)
    edges = data["project"]["runs"]["edges"]
    return {edge["node"]["name"]: edge["node"]["id"] for edge in edges}


async def test_media_of_each_run_up_to_a_step(server: Served) -> None:
    runs = ["run1", "run2", "absent"]

    data = await server.graphql(MEDIA, {"runs": runs, "step": 7})

    project = data["project"]
    assert project["mediaSteps"] == [{"run": "run1", "steps": [4, 8]}]
    value = {"_type": "image-file", "path": "p.png", "x": "NaN"}
    assert project["mediaAt"] == [{"run": "run1", "step": 4, "value": value}]
    assert project["mediaRows"] == {"total": 2, "rows": [{"step": 8}]}
    newest = await server.graphql(MEDIA, {"runs": runs, "step": None})
    assert newest["project"]["mediaAt"][0]["step"] == 8


async def test_too_many_runs_are_refused_in_words(server: Served) -> None:
    variables = {"runs": [f"r{number}" for number in range(201)], "step": None}

    status, body, _ = await server.ask(
        "POST", "/graphql", json={"query": MEDIA, "variables": variables}
    )

    assert status == 200
    assert "more than 200" in body["errors"][0]["message"]


async def test_cells_are_values_by_column(server: Served) -> None:
    columns = ["config.lr", "config.deep.a.b.c", "config.none", "summary.loss", "odd"]

    data = await server.graphql(CELLS, {"columns": columns})

    lr, text, *rest = data["project"]["run"]["values"]
    assert lr == 0.5
    assert text == "x" * 200 + "…"
    assert rest == [None, None, None]


async def test_only_the_owner_removes_and_restores(server: Served) -> None:
    ids = await listed(server)
    asked: dict[str, Any] = {"ids": [ids["run1"], "nonsense"]}

    foreign = await server.graphql(REMOVE, asked, user="bob")
    assert foreign["removeRuns"] == {"removed": 0, "bytesFreed": 0, "undoSeconds": 10.0}
    assert set(await listed(server)) == {"run1", "run2"}
    own = await server.graphql(REMOVE, asked)
    assert own["removeRuns"]["removed"] == 1
    assert own["removeRuns"]["bytesFreed"] > 100
    assert set(await listed(server)) == {"run2"}
    foreign = await server.graphql(RESTORE, asked, user="bob")
    assert foreign["restoreRuns"] == {"restored": 0}
    own = await server.graphql(RESTORE, asked)
    assert own["restoreRuns"] == {"restored": 1}
    assert await listed(server) == ids


async def test_removed_runs_are_nobodys_until_they_are_purged(server: Served) -> None:
    ids = await listed(server)
    await server.graphql(REMOVE, {"ids": [ids["run1"]]})

    status, body, _ = await server.ask(
        "POST",
        "/files/ada/proj/run1/file_stream",
        json={"files": {"wandb-history.jsonl": {"offset": 3, "content": ["{}"]}}},
    )
    assert status == 404, body
    query = '{ project(name: "removed", entityName: "") { runs { totalCount } } }'
    _, body, _ = await server.ask("POST", "/graphql", json={"query": query})
    assert not (body.get("data") or {}).get("project")
    server.clock.now += 60
    await server.archive.compact()
    restored = await server.graphql(RESTORE, {"ids": [ids["run1"]]})
    assert restored["restoreRuns"] == {"restored": 0}
