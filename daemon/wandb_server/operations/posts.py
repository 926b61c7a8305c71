"""One file stream request, stored in one transaction.

```
post ─► lines with steps (thread) ─► transaction ─► answer, change announced
                                         │
              rows needed from segments ◄┘  only when a step comes a second time and
              read them, try again          its first row is no longer in the tail
```

A line that is stored already is left alone, whoever sends it again; so a request may be
repeated after any failure. A new line with a known `_step` is dropped only if the
stored row is equal as JSON: then it is the same row, sent by a second sync.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from wandb_server.errors import QueryError, StorageBusy
from wandb_server.ingest.merges import merge_summaries
from wandb_server.ingest.rows import ReceivedLine, parse_row, read_lines, same_json
from wandb_server.ingest.values import clean_text
from wandb_server.model.file_stream import FileChunk, FileStreamAnswer, FileStreamPost
from wandb_server.model.notices import Change
from wandb_server.operations.rows import RowReader
from wandb_server.operations.runs import ENDED, STATES
from wandb_server.operations.stores import Operations
from wandb_server.storage import catalog, console, lines, runs

SUMMARY = "wandb-summary.json"
LINE_MAX = 2**62
ATTEMPTS_MAX = 10
INLINE_CHARACTERS_MAX = 32 * 1024
"""Longer posts are parsed in a thread."""


@dataclass(frozen=True, slots=True)
class _Received:
    """A post whose lines were looked at."""

    post: FileStreamPost
    files: tuple[tuple[str, Sequence[ReceivedLine]], ...]
    console: tuple[FileChunk, ...]
    summary: str | None
    log_id: str


@dataclass(frozen=True, slots=True)
class _OlderRows:
    """Rows of segments by step, as of a mark of the run."""

    run_id: int
    mark: int
    steps: frozenset[int]
    texts: Mapping[int, Sequence[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Stored:
    answer: FileStreamAnswer
    change: Change
    bytes_before: int
    """Of the run's tail."""
    bytes_after: int


class Posts(Operations):
    """What writers send."""

    async def post_file_stream(
        self, entity: str, project: str, run: str, post: FileStreamPost
    ) -> FileStreamAnswer | None:
        """Store one request, see `Archive.post_file_stream`.

        Cancelled: it may or may not be stored; sending it again is right.

        Raises:
            QueryError: a line number that cannot be.
            StorageError: nothing of it was stored.
        """
        place = (clean_text(entity), clean_text(project), clean_text(run))
        received = await _receive(post)
        older: _OlderRows | None = None
        for _ in range(ATTEMPTS_MAX):
            now = self._stores.clock()
            known = older
            outcome = await self._stores.database.write(
                lambda db, known=known, now=now: _store(db, place, received, known, now)  # type: ignore[misc]
            )
            if outcome is None:
                return None
            if isinstance(outcome, _Stored):
                self._stores.feed.publish(outcome.change)
                limit = self._stores.settings.tail_bytes_max
                if outcome.bytes_before < limit <= outcome.bytes_after:
                    self._stores.upkeep.tail_is_long.set()
                return outcome.answer
            older = await self._read_older(outcome)
        raise StorageBusy(
            "the run's history is being moved all the time; send it again"
        )

    async def _read_older(self, wanted: _OlderRows) -> _OlderRows:
        reader = RowReader(self._stores)
        texts = await reader.rows_with_steps(wanted.run_id, lines.HISTORY, wanted.steps)
        return _OlderRows(wanted.run_id, wanted.mark, wanted.steps, texts)


async def _receive(post: FileStreamPost) -> _Received:
    for chunk in post.chunks:
        if not 0 <= chunk.first_line <= LINE_MAX:
            raise QueryError(f"files.{chunk.file}.offset", "is not a line number")
    size = sum(len(text) for chunk in post.chunks for text in chunk.lines)
    if size <= INLINE_CHARACTERS_MAX:
        return _look_at(post)
    return await asyncio.to_thread(_look_at, post)


def _look_at(post: FileStreamPost) -> _Received:
    summary: str | None = None
    files: list[tuple[str, Sequence[ReceivedLine]]] = []
    printed: list[FileChunk] = []
    for chunk in post.chunks:
        if not chunk.lines:
            continue
        if chunk.file == SUMMARY:
            summary = chunk.lines[-1]
        elif chunk.file == console.CONSOLE:
            printed.append(chunk)
        else:
            files.append((clean_text(chunk.file), read_lines(chunk)))
    client = f"client:{post.client_id}" if post.client_id else ""
    return _Received(
        post, tuple(files), tuple(printed), summary, clean_text(post.log_id or client)
    )


def _store(
    db: Connection,
    place: tuple[str, str, str],
    received: _Received,
    older: _OlderRows | None,
    now: float,
) -> _Stored | _OlderRows | None:
    run = runs.find_posted_run(db, *place)
    if run is None:
        return None
    changes: dict[str, Any] = {
        "heartbeat_at": now,
        **_state_changes(received.post, run, now),
    }
    counts = _Counts(run)
    for file, texts in received.files:
        wanted = _store_lines(db, run, received, file, texts, older, counts)
        if wanted is not None:
            # Nothing was written yet: history is the only file that asks for more.
            return wanted
    for chunk in received.console:
        console.write_console(
            db, run["id"], received.log_id, chunk.first_line, chunk.lines
        )
        counts.changed["log_line_count"] = console.console_end(db, run["id"])
    if received.summary is not None:
        summary = received.summary
        if received.post.client_id:
            summary = merge_summaries(runs.read_texts(db, run["id"])[1], summary)
        runs.write_texts(db, run["id"], config=None, summary=summary)
    changes.update(counts.changed)
    runs.update_run(db, run["id"], changes)
    return _Stored(
        FileStreamAnswer(stopped=run["stop_requested"]),
        _change(place, {**run, **changes}),
        bytes_before=run["tail_bytes"],
        bytes_after=counts.get("tail_bytes"),
    )


