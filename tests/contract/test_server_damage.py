"""What readers see of damage: in the answer, at a download, in the log, from check."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server_process import ServerProcess, server_command, started_server
from tests.support.waiting import wait_until

ROWS = 2_000
MAKE_RUN = """mutation ($run: String!) {
  upsertBucket(input: {name: $run, modelName: "p"}) { bucket { id } } }"""
HISTORY = """query ($entity: String!, $run: String!) {
  project(name: "p", entityName: $entity) { run(name: $run) {
    history(minStep: 0, maxStep: 100000, samples: 100000) } } }"""
SERIES = """query ($entity: String!) { project(name: "p", entityName: $entity) {
  historySeries(runs: ["r1"], keys: ["v"], buckets: 5000) { pointCount } } }"""


@pytest.fixture
def server(places_env: dict[str, str]) -> Iterator[ServerProcess]:
    with started_server(places_env) as running:
        for name in ("r1", "r2"):
            running.graphql(MAKE_RUN, {"run": name})
            rows = [json.dumps({"_step": n, "v": n}) for n in range(ROWS)]
            files = {"wandb-history.jsonl": {"offset": 0, "content": rows}}
            body = {"files": files, "complete": True, "exitcode": 0}
            path = f"/files/{running.entity}/p/{name}/file_stream"
            answer = running.request("POST", path, json.dumps(body).encode())
            assert answer.status == 200
        wait_until(lambda: len(segments(running)) == 2, 30)
        yield running


def segments(server: ServerProcess) -> list[Path]:
    return sorted((server.data_dir / "objects").rglob("*.rows"))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def ask(server: ServerProcess, query: str, **variables: str) -> dict[str, object]:
    body = {"query": query, "variables": {"entity": server.entity, **variables}}
    answer = server.request("POST", "/graphql", json.dumps(body).encode())
    assert answer.status == 200, answer.body
    found: dict[str, object] = answer.json
    assert "errors" not in found
    return found


def test_a_reader_gets_the_rest_and_hears_what_is_missing(
    server: ServerProcess,
) -> None:
    flip(segments(server)[0], 100)

    found = ask(server, HISTORY, run="r1")
    other = ask(server, HISTORY, run="r2")
    charts = ask(server, SERIES)
    checked = server_command(server.environment, "check")
    ours = subprocess.run(
        [sys.executable, "-c", SCAN],
        env=server.client_environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )

    rows = found["data"]["project"]["run"]["history"]  # type: ignore[index]
    assert len(rows) == ROWS - 512
    assert found["extensions"] == {
        "lostRows": [
            {
                "run": f"{server.entity}/p/r1",
                "file": "wandb-history.jsonl",
                "firstStep": 0,
                "lastStep": 511,
                "rows": 512,
                "reason": "its bytes are not those that were written",
            }
        ]
    }
    assert "extensions" not in other
    assert len(other["data"]["project"]["run"]["history"]) == ROWS  # type: ignore[index]
    [series] = charts["data"]["project"]["historySeries"]  # type: ignore[index]
    assert series["pointCount"] == ROWS  # the columns are whole
    assert checked.returncode == 1
    assert f"run {server.entity}/p/r1: rows 0 to {ROWS - 1}" in checked.stdout
    assert ours.stdout.split() == [str(ROWS - 512)]
    assert ours.stderr.count("512 rows of") == 1
    assert "steps 0 to 511" in ours.stderr
    log = (server.data_dir / "server.log").read_text()
    assert log.count("rows lost") == 1


SCAN = """
import wandb
print(len(list(wandb.Api().run("p/r1").scan_history())))
"""


def test_the_official_client_reads_the_rest(server: ServerProcess) -> None:
    if not (python := os.environ.get("WANDB_OFFICIAL_PYTHON", "")):
        pytest.skip("WANDB_OFFICIAL_PYTHON names no environment: make setup")
    flip(segments(server)[0], 100)

    done = subprocess.run(
        [python, "-c", SCAN],
        env=server.client_environment() | {"PYTHONPATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )

    assert done.stdout.split() == [str(ROWS - 512)], done.stderr


@pytest.mark.parametrize("size", [1_000, 3_000_000])
def test_a_damaged_file_is_refused_or_broken_off(
    server: ServerProcess, size: int
) -> None:
    """Short ones with a sentence; of a long one the reader sees that it breaks off."""
    path = f"/files/{server.entity}/p/r1/a.bin"
    assert server.request("PUT", path, bytes(size)).status == 200
    assert server.request("GET", path).body == bytes(size)
    [stored] = (server.data_dir / "objects").rglob("*.file")
    flip(stored, size - 1)

    if size < 2**20:
        answer = server.request("GET", path)
        assert answer.status == 410
        assert b"a.bin is damaged on the server" in answer.body
        stored.unlink()
        answer = server.request("GET", path)
        assert (answer.status, b"it is missing" in answer.body) == (410, True)
    else:
        with pytest.raises(Exception, match=r"IncompleteRead|reset|closed"):
            server.request("GET", path)
    checked = server_command(server.environment, "check")
    assert "file 'a.bin'" in checked.stdout


def test_a_damaged_database_is_told_with_what_to_do(server: ServerProcess) -> None:
    """Method: zeros over the pages of all tables but the first few, while it runs."""
    server_command(server.environment, "stop")
    database = server.data_dir / "wandb.db"
    content = bytearray(database.read_bytes())
    for at in range(4096 * 12, len(content) - 4096, 4096 * 2):
        content[at : at + 4096] = b"\xa5" * 4096
    database.write_bytes(content)
    begun = server_command(server.environment, "start", "--port", "0")

    checked = server_command(server.environment, "check")

    said = begun.stdout + begun.stderr + checked.stdout + checked.stderr
    assert checked.returncode == 1, said
    assert "malformed" in said or "wrong" in said or "problems" in said, said
    assert "Traceback" not in said
    assert "restore a backup" in said
