"""File stream posts: what is stored, once, and what it does to the run."""

import asyncio
import json
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.model.file_stream import FileChunk

HISTORY = "wandb-history.jsonl"
EVENTS = "wandb-events.jsonl"
CONSOLE = "output.log"
SUMMARY = "wandb-summary.json"


def rows(*steps: int) -> tuple[str, ...]:
    return tuple(json.dumps({"_step": step, "loss": step / 2}) for step in steps)


async def history(desk: Any, name: str = "r1") -> list[str]:
    return list(await desk.archive.history_rows(await desk.run(name)))


async def test_a_post_to_an_unknown_run_is_answered_with_none(desk: Any) -> None:
    assert await desk.post("nobody") is None


@pytest.mark.parametrize("compacted", [False, True])
async def test_a_chunk_delivered_twice_equals_once(desk: Any, compacted: bool) -> None:
    await desk.start()
    chunk = FileChunk(HISTORY, 0, rows(*range(20)))
    await desk.post(chunks=(chunk,))
    if compacted:
        assert await desk.archive.compact() == 20

    await desk.post(chunks=(chunk,))
    await desk.post(chunks=(FileChunk(HISTORY, 10, rows(*range(10, 30))),))

    assert await history(desk) == list(rows(*range(30)))
    assert (await desk.run()).history_line_count == 30


async def test_gaps_are_tolerated_and_can_be_filled(desk: Any) -> None:
    await desk.start()
    await desk.post(chunks=(FileChunk(HISTORY, 20, rows(20, 21)),))
    assert (await desk.run()).history_line_count == 22
    await desk.post(complete=True, exit_code=0)
    await desk.archive.compact()

    await desk.post(chunks=(FileChunk(HISTORY, 19, rows(19, 20, 21, 22)),))

    assert await history(desk) == list(rows(19, 20, 21, 22))


@pytest.mark.parametrize("compacted", [False, True])
async def test_equal_row_at_a_new_line_is_dropped_and_others_are_kept(
    desk: Any, compacted: bool
) -> None:
    await desk.start()
    await desk.post(
        chunks=(FileChunk(HISTORY, 0, ('{"_step": 3, "x": NaN, "y": 1}',)),)
    )
    await desk.post(complete=True, exit_code=0)
    if compacted:
        await desk.archive.compact()

    again = ('{"y": 1.0, "x": NaN, "_step": 3}', '{"_step": 3, "x": 7}')
    await desk.post(chunks=(FileChunk(HISTORY, 1, again),))
    await desk.post(chunks=(FileChunk(HISTORY, 1, again),))

    assert await history(desk) == ['{"_step": 3, "x": NaN, "y": 1}', again[1]]


async def test_lines_of_two_logs_with_the_same_numbers_are_both_kept(desk: Any) -> None:
    await desk.start()
    await desk.post(chunks=(FileChunk(HISTORY, 0, rows(0, 1)),), log_id="a")
    await desk.post(chunks=(FileChunk(HISTORY, 0, rows(2, 3)),), log_id="b")

    assert await history(desk) == list(rows(0, 1, 2, 3))


async def test_rows_come_back_byte_for_byte(desk: Any) -> None:
    await desk.start()
    texts = (
        '{"_step": 0,  "a":1.0e-3, "b": Infinity}',
        '{"_step":1,"s":"\\ud800 \\u0000 ü","n":{"x":{"y":[1,2]}}}',
        '{"big": 123456789012345678901234567890, "_step": 2}',
        '{"lone": "\ud800", "_step": 3}',
    )
    await desk.post(chunks=(FileChunk(HISTORY, 0, texts),), complete=True, exit_code=0)
    run = await desk.run()
    assert await history(desk) == list(texts)

    await desk.archive.compact()

    assert await history(desk) == list(texts)
    assert [line async for line in desk.archive.export_rows(run, HISTORY)] == list(
        texts
    )


async def test_a_line_that_is_no_object_is_exported_but_not_a_row(desk: Any) -> None:
    await desk.start()
    await desk.post(chunks=(FileChunk(HISTORY, 0, ("oops", '{"_step": 1}')),))
    run = await desk.run()

    assert await history(desk) == ['{"_step": 1}']
    exported = [line async for line in desk.archive.export_rows(run, HISTORY)]
    assert exported == ["oops", '{"_step": 1}']


async def test_console_lines_overwrite_and_are_parsed(desk: Any) -> None:
    await desk.start()
    stamp = "2026-11-20T17:50:40.322582"
    texts = (f"{stamp} one", f"ERROR {stamp} two", "free text")
    await desk.post(chunks=(FileChunk(CONSOLE, 0, texts),))
    await desk.post(chunks=(FileChunk(CONSOLE, 1, (f"ERROR {stamp} [a] TWO",)),))

    found = await desk.archive.log_lines(await desk.run())

    assert [(line.number, line.level, line.text) for line in found] == [
        (0, None, "one"),
        (1, "error", "[a] TWO"),
        (2, None, "free text"),
    ]
    assert found[0].timestamp == stamp
    assert (await desk.run()).log_line_count == 3


async def test_console_lines_of_shared_writers_follow_one_another(desk: Any) -> None:
    await desk.start()
    for client in ("a", "b", "a"):
        start = 1 if client == "a" and (await desk.run()).log_line_count else 0
        line = f"2026-11-20T17:50:40.322582 [{client}] {start}"
        await desk.post(chunks=(FileChunk(CONSOLE, start, (line,)),), client_id=client)

    found = await desk.archive.log_lines(await desk.run())

    assert [(x.number, x.label, x.text) for x in found] == [
        (0, "a", "0"),
        (1, "b", "0"),
        (2, "a", "1"),
    ]


