"""Our public API reads histories: row by row, from files, and brings files."""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from wandb.apis.public import IncompleteRunHistoryError, run_history
from wandb.apis.public.graphql_client import GraphqlClient
from wandb.apis.public.runs import Run

from tests.support.served import KEYS, MAKE_RUN, Served, served

ROWS = [
    {"_step": n, "loss": [n / 4, math.nan, math.inf][n % 3], "k": 2**60 + n, "t": None}
    for n in range(90)
]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path / "server") as running:
        variables = {"name": "run1", "project": "proj", "config": "{}"}
        await running.graphql(MAKE_RUN, variables)
        yield running


async def logged(server: Served, rows: list[Any], **more: Any) -> None:
    await server.post_rows("run1", list(map(json.dumps, rows)), **more)


async def asked(server: Served, question: Callable[[Run], Any]) -> Any:
    """What the public API, which blocks, says of the run."""
    client = GraphqlClient(server.url, KEYS["ada"], 30.0)

    def ask() -> Any:
        return question(Run.fetch(client, "ada", "proj", "run1"))

    return await asyncio.to_thread(ask)


async def scanned(server: Served, **choice: Any) -> str:
    rows = await asked(server, lambda run: list(run.scan_history(**choice)))
    return json.dumps(rows, sort_keys=True)


@pytest.mark.parametrize(
    "choice",
    [{}, {"keys": ["loss"]}, {"keys": ["t", "_step"]}, {"keys": ["x"]},
     {"min_step": 7}, {"min_step": 3, "max_step": 70, "keys": ["k"]}],
)  # fmt: skip
async def test_files_and_pages_give_the_same_rows(
    server: Served, monkeypatch: pytest.MonkeyPatch, choice: dict[str, Any]
) -> None:
    await logged(server, ROWS, complete=True)
    pages = await scanned(server, **choice)

    monkeypatch.setattr(run_history, "FILE_ROWS_MIN", 10)
    files = await scanned(server, **choice)

    assert files == pages
    assert len(await server.archive.history_files(await _run(server))) == 1


async def test_a_run_without_files_is_read_in_pages(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_history, "FILE_ROWS_MIN", 10)
    await logged(server, [*ROWS, {"_step": 90, "other": {"a": 1}}], complete=True)

    rows = await asked(server, lambda run: list(run.beta_scan_history()))

    assert rows[-1] == {"_step": 90, "other": {"a": 1}}
    assert len(rows) == 91


async def test_exports_of_an_ended_run_are_brought(
    server: Served, tmp_path: Path
) -> None:
    await logged(server, ROWS, complete=True)

    result = await asked(
        server, lambda run: run.download_history_exports(tmp_path / "to" / "here")
    )

    [path] = result.paths
    assert path == tmp_path / "to" / "here" / "ada_proj_run1_0.runhistory.parquet"
    assert (result.contains_live_data, result.errors) == (False, {})
    assert _count(path) == 90


async def test_rows_of_different_keys_are_brought_as_a_table(
    server: Served, tmp_path: Path
) -> None:
    await logged(server, [*ROWS, {"_step": 90, "rare": 1}], complete=True)

    result = await asked(
        server, lambda run: run.download_history_exports(str(tmp_path))
    )

    assert _count(result.paths[0]) == 91
    assert result.contains_live_data is False


async def test_a_run_that_goes_on_says_so(server: Served, tmp_path: Path) -> None:
    await logged(server, ROWS)

    with pytest.raises(IncompleteRunHistoryError, match="in no file yet"):
        await asked(server, lambda run: run.download_history_exports(tmp_path))
    result = await asked(
        server,
        lambda run: run.download_history_exports(
            tmp_path, require_complete_history=False
        ),
    )

    assert (result.paths, result.contains_live_data) == ([], True)


async def _run(server: Served) -> Any:
    return await server.archive.run("ada", "proj", "run1")


def _count(path: Path) -> int:
    with duckdb.connect() as connection:
        question = "SELECT count(*) FROM read_parquet($path)"
        answer = connection.execute(question, {"path": str(path)}).fetchone()
    assert answer is not None
    return int(answer[0])
