"""The comparison of a run's logs with the rows of a server."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from wandb_core.server_client import ServerClient
from wandb_core.verify import Difference, RowDigests, Verdict, row_digest, verify
from wandb_core.verify import LoggedRun as VerifiedRun

from tests.support.logged_runs import LoggedRun
from tests.support.uploads import log_path


@dataclass
class _Status:
    last_step: int | None
    history_line_count: int


@dataclass
class RowServer:
    """Answers what `verify` asks, from a list of rows."""

    rows: list[dict[str, Any]] = field(default_factory=list)

    async def resume_status(self, *_: object) -> _Status:
        return _Status(max(row["_step"] for row in self.rows), len(self.rows))

    async def history_page(
        self, entity: str, project: str, run: str, first_step: int, end_step: int
    ) -> list[str]:
        return [
            json.dumps(dict(reversed(row.items())))
            for row in self.rows
            if first_step <= row["_step"] < end_step
        ]


def logged(root: Path, rows: int) -> VerifiedRun:
    log = LoggedRun(log_path(root))
    log.rows(rows)
    log.exit()
    log.close()
    return VerifiedRun([log.path], 8 << 20)


async def compare(run: VerifiedRun, rows: list[dict[str, Any]]) -> Verdict:
    return await verify(run, cast(ServerClient, RowServer(rows)), None, "p", "r1")


async def test_the_same_rows_in_another_notation_are_the_same(tmp_path: Path) -> None:
    run = logged(tmp_path, 50)

    verdict = await compare(run, [json.loads(line) for line in run.lines()])

    assert verdict.difference is None
    assert verdict.row_count == verdict.server_row_count == 50
    assert verdict.digest == verdict.server_digest


async def first_difference(run: VerifiedRun, rows: list[dict[str, Any]]) -> Difference:
    found = await compare(run, rows)
    assert found.difference is not None
    assert found.digest != found.server_digest
    return found.difference


@pytest.mark.parametrize("place", [0, 7, 49])
async def test_the_first_difference_is_named(tmp_path: Path, place: int) -> None:
    run = logged(tmp_path, 50)
    rows = [json.loads(line) for line in run.lines()]
    changed = [dict(row) for row in rows]
    changed[place]["loss"] = -1

    differs = await first_difference(run, changed)
    lacks = await first_difference(
        run, rows[:place] + rows[place + 1 :] + [{"_step": 99}]
    )
    more = await first_difference(run, [*rows, {"_step": place, "extra": 1}])

    assert (differs.row, differs.step) == (place, place)
    assert '"loss": -1' in (differs.there or "")
    assert '"loss":' in (differs.here or "")
    assert (lacks.step, lacks.there) == (place, None)
    assert more.step in (place, place + 1)


def test_rows_of_one_step_have_no_order() -> None:
    first, second = RowDigests(), RowDigests()
    for text in ('{"_step":1,"a":1}', '{"_step":1,"b":1}', '{"_step":0}'):
        first.add(text)
    for text in ('{"_step":0}', '{"_step":1,"b":1}', '{"_step":1,"a":1}'):
        second.add(text)

    assert first.in_order().chain() == second.in_order().chain()
    assert first.chain() != second.chain()


def test_numbers_count_by_value() -> None:
    assert row_digest({"a": 0.1}) == row_digest(json.loads('{"a":1e-1}'))
    assert row_digest({"a": 1}) != row_digest({"a": 2})


def test_a_log_without_a_run_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run-x.wandb"
    path.write_bytes(b"\x00" * 100)

    with pytest.raises(ValueError, match="no log"):
        VerifiedRun([path], 1 << 20)
