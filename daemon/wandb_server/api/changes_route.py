"""GET /api/changes: server-sent changes of one project's runs.

The latest change of each run waits in a dictionary, and a second task sends what waits,
at most four times a second: a slow reader gets fewer, newer changes, never a backlog.
Before anything is sent the reader's key or session, and the rule of the project, are
looked at again: a stream does not outlive what it was opened with.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from aiohttp import web

from wandb_server.api.access import user_of
from wandb_server.api.answers import error_answer
from wandb_server.api.surroundings import Visit
from wandb_server.errors import StorageError
from wandb_server.model.notices import Change
from wandb_server.strict_json import encode

ADMITTED_FOR_S = 1.0
"""How long nobody looks again, while changes follow one another."""


@dataclass(slots=True)
class _Waiting:
    changes: dict[str, Change] = field(default_factory=dict)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class _ReaderGone(Exception):
    """The page was closed or may see no more: ends both tasks of its stream."""


@dataclass(slots=True)
class _Admission:
    """Whether the reader may still look into the project."""

    visit: Visit
    entity: str
    project: str
    _looked_at: float = field(default_factory=time.monotonic)

    async def renew(self) -> None:
        """Raises:
        _ReaderGone: the key or session ended, or the project is closed to it.
        """
        if time.monotonic() - self._looked_at < ADMITTED_FOR_S:
            return
        try:
            user = await user_of(self.visit.around, self.visit.request)
            rules = (
                None if user is None else replace(self.visit, user=user).archive.rules
            )
            if rules is None or not await rules.may_read(self.entity, self.project):
                raise _ReaderGone
        except StorageError as error:
            raise _ReaderGone from error  # the page comes back by itself
        self._looked_at = time.monotonic()


async def stream_changes(visit: Visit) -> web.StreamResponse:
    """Runs until the reader goes or the server drains."""
    query = visit.request.query
    entity = visit.archive.entity(query.get("entity"))
    project = query.get("project", "")
    changes = await visit.archive.subscribe(entity, project)
    if changes is None:
        return error_answer(404, f"There is no project of entity {entity!r}.")
    response = web.StreamResponse(headers={"Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    await response.prepare(visit.request)
    waiting = _Waiting()
    admission = _Admission(visit, entity, project)
    visit.around.measures.open_streams += 1
    try:
        with visit.around.closing.wakes(waiting.arrived):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_collect(changes, waiting))
                tasks.create_task(_send(response, waiting, admission))
    except* (_ReaderGone, ConnectionError):
        pass
    finally:
        visit.around.measures.open_streams -= 1
    return response


async def _collect(changes: AsyncIterator[Change], waiting: _Waiting) -> None:
    async for change in changes:
        waiting.changes[change.run] = change
        waiting.arrived.set()


async def _send(
    response: web.StreamResponse, waiting: _Waiting, admission: _Admission
) -> None:
    around = admission.visit.around
    limits = around.settings.limits
    await response.write(b"retry: 1000\n: connected\n\n")
    while not around.closing.begun:
        try:
            async with asyncio.timeout(limits.heartbeat_interval_s):
                await waiting.arrived.wait()
        except TimeoutError:
            await admission.renew()
            await response.write(b": still here\n\n")
            continue
        waiting.arrived.clear()
        await admission.renew()
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
