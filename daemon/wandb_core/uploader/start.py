"""Find the run at the server, or create it: everything before the first line.

A crash anywhere in here has sent no line. What was decided about resuming is in the
cursor before the run is created, so that a run of our own making is never mistaken for
one that existed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from wandb_proto.v1.record_pb2 import Record

from wandb_core.errors import NotAuthorized, PermanentError
from wandb_core.model import ServerRun
from wandb_core.run_state import RunState
from wandb_core.server_client import ResumeStatus, RunFields, ServerClient, UpsertAnswer
from wandb_core.uploader.context import LIVE_FEATURE, UploadContext
from wandb_core.uploader.cursor import (
    HISTORY,
    Cursor,
    CursorUnreadable,
    load_cursor,
    save_cursor,
)
from wandb_core.uploader.last_step import last_logged_step
from wandb_core.uploader.resume import (
    FRESH,
    ResumeDecision,
    decide,
    line_counts,
    merge_config,
    unwrap_config,
)
from wandb_core.uploader.run_fields import run_fields
from wandb_core.uploader.status import StartOutcome

_log = logging.getLogger(__name__)
T = TypeVar("T")

EARLIER_LOGS_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class StartedRun:
    """The run as the server has it, and where this log begins in it."""

    server_run: ServerRun
    cursor: Cursor
    live: bool
    outcome: StartOutcome
    earlier_config_json: str = ""
    earlier_summary_json: str = ""
    earlier_runtime_s: int = 0
    """How long the run had run when this log was begun; 0 if it was begun before."""


def find_cursor(context: UploadContext) -> Cursor | None:
    """The cursor of this log for this destination; None if there is none.

    Raises:
        CursorUnreadable: it is damaged.
    """
    cursor = load_cursor(context.path)
    if (
        cursor is None
        or cursor.destination != context.destination_text
        or cursor.log_id != context.identity.log_id
    ):
        return None
    if max(cursor.offset, cursor.pending_end) > context.path.stat().st_size:
        # A loss of power took the log's end, which the server has: send again, the
        # lines have the same numbers.
        return replace(cursor, offset=0, pending_end=0, files_offset=0, done=False)
    return cursor


class RunStarter:
    """One start of one upload."""

    def __init__(
        self,
        context: UploadContext,
        client: ServerClient,
        earlier_logs: Callable[[], Sequence[Path]],
        publish: Callable[[StartOutcome], None],
    ) -> None:
        """`publish` is told the outcome as soon as it is known, before the wait for
        earlier logs.
        """
        self.waiting_for = ""
        """Why the start does not go on, if it is not the network."""
        self._context = context
        self._client = client
        self._earlier_logs = earlier_logs
        self._publish = publish

    async def start(self) -> StartedRun:
        """Ask, decide, create.

        Raises:
            ResumeRefused, NotAuthorized, PermanentError: the run cannot be uploaded.
        """
        live = LIVE_FEATURE in await self._call(self._client.server_features)
        entity = await self._entity()
        cursor = await asyncio.to_thread(self._load_cursor)
        status: ResumeStatus | None = None
        decision = FRESH
        if cursor is not None:
            decision = ResumeDecision(cursor.resumed, cursor.base, cursor.starting_step)
        if self._context.resume and (cursor is None or cursor.resumed):
            status = await self._resume_status(entity)
        if self._context.resume and cursor is None:
            decision = await self._decide(status)
            await self._save(replace(self._cursor(decision), begun=False))
        kept = status if decision.resumed else None
        is_new = cursor is None or not cursor.begun
        answer = await self._upsert(kept, is_new=is_new)
        outcome = self._outcome(answer.run, decision, status)
        self._publish(outcome)
        if cursor is None or not cursor.begun:
            cursor = await self._begin(
                answer, decision, entity, again=cursor is not None, live=live
            )
        return StartedRun(
            answer.run,
            cursor,
            live,
            outcome,
            kept.config_json if kept else "",
            kept.summary_json if kept else "",
            int(kept.runtime_s) if kept and is_new else 0,
        )

    async def _entity(self) -> str | None:
        """Of the run; None leaves the choice to the server."""
        if self._context.entity:
            return self._context.entity
        try:
            viewer = await self._call(self._client.viewer)
        except NotAuthorized:
            raise
        except PermanentError as error:
            _log.info("viewer_unknown reason=%s", error)
            return None
        return (viewer.entity if viewer else "") or None

    def _load_cursor(self) -> Cursor | None:
        """The cursor of this log and destination, if it makes sense."""
        context = self._context
        try:
            return find_cursor(context)
        except CursorUnreadable as error:
            context.notifier.notify(
                "warning", f"{error}; the upload goes on behind what the server has"
            )
            return None

    async def _decide(self, status: ResumeStatus | None) -> ResumeDecision:
        paths = self._earlier_logs()
        steps = [await asyncio.to_thread(last_logged_step, path) for path in paths]
        known = [step for step in steps if step is not None]
        local_last_step = max(known) if known else (-1 if paths else None)
        return decide(
            self._context.resume, self._context.run_id, status, local_last_step
        )

    async def _upsert(
        self, earlier: ResumeStatus | None, *, is_new: bool
    ) -> UpsertAnswer:
        """Create or find the run. Of a run begun before nothing is changed: the log's
        first records are old news, what is in force comes when all of it is folded.
        """
        context = self._context
        if not is_new:
            found = RunFields(
                context.run_id, context.project or None, context.entity or None
            )
            return await self._call(
                lambda: self._client.upsert_run(found, context.writer_headers)
            )
        state = RunState()
        state.apply(Record(run=context.run))
        config = state.config_json()
        fields = run_fields(
            state,
            context,
            entity=context.entity,
            project=context.project,
            config_json=merge_config(earlier.config_json if earlier else "", config),
        )
        return await self._call(
            lambda: self._client.upsert_run(fields, context.writer_headers)
        )

    async def _begin(
        self,
        answer: UpsertAnswer,
        decision: ResumeDecision,
        entity: str | None,
        *,
        again: bool,
        live: bool,
    ) -> Cursor:
        """The first cursor, durable, behind everything that the server has.

        again: an earlier core decided, and died before it could wait for earlier logs.
        """
        waited = await self._wait_for_earlier_logs()
        count = answer.run.history_line_count
        if self._context.is_shared and not decision.resumed:
            # Each writer counts for itself; what others sent makes no difference to
            # our server, and elsewhere the official client begins there.
            base = {HISTORY: count} if count and not live else {}
            decision = replace(decision, base=base)
        elif waited or again or (not decision.base and count):
            status = await self._resume_status(answer.run.entity or entity)
            base = line_counts(status) if status else {}
            decision = replace(decision, base=base)
        cursor = self._cursor(decision)
        await self._save(cursor)
        return cursor

    async def _wait_for_earlier_logs(self) -> bool:
        waited = False
        while paths := self._earlier_logs():
            waited = True
            self.waiting_for = f"an earlier log of this run is not uploaded: {paths[0]}"
            await self._context.clock.sleep(EARLIER_LOGS_POLL_S)
        self.waiting_for = ""
        return waited

    async def _resume_status(self, entity: str | None) -> ResumeStatus | None:
        context = self._context
        return await self._call(
            lambda: self._client.resume_status(
                entity, context.project or None, context.run_id
            )
        )

    def _cursor(self, decision: ResumeDecision) -> Cursor:
        return Cursor(
            self._context.destination_text,
            self._context.identity.log_id,
            dict(decision.base),
            decision.resumed,
            decision.starting_step,
        )

    async def _save(self, cursor: Cursor) -> None:
        path = self._context.path
        try:
            await asyncio.to_thread(save_cursor, path, cursor, durable=True)
        except OSError as error:
            self._context.notifier.notify(
                "warning", f"cannot write beside {path}: {error.strerror}"
            )

    def _outcome(
        self, run: ServerRun, decision: ResumeDecision, status: ResumeStatus | None
    ) -> StartOutcome:
        target = self._context.target
        # The embedded server may have moved to another port since the log was begun.
        app_url = "" if target.local_server else target.app_url
        app_url = (app_url or self._client.base_url).rstrip("/")
        project_url = f"{app_url}/{quote(run.entity)}/{quote(run.project)}"
        resumed = status if decision.resumed else None
        return StartOutcome(
            server_run=run,
            run_url=f"{project_url}/runs/{quote(self._context.run_id)}",
            project_url=project_url,
            resumed=decision.resumed,
            starting_step=decision.starting_step,
            config_json=unwrap_config(resumed.config_json) if resumed else "",
            summary_json=resumed.summary_json if resumed else "",
        )

    async def _call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        return await self._context.retries.call(attempt)
