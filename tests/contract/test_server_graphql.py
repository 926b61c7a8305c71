"""What clients ask over HTTP, answered from a real archive."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from wandb_server.errors import StorageBusy, StorageError
from wandb_server.model.archive import Archive
from wandb_server.settings import Limits

from tests.support.served import MAKE_RUN, Served, served

READ_RUN = """#graphql
query Run($project: String!, $entity: String!, $name: String!) {
  project(name: $project, entityName: $entity) {
    run(name: $name) { projectId ...RunFragment }
  }
}
fragment RunFragment on Run {
  id name displayName state config summaryMetrics historyLineCount historyKeys
  createdAt heartbeatAt tags user { name username } exitCode lastStep
}
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


async def make_run(server: Served, name: str = "run1", **more: Any) -> dict[str, Any]:
    variables = {"name": name, "project": "proj", "config": "{}", **more}
    data = await server.graphql(MAKE_RUN, variables)
    made: dict[str, Any] = data["upsertBucket"]
    return made


async def read_run(server: Served, name: str = "run1") -> dict[str, Any]:
    variables = {"project": "proj", "entity": "ada", "name": name}
    run: dict[str, Any] = (await server.graphql(READ_RUN, variables))["project"]["run"]
    return run


async def test_a_run_is_made_once_and_gets_a_name(server: Served) -> None:
    first = await make_run(server)
    second = await make_run(server)

    assert (first["inserted"], second["inserted"]) == (True, False)
    assert first["bucket"]["id"] == second["bucket"]["id"]
    assert first["bucket"]["displayName"]


async def test_rows_with_nan_come_back_as_sent_and_as_strict_json(
    server: Served,
) -> None:
    await make_run(server)
    row = '{"_step":0,"loss":NaN,"a":{"b":Infinity}}'
    await server.post_rows("run1", [row, '{"_step":1,"loss":0.5}'])

    data = await server.graphql(
        """query ($spec: JSONString!) {
          project(name: "proj", entityName: "ada") { run(name: "run1") {
            history(samples: 10) sampledHistory(specs: [$spec]) historyKeys
            parquetHistory(liveKeys: ["_step"]) { parquetUrls liveData }
          } } }""",
        {"spec": '{"keys":["_step","loss","_step"],"minStep":0,"maxStep":0}'},
    )

    run = data["project"]["run"]
    assert run["history"][0] == row
    assert run["sampledHistory"] == [[{"_step": 0, "loss": "NaN"}]]
    assert run["parquetHistory"] == {"parquetUrls": [], "liveData": [{"_step": 0}]}
    assert run["historyKeys"]["lastStep"] == 1
    assert run["historyKeys"]["keys"]["loss"]["previousValue"] == 0.5
    assert "a.b" in run["historyKeys"]["keys"]


async def test_finishing_sets_state_and_exit_code(server: Served) -> None:
    await make_run(server)

    await server.post_rows("run1", ['{"_step":0}'], complete=True, exitcode=3)

    run = await read_run(server)
    assert (run["state"], run["exitCode"], run["lastStep"]) == ("failed", 3, 0)


async def test_stop_is_told_in_the_next_stream_answer(server: Served) -> None:
    made = await make_run(server)
    before = await server.post_rows("run1", ['{"_step":0}'])

    await server.graphql(
        "mutation ($id: ID!) { stopRun(input: {id: $id}) { success } }",
        {"id": made["bucket"]["id"]},
    )

    after = await server.post_rows("run1", ['{"_step":0}'])
    assert (before, after) == ({}, {"stopped": True})


async def test_undeclared_variables_are_ignored(server: Served) -> None:
    data = await server.graphql("{ viewer { name } }", {"deleteArtifacts": False})

    assert data == {"viewer": {"name": "ada"}}


