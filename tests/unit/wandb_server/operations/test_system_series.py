"""System metrics are charted as history is, and the two never mix."""

import json
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import SeriesQuery

EVENTS = "wandb-events.jsonl"
FIRST_SECOND = 1_700_000_000.0


def sample(number: int, **more: Any) -> str:
    """A row as clients send it (protocol: file stream, section 10)."""
    return json.dumps(
        {
            "_wandb": True,
            "_timestamp": FIRST_SECOND + 15 * number,
            "_runtime": 15.0 * number,
            "system.cpu": number / 2,
            "system.disk./.usageGB": 10.0,
            **more,
        }
    )


async def send(desk: Any, first: int, *lines: str, **values: Any) -> None:
    """Post events lines."""
    await desk.post(chunks=(FileChunk(EVENTS, first, lines),), **values)


def system(*keys: str, **values: Any) -> SeriesQuery:
    """A question about the system metrics of the run."""
    return SeriesQuery("ann", "p", ("r1",), keys, stream="system", **values)


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize(
    ("axis", "low"), [("_runtime", 0.0), ("_timestamp", FIRST_SECOND), ("_step", 0.0)]
)
async def test_every_sample_is_a_point(
    desk: Any, compacted: bool, axis: str, low: float
) -> None:
    await desk.start()
    await desk.log(*({"_step": step, "system.cpu": -1.0} for step in range(12)))
    await send(desk, 0, *map(sample, range(12)))
    if compacted:
        await desk.archive.compact()
    await send(desk, 12, sample(12))

    [series] = await desk.archive.series(system("system.cpu", x_axis=axis))

    width = 1.0 if axis == "_step" else 15.0
    assert series.x == tuple(low + width * number for number in range(13))
    assert series.last == tuple(number / 2 for number in range(13))


async def test_keys_of_the_streams_are_apart(desk: Any) -> None:
    await desk.start()
    for _ in range(2):
        await desk.log({"_step": 0, "loss": 1.0})
        await send(desk, 0, *map(sample, range(11)))
        await desk.log(*({"_step": step, "loss": 1.0} for step in range(1, 11)))

        history = await desk.archive.project_metric_keys("ann", "p", ["r1"])
        events = await desk.archive.project_metric_keys("ann", "p", ["r1"], "system")

        assert [found.key for found in history] == ["_step", "loss"]
        facts = {found.key: found for found in events}
        assert set(facts) == {
            "_wandb", "_timestamp", "_runtime", "system.cpu", "system.disk./.usageGB",
        }  # fmt: skip
        assert (facts["system.cpu"].types, facts["system.cpu"].last) == (
            {"number": 11},
            5.0,
        )
        await desk.archive.compact()


async def test_long_runs_are_reduced_and_no_spike_is_lost(desk: Any) -> None:
    await desk.start()
    lines = [sample(number) for number in range(600)]
    lines[321] = sample(321, **{"system.cpu": 1000.0})
    await send(desk, 0, *lines)
    await desk.archive.compact()

    [series] = await desk.archive.series(
        system("system.cpu", x_axis="_runtime", buckets=10)
    )

    assert (len(series.x), series.point_count) == (10, 600)
    assert max(value for value in series.maximum if value is not None) == 1000.0
    [spike] = await desk.archive.series(
        system("system.cpu", x_axis="_runtime", x_min=4800.0, x_max=4830.0)
    )
    assert spike.last == (160.0, 1000.0, 161.0)


async def test_a_sample_sent_twice_is_one_point(desk: Any) -> None:
    await desk.start()
    for _ in range(2):
        await send(desk, 0, sample(0), sample(1), log_id="log")

    [series] = await desk.archive.series(system("system.cpu"))

    assert series.last == (0.0, 0.5)


async def test_open_pages_are_told_of_samples(desk: Any) -> None:
    await desk.start()
    changes = desk.archive.subscribe("ann", "p")

    await send(desk, 0, sample(0), sample(1))

    change = await anext(changes)
    assert (change.events_line_count, change.history_line_count) == (2, 0)
    await changes.aclose()


async def test_an_unknown_stream_is_refused(desk: Any) -> None:
    await desk.start()
    query = SeriesQuery("ann", "p", ("r1",), ("a",), stream="tea")
    with pytest.raises(QueryError, match="stream"):
        await desk.archive.series(query)
    with pytest.raises(QueryError, match="stream"):
        await desk.archive.project_metric_keys("ann", "p", ["r1"], "tea")


async def test_nothing_of_a_deleted_run_is_remembered(desk: Any) -> None:
    run = await desk.start()
    await send(desk, 0, sample(0))
    assert await desk.archive.series(system("system.cpu"))

    await desk.archive.delete_run(run.storage_id)
    await desk.start()

    assert await desk.archive.series(system("system.cpu")) == []
    assert await desk.archive.project_metric_keys("ann", "p", [], "system") == []
