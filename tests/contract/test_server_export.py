"""A run's history as Parquet over HTTP: whole, in ranges, and to nobody else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest

from tests.support.served import MAKE_RUN, Served, served

ADDRESS = "/api/export/ada/proj/run1.parquet"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        variables = {"name": "run1", "project": "proj", "config": "{}"}
        await running.graphql(MAKE_RUN, variables)
        yield running


async def log(server: Served, count: int) -> None:
    lines = [json.dumps({"_step": step, "loss": step / 4}) for step in range(count)]
    chunk = {"offset": 0, "content": lines}
    body = json.dumps({"files": {"wandb-history.jsonl": chunk}}).encode()
    status, *_ = await server.ask("POST", "/files/ada/proj/run1/file_stream", data=body)
    assert status == 200


async def test_the_file_that_comes_is_the_history(
    server: Served, tmp_path: Path
) -> None:
    await log(server, 20)

    status, body, headers = await server.ask("GET", ADDRESS)

    path = tmp_path / "run1.parquet"
    path.write_bytes(body)
    with duckdb.connect() as connection:
        question = "SELECT _step, loss FROM read_parquet($path)"
        rows = connection.execute(question, {"path": str(path)}).fetchall()
    assert status == 200
    assert "run1.parquet" in headers["Content-Disposition"]
    assert rows == [(step, step / 4) for step in range(20)]


async def test_a_part_of_the_file_is_sent_alone(server: Served) -> None:
    await log(server, 20)

    status, body, _ = await server.ask("GET", ADDRESS, headers={"Range": "bytes=0-3"})

    assert (status, body) == (206, b"PAR1")


async def test_runs_that_are_not_there_or_empty_say_so(server: Served) -> None:
    absent, *_ = await server.ask("GET", "/api/export/ada/proj/other.parquet")
    empty, text, _ = await server.ask("GET", ADDRESS)

    assert absent == 404
    assert empty == 409
    assert "no rows" in text["errors"][0]["message"]


async def test_a_stranger_learns_nothing(server: Served) -> None:
    await log(server, 20)

    status, *_ = await server.ask("GET", ADDRESS, headers={"Authorization": "Bearer x"})

    assert status == 401
