"""Alerts from a client's mutation to what the page reads."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from wandb_server.operations.alerts import (
    ALERTS_PER_RUN_MAX,
    TEXT_CHARACTERS_MAX,
    TITLE_CHARACTERS_MAX,
)

from tests.support.served import MAKE_RUN, Served, served

# As the official client 0.31.0 sends it.
NOTIFY = """
mutation NotifyScriptableRunAlert(
  $entityName: String!, $projectName: String!, $runName: String!, $title: String!,
  $text: String!, $severity: AlertSeverity = INFO, $waitDuration: Duration
) {
  notifyScriptableRunAlert(input: {
    entityName: $entityName, projectName: $projectName, runName: $runName,
    title: $title, text: $text, severity: $severity, waitDuration: $waitDuration
  }) { success }
}
"""
LISTED = """
query ($first: Int) { project(name: "proj", entityName: "ada") {
  alerts(first: $first) { title severity run { name } }
  run(name: "run1") { id alerts { id title text severity createdAt } }
} }
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        for name in ("run1", "run2"):
            variables = {"name": name, "project": "proj", "config": "{}"}
            await running.graphql(MAKE_RUN, variables)
        yield running


async def notify(server: Served, run: str, title: str, **more: Any) -> None:
    place = {"entityName": "ada", "projectName": "proj", "runName": run}
    told = {"title": title, "text": "", "severity": "INFO", "waitDuration": 60_000}
    data = await server.graphql(NOTIFY, place | told | more)
    assert data["notifyScriptableRunAlert"]["success"] is True


async def test_alerts_are_listed_by_run_and_by_project(server: Served) -> None:
    await notify(server, "run1", "low", text="acc < 0.5", severity="WARN")
    server.clock.now += 60
    await notify(server, "run2", "done")
    await notify(server, "run1", "broken", severity="ERROR")

    project = (await server.graphql(LISTED, {"first": 2}))["project"]

    first, second = project["run"]["alerts"]
    assert first == {
        "id": first["id"], "title": "low", "text": "acc < 0.5", "severity": "WARN",
        "createdAt": "2023-11-14T22:13:20Z",
    }  # fmt: skip
    assert (second["title"], second["createdAt"]) == ("broken", "2023-11-14T22:14:20Z")
    listed = [(one["title"], one["run"]["name"]) for one in project["alerts"]]
    assert listed == [("broken", "run1"), ("done", "run2")]


async def test_long_texts_are_cut_and_old_alerts_go(server: Served) -> None:
    run = await server.archive.run("ada", "proj", "run1")
    assert run is not None
    for number in range(ALERTS_PER_RUN_MAX + 3):
        await server.archive.add_alert(run, f"t{number}", "", "INFO")
    await notify(server, "run1", "x" * 5000, text="y" * 70_000)

    found = await server.archive.alerts_of_run(run)

    assert len(found) == ALERTS_PER_RUN_MAX
    assert found[0].title == "t4"
    assert len(found[-1].title) == TITLE_CHARACTERS_MAX
    assert len(found[-1].text) == TEXT_CHARACTERS_MAX


async def test_alerts_go_with_their_run(server: Served) -> None:
    await notify(server, "run1", "gone soon")
    await notify(server, "run2", "stays")
    project = (await server.graphql(LISTED))["project"]

    await server.graphql(
        "mutation ($id: ID!) { deleteRun(input: {id: $id}) { success } }",
        {"id": project["run"]["id"]},
    )

    left = (await server.graphql(LISTED))["project"]["alerts"]
    assert [one["title"] for one in left] == ["stays"]


async def test_a_run_of_somebody_else_cannot_be_alerted(server: Served) -> None:
    variables = {
        "entityName": "ada", "projectName": "proj", "runName": "run1",
        "title": "x", "text": "y",
    }  # fmt: skip
    body = {"query": NOTIFY, "variables": variables}

    _, answer, _ = await server.ask("POST", "/graphql", user="bob", json=body)

    assert answer["errors"]
    assert (await server.graphql(LISTED))["project"]["alerts"] == []
