"""Forks and rewinds: which rows are there afterwards, for every kind of reader."""

import asyncio
import json
from typing import Any

import pytest
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import SeriesQuery
from wandb_server.operations.branches import BranchPoint, branch_point_of

from tests.unit.wandb_server.operations.conftest import HISTORY, Desk

EVENTS = "wandb-events.jsonl"


def rows_of(first: int, end: int) -> list[dict[str, Any]]:
    return [{"_step": n, "loss": n / 2, "note": f"n{n}"} for n in range(first, end)]


def fork_config(parent: str, step: int, **values: Any) -> str:
    point = {"run_id": parent, "step": step}
    wrapped = {name: {"value": value} for name, value in values.items()}
    return json.dumps({**wrapped, "_wandb": {"value": {"branch_point": point}}})


async def steps(desk: Desk, name: str = "r1") -> list[int]:
    rows = await desk.archive.history_rows(await desk.run(name))
    return [json.loads(row)["_step"] for row in rows]


async def charted(desk: Desk, name: str = "r1") -> list[float]:
    query = SeriesQuery("ann", "p", (name,), ("loss",))
    [series] = await desk.archive.series(query)
    return list(series.x)


async def counted(desk: Desk, name: str = "r1") -> int:
    [found] = [
        key
        for key in await desk.archive.metric_keys(await desk.run(name))
        if key.key == "loss"
    ]
    return found.types["number"]


@pytest.mark.parametrize("compacted", [0, 1, 2])
async def test_a_rewound_run_has_the_rows_up_to_the_step(
    desk: Desk, compacted: int
) -> None:
    """In the tail, in segments, and in merged segments."""
    await desk.start()
    for first in range(0, 40, 20):
        await desk.log(*rows_of(first, first + 20))
        for _ in range(compacted):
            await desk.archive.compact()

    rewound = await desk.archive.rewind_run("ann", "p", "r1", 24)

    assert rewound is not None
    assert (rewound.history_line_count, rewound.last_step) == (25, 24)
    assert await steps(desk) == list(range(25))
    assert await charted(desk) == list(range(25))
    assert await counted(desk) == 25
    assert json.loads(rewound.summary_json)["loss"] == 12
    await desk.post(chunks=(FileChunk(HISTORY, 25, ('{"_step":25,"loss":-1}',)),))
    await desk.archive.compact()
    assert await steps(desk) == list(range(26))
    assert await charted(desk) == list(range(26))
    assert await counted(desk) == 26
    last = await desk.archive.tail_line(await desk.run(), HISTORY)
    assert last == '{"_step":25,"loss":-1}'


async def test_a_rewind_leaves_no_bytes_behind(desk: Desk) -> None:
    await desk.start()
    await desk.log(*rows_of(0, 40))
    await desk.archive.compact()
    before = await desk.objects()

    await desk.archive.rewind_run("ann", "p", "r1", -1)

    assert before
    assert await desk.objects() == []
    assert await steps(desk) == []
    assert (await desk.run()).last_step is None


async def test_a_rewind_keeps_system_metrics(desk: Desk) -> None:
    await desk.start()
    await desk.log(*rows_of(0, 5))
    events = tuple(json.dumps({"system.cpu": n}) for n in range(3))
    await desk.post(chunks=(FileChunk(EVENTS, 0, events),))

    rewound = await desk.archive.rewind_run("ann", "p", "r1", 2)

    assert rewound is not None
    assert rewound.events_line_count == 3
    assert await desk.archive.event_rows(rewound) == list(events)
    [(rows, size)] = await desk.ask("SELECT tail_row_count, tail_bytes FROM runs")
    kept = "SELECT sum(end_row - first_row), sum(size_bytes) FROM tail_batches"
    assert await desk.ask(kept) == [(rows, size)]
    texts = await desk.archive.history_rows(rewound)
    assert (rows, size) == (6, sum(map(len, (*texts, *events))))


async def test_a_rewind_between_rows_and_compaction_brings_nothing_back(
    desk: Desk,
) -> None:
    """Goal: a compaction that read its rows before the rewind must not enter them."""
    await desk.start()
    await desk.log(*rows_of(0, 40))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(desk.archive.compact())
        tasks.create_task(desk.archive.rewind_run("ann", "p", "r1", 9))
    await desk.archive.compact()

    assert await steps(desk) == list(range(10))
    assert await charted(desk) == list(range(10))


async def test_a_run_that_is_absent_is_not_rewound(desk: Desk) -> None:
    assert await desk.archive.rewind_run("ann", "p", "absent", 3) is None


@pytest.mark.parametrize("compacted", [False, True])
async def test_a_fork_has_its_parents_rows_config_and_summary(
    desk: Desk, compacted: bool
) -> None:
    await desk.start("parent", config_json='{"lr": {"value": 1}, "a": {"value": 2}}')
    await desk.log(*rows_of(0, 30), name="parent")
    if compacted:
        await desk.archive.compact()

    child = await desk.start("child", config_json=fork_config("parent", 12, lr=5))
    again = await desk.start("child", config_json=fork_config("parent", 12, lr=6))

    assert (child.history_line_count, child.last_step) == (13, 12)
    assert again.history_line_count == 13
    assert json.loads(child.summary_json)["loss"] == 6
    config = json.loads(again.config_json)
    assert (config["lr"], config["a"]) == ({"value": 6}, {"value": 2})
    line = '{"_step":13,"loss":100}'
    await desk.post("child", chunks=(FileChunk(HISTORY, 13, (line,)),))
    later = await desk.start("child", config_json=fork_config("parent", 12))
    assert later.history_line_count == 14
    assert await steps(desk, "child") == list(range(14))
    assert await steps(desk, "parent") == list(range(30))


async def test_a_fork_of_an_absent_parent_is_an_empty_run(desk: Desk) -> None:
    child = await desk.start("child", config_json=fork_config("nobody", 3, lr=1))

    assert child.history_line_count == 0
    assert json.loads(child.config_json)["lr"] == {"value": 1}


@pytest.mark.parametrize(
    ("config", "point"),
    [
        (None, None),
        ("{}", None),
        ('{"branch_point": 1}', None),
        ('{"_wandb": {"value": {"branch_point": {"run_id": "a"}}}}', None),
        ('{"_wandb": {"value": {"branch_point": null}}', None),
        (fork_config("a", 3), BranchPoint("a", 3)),
    ],
)
def test_a_branch_point_is_found(config: str | None, point: BranchPoint | None) -> None:
    assert branch_point_of(config) == point
