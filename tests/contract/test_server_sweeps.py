"""Sweeps over GraphQL, in the documents of the official client."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import MAKE_RUN, Served, served

MAKE = """
mutation UpsertSweep($id: ID, $config: String, $description: String,
  $entityName: String, $projectName: String, $controller: JSONString,
  $launchScheduler: JSONString, $templateVariableValues: JSONString,
  $scheduler: JSONString, $state: String, $priorRunsFilters: JSONString,
  $displayName: String) {
  upsertSweep(input: {id: $id, config: $config, description: $description,
    entityName: $entityName, projectName: $projectName, controller: $controller,
    launchScheduler: $launchScheduler, templateVariableValues: $templateVariableValues,
    scheduler: $scheduler, state: $state, priorRunsFilters: $priorRunsFilters,
    displayName: $displayName}) {
    sweep { id name state displayName project { id name entity { id name } } }
    configValidationWarnings
  } }
"""
CREATE_AGENT = """
mutation CreateAgent($host: String!, $projectName: String, $entityName: String,
  $sweep: String!) {
  createAgent(input: {host: $host, projectName: $projectName,
    entityName: $entityName, sweep: $sweep}) { agent { id } } }
"""
HEARTBEAT = """
mutation Heartbeat($id: ID!, $metrics: JSONString, $runState: JSONString) {
  agentHeartbeat(input: {id: $id, metrics: $metrics, runState: $runState}) {
    agent { id } commands } }
"""
WITH_RUNS = """
query SweepWithRuns($entity: String, $project: String, $sweep: String!,
  $specs: [JSONString!]!) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) {
    id name method state description config createdAt heartbeatAt updatedAt
    earlyStopJobRunning bestLoss controller scheduler
    runs { edges { node { name state config exitcode heartbeatAt shouldStop failed
      stopped running summaryMetrics sampledHistory(specs: $specs) } } } } } }
"""
AGENTS = """
query GetSweepAgent($agentID: String!, $sweep: String!, $entity: String,
  $project: String) {
  project(name: $project, entityName: $entity) { sweep(sweepName: $sweep) {
    agents { edges { node { id name host state totalRuns createdAt heartbeatAt } } }
    agent(agentName: $agentID) { id totalRuns } } } }
"""
CONFIG = "method: grid\nmetric: {name: loss}\nparameters: {a: {values: [1, 2]}}\n"
PLACE = {"entity": "ada", "project": "proj"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


async def make(server: Served, config: str = CONFIG, **more: Any) -> Any:
    given = {"entityName": "ada", "projectName": "proj", "config": config, **more}
    # Undeclared in older documents, and sent all the same.
    given["templateVariableValues"] = "null"
    return (await server.graphql(MAKE, given))["upsertSweep"]


async def agent_of(server: Served, name: str) -> str:
    given = {"host": "h", "entityName": "ada", "projectName": "proj", "sweep": name}
    made = await server.graphql(CREATE_AGENT, given)
    identity: str = made["createAgent"]["agent"]["id"]
    return identity


async def ask(server: Served, agent: str, **running: bool) -> Any:
    given = {"id": agent, "metrics": "{}", "runState": json.dumps(running)}
    told = await server.graphql(HEARTBEAT, given)
    return json.loads(told["agentHeartbeat"]["commands"])


async def refusal(server: Served, document: str, **given: Any) -> str:
    body = {"query": document, "variables": given}
    _, answer, _ = await server.ask("POST", "/graphql", json=body)
    (error,) = answer["errors"]
    message: str = error["message"]
    return message


async def test_a_sweep_is_made_worked_on_and_read(server: Served) -> None:
    made = await make(server, displayName="shown")
    name = made["sweep"]["name"]
    agent = await agent_of(server, name)

    (command,) = await ask(server, agent)
    run = {"name": command["run_id"], **PLACE, "config": json.dumps(command["args"])}
    await server.graphql(MAKE_RUN, run)
    edit = """mutation ($name: String!, $sweep: String) { upsertBucket(input: {
      name: $name, modelName: "proj", entityName: "ada", sweep: $sweep,
      summaryMetrics: "{\\"loss\\": 0.5}"}) { bucket { sweepName sweep { name } } } }"""
    bucket = await server.graphql(edit, {"name": run["name"], "sweep": name})
    told = await ask(server, agent, **{run["name"]: True})
    asked = {**PLACE, "sweep": name, "specs": "{}"}
    found = (await server.graphql(WITH_RUNS, asked))["project"]["sweep"]

    assert made["sweep"]["displayName"] == "shown"
    assert made["configValidationWarnings"] == []
    assert command["args"] == {"a": {"value": 1}}
    assert told == []
    assert bucket["upsertBucket"]["bucket"] == {
        "sweepName": name,
        "sweep": {"name": name},
    }
    assert (found["state"], found["bestLoss"], found["config"]) == (
        "RUNNING", 0.5, CONFIG,
    )  # fmt: skip
    (edge,) = found["runs"]["edges"]
    assert edge["node"]["name"] == run["name"]
    assert edge["node"]["sampledHistory"] == [[]]
    assert (edge["node"]["running"], edge["node"]["shouldStop"]) == (True, False)
    asked = {**PLACE, "sweep": name, "agentID": agent}
    agents = (await server.graphql(AGENTS, asked))["project"]["sweep"]
    assert agents["agent"] == {"id": agent, "totalRuns": 1}
    assert [one["node"]["host"] for one in agents["agents"]["edges"]] == ["h"]


async def test_a_sweep_is_controlled_by_its_id_or_its_name(server: Served) -> None:
    sweep = (await make(server))["sweep"]
    change = """mutation ($id: ID, $state: String) { upsertSweep(input: {id: $id,
      state: $state, entityName: "ada", projectName: "proj"}) { sweep { state } } }"""

    for identity, state in ((sweep["id"], "PAUSED"), (sweep["name"], "CANCELED")):
        given = {"id": identity, "state": state}
        changed = await server.graphql(change, given)
        assert changed["upsertSweep"]["sweep"]["state"] == state


async def test_warnings_and_refusals_name_the_field(server: Served) -> None:
    warned = await make(server, CONFIG + "run_kap: 3\n")
    place = {"entityName": "ada", "projectName": "proj"}

    refused = await refusal(server, MAKE, config="method: gird", **place)
    unknown = await refusal(server, HEARTBEAT, id="nonsense")
    absent = await refusal(server, MAKE, id="nothing", state="PAUSED", **place)
    agent = await refusal(server, CREATE_AGENT, host="h", sweep="nothing", **place)

    assert warned["configValidationWarnings"] == [
        "run_kap has no effect; did you mean run_cap?"
    ]
    assert refused == "method: 'gird' is none of grid, random, bayes"
    assert unknown == "agent 'nonsense' does not exist"
    assert absent == "sweep 'ada/proj/nothing' does not exist"
    assert agent == "sweep 'ada/proj/nothing' does not exist"


async def test_run_states_that_are_no_object_are_refused(server: Served) -> None:
    agent = await agent_of(server, (await make(server))["sweep"]["name"])

    message = await refusal(server, HEARTBEAT, id=agent, runState="[1]")

    assert message == "runState: must be a JSON object: run id -> true"