async def test_summary_is_replaced_and_merged_in_shared_mode(desk: Any) -> None:
    await desk.start()
    await desk.post(chunks=(FileChunk(SUMMARY, 0, ('{"a":  NaN}',)),))
    assert (await desk.run()).summary_json == '{"a":  NaN}'

    for client, text in (("x", '{"b":1,"c":1}'), ("y", '{"c":2}')):
        await desk.post(chunks=(FileChunk(SUMMARY, 0, (text,)),), client_id=client)

    assert (await desk.run()).summary_json == '{"a":NaN,"b":1,"c":2}'


async def test_rows_of_shared_writers_are_appended(desk: Any) -> None:
    await desk.start()
    for client in ("a", "b"):
        texts = tuple(json.dumps({"_step": s, "who": client}) for s in (0, 1))
        await desk.post(chunks=(FileChunk(HISTORY, 0, texts),), client_id=client)

    assert (await desk.run()).history_line_count == 4
    assert [json.loads(row)["_step"] for row in await history(desk)] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("end", "state"),
    [
        ({"exit_code": 0}, "finished"),
        ({"exit_code": 3}, "failed"),
        ({"exit_code": 255, "state": "crashed"}, "crashed"),
        ({"exit_code": 1, "preempting": True}, "preempted"),
        ({"exit_code": 0, "state": "nonsense"}, "finished"),
    ],
)
async def test_complete_ends_the_run_and_a_later_post_revives_it(
    desk: Any, end: dict[str, Any], state: str
) -> None:
    await desk.start()
    await desk.post(complete=True, **end)
    ended = await desk.run()
    assert (ended.state, ended.exit_code) == (state, end["exit_code"])
    assert ended.finished_at == desk.clock.now

    await desk.post()

    revived = await desk.run()
    assert (revived.state, revived.finished_at, revived.exit_code) == (
        "running",
        None,
        None,
    )


@pytest.mark.parametrize(("exit_code", "state"), [(255, "killed"), (0, "finished")])
async def test_a_run_that_ends_because_it_was_told_to_was_killed(
    desk: Any, exit_code: int, state: str
) -> None:
    run = await desk.start()
    await desk.archive.request_stop(run.storage_id)

    await desk.post(complete=True, exit_code=exit_code)

    assert (await desk.run()).state == state


async def test_stop_is_told_with_the_next_answer_until_the_run_starts_again(
    desk: Any,
) -> None:
    run = await desk.start()
    assert not (await desk.post()).stopped
    assert await desk.archive.request_stop(run.storage_id)
    assert (await desk.post()).stopped
    await desk.post(complete=True, exit_code=255)

    await desk.start()

    assert not (await desk.post()).stopped


async def test_silent_runs_crash_and_heartbeats_keep_them_alive(desk: Any) -> None:
    await desk.start("quiet")
    await desk.start("alive")
    desk.clock.now += 100
    await desk.post("alive")

    assert await desk.archive.mark_crashed(desk.clock.now, 60.0) == 1

    assert (await desk.run("quiet")).state == "crashed"
    assert (await desk.run("alive")).state == "running"


async def test_events_are_apart_from_history(desk: Any) -> None:
    await desk.start()
    texts = tuple(json.dumps({"_runtime": n, "system.cpu": n}) for n in range(30))
    await desk.post(chunks=(FileChunk(EVENTS, 0, texts),), complete=True)
    await desk.archive.compact()
    run = await desk.run()

    assert await desk.archive.event_rows(run) == list(texts)
    assert len(await desk.archive.event_rows(run, samples=7)) == 7
    assert await history(desk) == []
    assert run.events_line_count == 30
    assert await desk.archive.tail_line(run, EVENTS) == texts[-1]


async def test_many_posts_at_once_are_all_stored(desk: Any) -> None:
    await desk.start()

    async with asyncio.TaskGroup() as group:
        for log in range(20):
            chunk = FileChunk(HISTORY, 0, rows(*range(log * 5, log * 5 + 5)))
            group.create_task(desk.post(chunks=(chunk,), log_id=f"log{log}"))

    assert await history(desk) == list(rows(*range(100)))


async def test_a_line_number_that_cannot_be_is_refused(desk: Any) -> None:
    await desk.start()
    with pytest.raises(QueryError, match="offset"):
        await desk.post(chunks=(FileChunk(HISTORY, -1, ("{}",)),))


async def test_steps_beyond_what_a_database_holds_are_stored(desk: Any) -> None:
    await desk.start()
    texts = (f'{{"_step": {2**70}}}', '{"_step": "x"}', "{}", '{"_step": 1e3}')
    await desk.post(chunks=(FileChunk(HISTORY, 0, texts),))
    assert len(await history(desk)) == 4


async def test_a_late_config_does_not_take_back_that_a_run_is_preempted(
    desk: Any,
) -> None:
    """Clients send the config a while after it changed, here after the notice."""
    await desk.start(host="node1", program="train.py")
    await desk.post(preempting=True)

    late = await desk.start(config_json='{"a": {"value": 1}}')
    await desk.post(complete=True, exit_code=1)
    ended = await desk.run()
    again = await desk.start(host="node2", program="train.py")

    assert (late.state, ended.state, again.state) == (
        "preempting",
        "preempted",
        "running",
    )


async def test_a_tail_that_gets_long_is_told_once_and_moved(desk: Any) -> None:
    wide = {f"m{key}": key / 3 for key in range(10_000)}
    await desk.start()
    step = 0
    while not desk.archive.tail_is_long.is_set():
        assert step < 100
        await desk.log({"_step": step, **wide})
        step += 1

    moved = await desk.archive.compact()

    assert moved == step
    assert not desk.archive.tail_is_long.is_set()
    await desk.log({"_step": step, **wide})
    assert not desk.archive.tail_is_long.is_set()
