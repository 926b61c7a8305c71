"""Runs with several writers: what each of them may change."""

import json
from typing import Any

import pytest
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import SeriesQuery
from wandb_server.model.runs import RunWriter

HISTORY = "wandb-history.jsonl"


async def test_equal_rows_of_two_logs_of_ours_are_both_kept(desk: Any) -> None:
    await desk.start()
    chunk = FileChunk(HISTORY, 0, ('{"_step": 0, "loss": 1}',))
    for log_id in ("a", "b", "a"):
        await desk.post(chunks=(chunk,), log_id=log_id, client_id=f"c-{log_id}")

    run = await desk.run()
    assert run.history_line_count == 2
    assert list(await desk.archive.history_rows(run)) == list(chunk.lines * 2)


async def test_each_writer_adds_to_the_config(desk: Any) -> None:
    for client, key in (("x", "a"), ("y", "b")):
        config = json.dumps({key: {"value": client}, "both": {"value": client}})
        await desk.start(config_json=config, writer=RunWriter(client))

    found = json.loads((await desk.run()).config_json)

    assert found == {
        "a": {"value": "x"},
        "b": {"value": "y"},
        "both": {"value": "y"},
    }


@pytest.mark.parametrize(
    ("writer", "state"),
    [
        (RunWriter("heard"), "finished"),
        (RunWriter("new"), "running"),
        (RunWriter("new", leaves_run_open=True), "finished"),
        (RunWriter(), "running"),
        (RunWriter(leaves_run_open=True), "finished"),
    ],
)
async def test_who_sets_an_ended_run_to_running(
    desk: Any, writer: RunWriter, state: str
) -> None:
    await desk.start(writer=RunWriter("heard"))
    rows = (FileChunk(HISTORY, 0, ('{"_step": 0}',)),)
    await desk.post(chunks=rows, client_id="heard")
    await desk.post(complete=True, exit_code=0, client_id="primary")

    await desk.start(writer=writer)

    assert (await desk.run()).state == state


@pytest.mark.parametrize("compacted", [False, True])
async def test_charts_count_the_points_of_all_writers(
    desk: Any, compacted: bool
) -> None:
    """Steps of the writers meet; the order of arrival stays beside them."""
    await desk.start()
    for step in range(12):
        for client in ("a", "b"):
            row = {"_step": step, "loss": step + (client == "b") / 2}
            await desk.log(row, client_id=client, log_id=client)
    if compacted:
        await desk.post(complete=True, exit_code=0, client_id="a")
        await desk.archive.compact()

    query = SeriesQuery("ann", "p", ("r1",), ("loss",), buckets=4)
    (series,) = await desk.archive.series(query)

    assert sum(series.count) == series.point_count == 24
    assert max(x for x in series.maximum if x is not None) == 11.5
    rows = list(await desk.archive.history_rows(await desk.run()))
    assert [json.loads(row)["loss"] for row in rows] == [n / 2 for n in range(24)]
