"""Deleting with a way back, and the columns of the table of runs."""

import json
from typing import Any

from wandb_server.model.run_questions import RunQuery


async def names(desk: Any) -> list[str]:
    page = await desk.archive.query_runs(RunQuery("ann", "p", order="+created_at"))
    return [run.name for run in page.runs]


async def test_removed_run_is_gone_at_once_and_back_when_restored(desk: Any) -> None:
    first = await desk.start("a")
    await desk.start("b")
    await desk.log({"_step": 0, "loss": 0.5}, name="a")

    count, freed = await desk.archive.remove_runs([first.storage_id])

    assert count == 1
    assert freed >= len('{"_step": 0, "loss": 0.5}')
    assert await names(desk) == ["b"]
    assert await desk.archive.run("ann", "p", "a") is None
    assert (await desk.archive.project("ann", "p")).run_count == 1
    assert [p.name for p in await desk.archive.projects("ann")] == ["p"]
    assert await desk.archive.restore_runs([first.storage_id]) == 1
    assert await names(desk) == ["a", "b"]
    assert await desk.archive.history_rows(first) == ['{"_step": 0, "loss": 0.5}']


async def test_removed_run_is_purged_after_the_grace_time(desk: Any) -> None:
    run = await desk.start("a")
    await desk.archive.remove_runs([run.storage_id])

    desk.clock.now += 19
    await desk.archive.compact()
    assert await desk.archive.run_by_storage_id(run.storage_id) is not None
    desk.clock.now += 2
    await desk.archive.compact()

    assert await desk.archive.run_by_storage_id(run.storage_id) is None
    assert await desk.archive.restore_runs([run.storage_id]) == 0


async def test_name_of_a_removed_run_is_free_and_then_cannot_be_restored(
    desk: Any,
) -> None:
    old = await desk.start("a")
    await desk.archive.remove_runs([old.storage_id])
    new = await desk.start("a")

    assert new.storage_id != old.storage_id
    assert await desk.archive.restore_runs([old.storage_id]) == 0
    assert (await desk.run("a")).storage_id == new.storage_id


async def test_removing_twice_and_removing_nothing_is_harmless(desk: Any) -> None:
    run = await desk.start("a")

    assert (await desk.archive.remove_runs([run.storage_id] * 2))[0] == 1
    assert (await desk.archive.remove_runs([run.storage_id, "x"]))[0] == 0
    assert await desk.archive.restore_runs([run.storage_id] * 2) == 1


async def test_columns_count_runs_and_leave_media_out(desk: Any) -> None:
    config = {"lr": {"value": 0.1}, "opt": {"value": {"name": "adam"}}}
    await desk.start("a", config_json=json.dumps(config))
    summary = {"loss": 1, "img": {"_type": "image-file", "path": "x"}}
    await desk.start("b", config_json='{"lr": {"value": "high"}}',
                     summary_json=json.dumps(summary))  # fmt: skip

    found = await desk.archive.run_columns("ann", "p")

    assert {(c.section, c.key): (c.run_count, c.number_count) for c in found} == {
        ("config", "lr"): (2, 1),
        ("config", "opt.name"): (1, 0),
        ("summary", "loss"): (1, 1),
    }
    assert await desk.archive.run_columns("ann", "none") == ()