async def test_an_unknown_field_is_refused_and_named(server: Served) -> None:
    status, body, _ = await server.ask(
        "POST", "/graphql", json={"query": "{ viewer { shoeSize } }"}
    )

    assert status == 400
    assert "shoeSize" in body["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"query": 1}', b"\xff"])
async def test_garbage_is_answered_in_the_one_form(server: Served, body: bytes) -> None:
    status, answer, _ = await server.ask("POST", "/graphql", data=body)

    assert status == 400
    assert isinstance(answer["errors"][0]["message"], str)


async def test_ten_megabytes_in_a_variable_are_taken(server: Served) -> None:
    config = json.dumps({"big": {"value": "x" * 10_000_000}})
    variables = {"name": "run1", "project": "proj", "config": config}
    body = json.dumps({"query": MAKE_RUN, "variables": variables}).encode()

    status, answer, _ = await server.ask("POST", "/graphql", data=io.BytesIO(body))

    assert status == 200
    assert answer["data"]["upsertBucket"]["inserted"]


async def test_a_body_beyond_the_limit_is_413(tmp_path: Path) -> None:
    async with served(tmp_path, limits=Limits(body_bytes_max=1000)) as server:
        status, body, _ = await server.ask("POST", "/graphql", data=b"x" * 1001)

    assert status == 413
    assert "1000 bytes" in body["errors"][0]["message"]


async def test_bad_filters_are_told(server: Served) -> None:
    await make_run(server)
    query = """query ($f: JSONString) {
      project(name: "proj", entityName: "ada") { runs(filters: $f) { totalCount } }
    }"""
    for filters in ("{", "[]", '{"$frob": 1}'):
        status, body, _ = await server.ask(
            "POST", "/graphql", json={"query": query, "variables": {"f": filters}}
        )

        assert status == 200
        assert body["errors"][0]["message"]


async def test_runs_come_in_pages_with_cursors(server: Served) -> None:
    for number in range(5):
        await make_run(server, f"run{number}")
        server.clock.now += 1
    query = """query ($after: String) {
      project(name: "proj", entityName: "ada") {
        runCount runs(first: 2, after: $after, order: "+created_at") {
          edges { node { name } cursor } pageInfo { endCursor hasNextPage } } } }"""
    names, after, more = [], None, True
    while more:
        project = (await server.graphql(query, {"after": after}))["project"]
        page = project["runs"]
        names += [edge["node"]["name"] for edge in page["edges"]]
        after, more = page["edges"][-1]["cursor"], page["pageInfo"]["hasNextPage"]

    assert names == [f"run{number}" for number in range(5)]
    assert project["runCount"] == 5


async def test_a_file_makes_the_round_trip_without_credentials(server: Served) -> None:
    await make_run(server)
    name = "media/images/a b#1.png"
    data = await server.graphql(
        """mutation ($files: [String!]!) { createRunFiles(input: {
          entityName: "ada", projectName: "proj", runName: "run1", files: $files
        }) { runID uploadHeaders files { name uploadUrl } } }""",
        {"files": [name]},
    )
    [upload] = data["createRunFiles"]["files"]
    put, _, _ = await server.ask("PUT", upload["uploadUrl"], user=None, data=b"PNG")

    data = await server.graphql(
        """{ project(name: "proj", entityName: "ada") { run(name: "run1") { fileCount
          files(names: ["./media/images/a b#1.png", "absent"]) {
            edges { node { name url directUrl sizeBytes md5 mimetype } } } } } }"""
    )
    found, absent = [e["node"] for e in data["project"]["run"]["files"]["edges"]]
    got, body, headers = await server.ask("GET", found["directUrl"], user=None)
    abused, _, _ = await server.ask("PUT", found["directUrl"], user=None, data=b"x")
    missing, error, _ = await server.ask("GET", absent["url"], user=None)

    assert (upload["name"], put) == (name, 200)
    assert (found["name"], found["sizeBytes"]) == (name, 3)
    assert (absent["name"], absent["sizeBytes"]) == ("absent", 0)
    assert (got, body) == (200, b"PNG")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert abused == 401
    assert missing == 404
    assert "absent" in error["errors"][0]["message"]


async def test_a_deleted_file_is_gone(server: Served) -> None:
    await make_run(server)
    await server.ask("PUT", "/files/ada/proj/run1/a.txt", data=b"1")
    query = """{ project(name: "proj", entityName: "ada") { run(name: "run1") {
      files { edges { node { id } } } } } }"""
    edges = (await server.graphql(query))["project"]["run"]["files"]["edges"]

    data = await server.graphql(
        """mutation ($files: [ID!]!) { deleteFiles(input: {files: $files}) {
          success } }""",
        {"files": [edge["node"]["id"] for edge in edges]},
    )

    assert data["deleteFiles"]["success"]
    assert (await server.graphql(query))["project"]["run"]["files"]["edges"] == []


async def test_console_lines_come_in_pages_from_both_ends(server: Served) -> None:
    await make_run(server)
    lines = [f"2026-11-20T17:50:40.{n:06d} line {n}" for n in range(25)]
    lines[3] = f"ERROR {lines[3]}"
    await server.ask(
        "POST", "/files/ada/proj/run1/file_stream",
        json={"files": {"output.log": {"offset": 0, "content": lines}}},
    )  # fmt: skip
    query = """query ($first: Int, $after: String, $last: Int) {
      project(name: "proj", entityName: "ada") { run(name: "run1") { logLineCount
        logLines(first: $first, after: $after, last: $last,
                 useImprovedPagination: true) {
          edges { node { number timestamp level line } cursor }
          pageInfo { endCursor hasNextPage } } } } }"""

    async def page(**variables: Any) -> dict[str, Any]:
        data = await server.graphql(query, variables)
        found: dict[str, Any] = data["project"]["run"]["logLines"]
        return found

    first = await page(first=10)
    second = await page(first=20, after=first["pageInfo"]["endCursor"])
    tail = await page(last=2)

    assert [e["node"]["number"] for e in first["edges"]] == list(range(10))
    assert first["edges"][3]["node"]["level"] == "error"
    assert first["edges"][0]["node"]["line"] == "line 0"
    assert [e["node"]["number"] for e in second["edges"]] == list(range(10, 25))
    assert (first["pageInfo"]["hasNextPage"], second["pageInfo"]["hasNextPage"]) == (
        True,
        False,
    )
    assert [e["node"]["line"] for e in tail["edges"]] == ["line 23", "line 24"]


async def test_charts_get_series_with_every_nan_counted(server: Served) -> None:
    await make_run(server)
    rows = [f'{{"_step":{n},"loss":{n / 10}}}' for n in range(10)]
    await server.post_rows("run1", [*rows, '{"_step":10,"loss":NaN}'])

    data = await server.graphql(
        """{ project(name: "proj", entityName: "ada") {
          metricKeys(runs: ["run1"]) { key types monotonic last runCount }
          metricColumns(runs: ["run1"]) { keys types runCounts }
          historySeries(runs: ["run1"], keys: ["loss"], buckets: 5) {
            run key pointCount x last min max mean count nanCount } } }"""
    )

    [series] = data["project"]["historySeries"]
    keys = {key["key"]: key for key in data["project"]["metricKeys"]}
    assert (series["run"], series["key"], series["pointCount"]) == ("run1", "loss", 11)
    assert sum(series["nanCount"]) == 1
    assert sum(series["count"]) + sum(series["nanCount"]) >= 11
    assert min(value for value in series["min"] if value is not None) == 0.0
    assert keys["loss"]["runCount"] == 1
    assert data["project"]["metricColumns"] == {
        "keys": list(keys),
        "types": [key["types"] for key in keys.values()],
        "runCounts": [key["runCount"] for key in keys.values()],
    }


async def test_resume_status_has_tails_and_counts(server: Served) -> None:
    config = '{"_wandb":{"value":{"t":{"1":[2]},"m":[]}},"lr":{"value":NaN}}'
    await make_run(server, config=config)
    await server.post_rows("run1", ['{"_step":0}', '{"_step":7,"x":NaN}'])

    data = await server.graphql(
        """{ model(name: "proj", entityName: "ada") {
          bucket(name: "run1", missingOk: true) {
            wandbConfig(keys: ["t"]) historyLineCount eventsLineCount logLineCount
            historyTail eventsTail config }
          absent: bucket(name: "x", missingOk: true) { id } } }"""
    )

    bucket = data["model"]["bucket"]
    assert data["model"]["absent"] is None
    assert json.loads(bucket["wandbConfig"]) == {"t": {"1": [2]}}
    assert bucket["config"] == config
    assert (bucket["historyLineCount"], bucket["eventsLineCount"]) == (2, 0)
    assert json.loads(bucket["historyTail"]) == ['{"_step":7,"x":NaN}']
    assert json.loads(bucket["eventsTail"]) == []


async def test_changes_are_pushed_to_open_pages(server: Served) -> None:
    await make_run(server)
    url = f"{server.url}/api/changes?entity=ada&project=proj"
    headers = server.credentials("ada")

    async with server.session.get(url, headers=headers) as stream:
        await stream.content.readuntil(b"\n\n")
        await server.post_rows("run1", ['{"_step":4}'])
        line = await stream.content.readuntil(b"\n\n")

    change = json.loads(line.removeprefix(b"data: "))
    assert stream.content_type == "text/event-stream"
    assert change == {
        "run": "run1", "lastStep": 4, "state": "running",
        "historyLineCount": 1, "eventsLineCount": 0, "logLineCount": 0,
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/files//proj/x/file_stream", "/files///file_stream"])
async def test_an_empty_path_is_404_in_the_one_form(server: Served, path: str) -> None:
    status, body, _ = await server.ask("POST", path, json={})

    assert status == 404
    assert body["errors"][0]["message"]


async def test_telemetry_is_refused_without_a_word_on_terminals(server: Served) -> None:
    status, body, _ = await server.ask(
        "POST", "/sdk/otel/v1/metrics", user=None, data=b""
    )

    assert status == 404
    assert "errors" in body


class FailingArchive:
    """The archive behind it, but writing runs and rows raises."""

    def __init__(self, archive: Archive, error: Exception) -> None:
        self._archive = archive
        self._error = error

    def __getattr__(self, name: str) -> Any:
        if name in ("upsert_run", "post_file_stream"):
            return self._fail
        return getattr(self._archive, name)

    async def _fail(self, *_: Any, **__: Any) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (StorageBusy("locked", place="wandb.db"), 503, "busy"),
        (StorageError("no space left on device"), 503, "no space left"),
        (RuntimeError("secret detail"), 500, "its log says why"),
    ],
)
async def test_what_a_retry_may_mend_never_ends_a_stream(
    tmp_path: Path, error: Exception, status: int, words: str
) -> None:
    def wrap(archive: Archive) -> Archive:
        return cast("Archive", FailingArchive(archive, error))

    async with served(tmp_path, wrap) as server:
        asked = await server.ask(
            "POST", "/graphql",
            json={"query": MAKE_RUN, "variables": {"name": "r"}},
        )  # fmt: skip
        posted = await server.ask("POST", "/files/ada/p/r/file_stream", json={})

    for found, body, headers in (asked, posted):
        assert found == status
        assert words in body["errors"][0]["message"]
        assert "secret" not in body["errors"][0]["message"]
        assert ("Retry-After" in headers) == (status == 503)


async def test_a_file_beyond_the_limit_is_413_and_not_stored(tmp_path: Path) -> None:
    async with served(tmp_path, limits=Limits(file_bytes_max=10)) as server:
        await make_run(server)
        status, body, _ = await server.ask(
            "PUT", "/files/ada/proj/run1/a.txt", data=b"x" * 11
        )
        read, _, _ = await server.ask("GET", "/files/ada/proj/run1/a.txt")

    assert (status, read) == (413, 404)
    assert "10 bytes" in body["errors"][0]["message"]
