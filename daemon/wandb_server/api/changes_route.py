"""GET /api/changes: server-sent changes of one project's runs.

The latest change of each run waits in a dictionary, and a second task sends what waits,
at most four times a second: a slow reader gets fewer, newer changes, never a backlog.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import web

from wandb_server.api.answers import error_answer
from wandb_server.api.surroundings import Visit
from wandb_server.model.notices import Change
from wandb_server.strict_json import encode


@dataclass(slots=True)
class _Waiting:
    changes: dict[str, Change] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class _ReaderGone(Exception):
    """The page was closed: ends both tasks of its stream."""


async def stream_changes(visit: Visit) -> web.StreamResponse:
    """Runs until the reader goes or the server drains."""
    query = visit.request.query
    entity = visit.archive.entity(query.get("entity"))
    changes = await visit.archive.subscribe(entity, query.get("project", ""))
    if changes is None:
        return error_answer(404, f"There is no project of entity {entity!r}.")
    response = web.StreamResponse(headers={"Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    await response.prepare(visit.request)
    waiting = _Waiting()
    visit.around.measures.open_streams += 1
    try:
        with visit.around.closing.wakes(waiting.arrived):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_collect(changes, waiting))
                tasks.create_task(_send(response, waiting, visit))
    except* (_ReaderGone, ConnectionError):
        pass
    finally:
        visit.around.measures.open_streams -= 1
    return response


async def _collect(changes: AsyncIterator[Change], waiting: _Waiting) -> None:
    async for change in changes:
        waiting.changes[change.run] = change
        waiting.arrived.set()


async def _send(response: web.StreamResponse, waiting: _Waiting, visit: Visit) -> None:
    limits = visit.around.settings.limits
    await response.write(b"retry: 1000\n: connected\n\n")
    while not visit.around.closing.begun:
        try:
            async with asyncio.timeout(limits.heartbeat_interval_s):
                await waiting.arrived.wait()
        except TimeoutError:
            await response.write(b": still here\n\n")
            continue
        waiting.arrived.clear()
        changes, waiting.changes = waiting.changes, {}
        await response.write(b"".join(map(_line, changes.values())))
        await asyncio.sleep(1 / limits.changes_per_run_s)
    raise _ReaderGone


def _line(change: Change) -> bytes:
    fields = {
        "run": change.run,
        "lastStep": change.last_step,
        "state": change.state,
        "historyLineCount": change.history_line_count,
        "eventsLineCount": change.events_line_count,
        "logLineCount": change.log_line_count,
    }
    return b"data: " + encode(fields) + b"\n\n"