class _Counts:
    """The run's counters, moved on while the files of a post are stored."""

    def __init__(self, run: Mapping[str, Any]) -> None:
        self._run = run
        self.changed: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        return self.changed.get(name, self._run[name])

    def add(self, file: str, stored: Sequence[ReceivedLine], *, shared: bool) -> None:
        """Count new lines of a file."""
        count = len(stored)
        self.changed["next_row"] = self.get("next_row") + count
        self.changed["tail_row_count"] = self.get("tail_row_count") + count
        self.changed["tail_bytes"] = self.get("tail_bytes") + sum(
            len(line.text) for line in stored
        )
        name = {
            lines.HISTORY: "history_line_count",
            lines.EVENTS: "events_line_count",
        }.get(file)
        if name is not None:
            # Writers that share a run count for themselves: their lines add up.
            end = max(line.line for line in stored) + 1
            self.changed[name] = (
                self.get(name) + count if shared else max(self.get(name), end)
            )
        steps = [line.step for line in stored if line.step is not None]
        if file == lines.HISTORY and steps:
            last = self.get("last_step")
            self.changed["last_step"] = max(steps if last is None else [last, *steps])


def _store_lines(
    db: Connection,
    run: Mapping[str, Any],
    received: _Received,
    file: str,
    texts: Sequence[ReceivedLine],
    older: _OlderRows | None,
    counts: _Counts,
) -> _OlderRows | None:
    """Insert the lines that are new; or say which older rows must be known first."""
    run_id, log_id = run["id"], received.log_id
    end = lines.stream_end(db, run_id, file, log_id)
    first_line, end_line = texts[0].line, texts[-1].line + 1
    fresh = list(texts)
    if first_line < end:
        known = lines.known_lines(db, run_id, file, log_id, range(first_line, end_line))
        fresh = [line for line in fresh if line.line not in known]
    # Writers that share a run count alike, and a log of ours is known by its id.
    is_known_by_id = received.post.client_id and received.post.log_id
    if file == lines.HISTORY and not is_known_by_id:
        unequal = _drop_equal(db, run, fresh, older)
        if isinstance(unequal, _OlderRows):
            return unequal
        fresh = unequal
    if fresh:
        stream = (run_id, file, log_id)
        lines.insert_lines(db, stream, counts.get("next_row"), fresh)
        counts.add(file, fresh, shared=received.post.client_id is not None)
    if end_line > end:
        lines.move_stream_end(db, run_id, file, log_id, end_line)
    return None


def _drop_equal(
    db: Connection,
    run: Mapping[str, Any],
    fresh: list[ReceivedLine],
    older: _OlderRows | None,
) -> list[ReceivedLine] | _OlderRows:
    """The lines without those whose step and row are stored already."""
    last = run["last_step"]
    if last is None:
        return fresh
    steps = {line.step for line in fresh if line.step is not None and line.step <= last}
    if not steps:
        return fresh
    stored: dict[int, list[bytes]] = {}
    for step, text in lines.texts_with_steps(db, run["id"], lines.HISTORY, steps):
        stored.setdefault(step, []).append(text)
    if catalog.holds_steps(db, run["id"], lines.HISTORY, min(steps), max(steps)):
        mark = run["segment_mark"]
        if older is None or older.mark != mark or not steps <= older.steps:
            return _OlderRows(run["id"], mark, frozenset(steps))
        for step, texts in older.texts.items():
            stored.setdefault(step, []).extend(texts)
    return [line for line in fresh if not _is_stored(line, stored)]


def _is_stored(line: ReceivedLine, stored: Mapping[int, Sequence[bytes]]) -> bool:
    if line.step is None or line.step not in stored:
        return False
    row = parse_row(line.text)
    return any(
        text == line.text or same_json(row, parse_row(text))
        for text in stored[line.step]
    )


def _state_changes(
    post: FileStreamPost, run: Mapping[str, Any], now: float
) -> dict[str, Any]:
    state = run["state"]
    if post.complete:
        failed = post.exit_code not in (0, None)
        ended = "failed" if failed else "finished"
        if failed and run["stop_requested"]:
            ended = "killed"  # somebody wanted it so: it did not fail by itself
        if failed and (post.preempting or state == "preempting"):
            ended = "preempted"
        if post.state in STATES:
            ended = post.state or ended
        return {"state": ended, "exit_code": post.exit_code, "finished_at": now}
    if post.preempting:
        return {"state": "preempting"}
    if state == "pending" or (state in ENDED and not post.client_id):
        return {"state": "running", "exit_code": None, "finished_at": None}
    return {}


def _change(place: tuple[str, str, str], run: Mapping[str, Any]) -> Change:
    return Change(
        entity=place[0],
        project=place[1],
        run=place[2],
        last_step=run["last_step"],
        state=run["state"],
        history_line_count=run["history_line_count"],
        events_line_count=run["events_line_count"],
        log_line_count=run["log_line_count"],
    )
