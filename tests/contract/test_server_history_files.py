"""Histories as Parquet over HTTP: who is told of them, signed addresses, windows."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.support.served import MAKE_RUN, Served, served

PARQUET = """
query RunParquetHistory($liveKeys: [String!]!) {
  project(name: "proj", entityName: "ada") { run(name: "run1") {
    parquetHistory(liveKeys: $liveKeys) { parquetUrls liveData } } } }
"""
SCAN = """
query Scan($spec: JSONString!) {
  project(name: "proj", entityName: "ada") { run(name: "run1") {
    sampledHistory(specs: [$spec]) } } }
"""
ROWS = [{"_step": step, "loss": step / 4, "note": f"n{step}"} for step in range(20)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        variables = {"name": "run1", "project": "proj", "config": "{}"}
        await running.graphql(MAKE_RUN, variables)
        yield running


async def end(server: Served, rows: list[Any] = ROWS) -> None:
    await server.post_rows("run1", list(map(json.dumps, rows)), complete=True)


async def told(server: Served, headers: Mapping[str, str] | None = None) -> Any:
    body = {"query": PARQUET, "variables": {"liveKeys": ["_step"]}}
    _, answer, _ = await server.ask("POST", "/graphql", json=body, headers=headers)
    return answer["data"]["project"]["run"]["parquetHistory"]


async def test_an_ended_run_is_told_as_files_and_no_live_rows(
    server: Served, tmp_path: Path
) -> None:
    await server.post_rows("run1", list(map(json.dumps, ROWS)))
    assert await told(server) == {"parquetUrls": [], "liveData": [{"_step": 0}]}
    await server.ask(
        "POST", "/files/ada/proj/run1/file_stream", json={"complete": True}
    )

    found = await told(server)

    assert found["liveData"] == []
    [address] = found["parquetUrls"]
    assert address.startswith(server.around.addresses.public_url + "/")
    status, body, _ = await server.ask("GET", address, user=None)
    assert status == 200
    path = tmp_path / "history.parquet"
    path.write_bytes(body)
    with duckdb.connect() as connection:
        question = "SELECT * FROM read_parquet($path)"
        rows = connection.execute(question, {"path": str(path)}).fetchall()
    assert rows == [tuple(row.values()) for row in ROWS]


async def test_a_file_is_read_in_ranges_by_whoever_has_its_address(
    server: Served,
) -> None:
    await end(server)
    [address] = (await told(server))["parquetUrls"]

    for header, wanted in (("bytes=0-3", b"PAR1"), ("bytes=-4", b"PAR1")):
        status, body, headers = await server.ask(
            "GET", address, user=None, headers={"Range": header}
        )
        assert (status, body) == (206, wanted)
        assert headers["Content-Range"].startswith("bytes ")


async def test_an_address_is_of_one_file_and_for_its_hours(server: Served) -> None:
    await end(server)
    [address] = (await told(server))["parquetUrls"]
    other = address.replace("/history-files/", "/history-files/9")

    assert (await server.ask("GET", other, user=None))[0] == 403
    server.clock.now += 3 * 3600
    assert (await server.ask("GET", address, user=None))[0] == 403


async def test_a_file_of_a_deleted_run_says_that_it_is_gone(server: Served) -> None:
    await end(server)
    [address] = (await told(server))["parquetUrls"]
    run = await server.archive.run("ada", "proj", "run1")
    assert run is not None
    await server.archive.delete_run(run.storage_id)

    status, body, _ = await server.ask("GET", address, user=None)

    assert status == 404
    assert "gone" in body["errors"][0]["message"]


async def test_clients_that_misread_files_are_told_of_rows(server: Served) -> None:
    await end(server)

    old = await told(server, {"User-Agent": "wandb-core"})

    assert old == {"parquetUrls": [], "liveData": [{"_step": 0}]}


async def test_a_first_row_without_a_step_is_no_live_row(server: Served) -> None:
    """The client ends a scan where a live row does not say its step."""
    rows = [{"loss": 1}, {"_step": 4, "loss": 2}]
    await server.post_rows("run1", list(map(json.dumps, rows)))

    assert (await told(server))["liveData"] == [{"_step": 4}]


@pytest.mark.parametrize(
    "windows",
    [
        # 0.28 and later: inclusive, `_step` at both ends.
        [(["_step", "loss", "_step"], 0, 6, 7), (["_step", "loss", "_step"], 7, 13, 7)],
        # 0.16 to 0.25: half-open, as many samples as a page.
        [(["loss"], 0, 7, 7), (["loss"], 7, 14, 7)],
        [(["loss"], 0, 7, 7), (["loss"], 7, 13, 7), (["loss"], 13, 14, 7)],
        # The scan of 0.25 that was new then.
        [(["loss", "_step"], 0, 7, 7), (["loss", "_step", "_step"], 7, 14, 7)],
    ],
)
async def test_scans_by_keys_take_each_row_once(
    server: Served, windows: list[tuple[list[str], int, int, int]]
) -> None:
    await server.post_rows("run1", list(map(json.dumps, ROWS)))

    found: list[float] = []
    for keys, low, high, samples in windows:
        spec = {"keys": keys, "minStep": low, "maxStep": high, "samples": samples}
        data = await server.graphql(SCAN, {"spec": json.dumps(spec)})
        [rows] = data["project"]["run"]["sampledHistory"]
        found += [row["loss"] for row in rows]

    assert found == [step / 4 for step in range(14)]
