"""Runs that begin as a part of another: forks, and runs that are rewound.

```
fork     parent 0 1 2 3 4 5 6        child  0 1 2 3 | its own rows
                      └─ copied up to the step ─┘
rewind   run    0 1 2 3 4 5 6   ─►   run    0 1 2 3 |
```

The rows that stay are stored anew as lines 0, 1, … of the one log that has no id, which
is what the official client goes on to number. Rewinding is one transaction: before it
all rows are there, after it those up to the step. (Why not a cut that every reader has
to know: daemon/decisions/0012.)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection
from wandb_proto import json_codec

from wandb_server.errors import QueryError, StorageBusy, StorageDamaged
from wandb_server.ingest.rows import ReceivedLine, parse_row, read_lines
from wandb_server.model.accounts import User
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.runs import Run, RunUpsert
from wandb_server.operations.media_steps import MediaSteps
from wandb_server.operations.posts import Posts
from wandb_server.operations.rows import RowReader
from wandb_server.operations.runs import Runs
from wandb_server.storage import branches, lines, removal, runs
from wandb_server.storage.objects import object_key

LINES_PER_READ = 10_000
ATTEMPTS_MAX = 5
BRANCH_POINT = "branch_point"


@dataclass(frozen=True, slots=True)
class BranchPoint:
    """Where a fork leaves its parent: after the rows with steps up to `step`."""

    parent: str
    step: int


def branch_point_of(config_json: str | None) -> BranchPoint | None:
    """What a fork's config says of its parent, None of any other run's."""
    if config_json is None or BRANCH_POINT not in config_json:
        return None
    try:
        found: Any = json_codec.loads(config_json)
        for name in ("_wandb", "value", BRANCH_POINT):
            found = found[name]
        return BranchPoint(str(found["run_id"]), int(found["step"]))
    except (ValueError, KeyError, TypeError):
        return None


class Branches(Posts, Runs):
    """Runs, and copying and cutting their histories."""

    async def upsert_run(self, upsert: RunUpsert, user: User) -> tuple[Run, bool]:
        """Like that of any run; a fork comes with what it has of its parent."""
        point = branch_point_of(upsert.config_json) if upsert.name else None
        if point is None:
            return await super().upsert_run(upsert, user)
        inherited = await self._inherited_config(upsert, point)
        changed = replace(upsert, config_json=inherited)
        run, inserted = await super().upsert_run(changed, user)
        return await self.fill_fork(run, point), inserted

    async def fill_fork(self, child: Run, point: BranchPoint) -> Run:
        """The child with its parent's rows up to the step, and their summary.

        Idempotent until the child has rows of its own. A parent that does not exist
        leaves the child empty.
        """
        if child.last_step is not None and child.last_step > point.step:
            return child
        parent = await self._stores.database.read(
            lambda db: runs.find_run(db, child.entity, child.project, point.parent)
        )
        if parent is None or parent["id"] == child.id:
            return child
        kept = await self._lines_until(parent["id"], point.step)
        if child.history_line_count < len(kept):
            texts = tuple(line.text.decode("utf-8", "surrogatepass") for line in kept)
            chunk = FileChunk(lines.HISTORY, 0, texts)
            await self.post_file_stream(
                child.entity, child.project, child.name, FileStreamPost(chunks=(chunk,))
            )
            summary = _summary_of(kept)
            await self._stores.database.write(
                lambda db: runs.write_texts(db, child.id, config=None, summary=summary)
            )
        filled = await self._stores.database.read(
            lambda db: runs.read_run(db, child.id)
        )
        return filled or child

    async def rewind_run(
        self, entity: str, project: str, name: str, step: int
    ) -> Run | None:
        """The run without the rows behind the step; None if there is no such run.

        Raises:
            StorageBusy: somebody goes on writing rows; nothing was changed.
        """
        found = await self._stores.database.read(
            lambda db: runs.find_run(db, entity, project, name)
        )
        if found is None:
            return None
        run_id = int(found["id"])
        async with self._stores.compacting:
            for _ in range(ATTEMPTS_MAX):
                row = await self._stores.database.read(
                    lambda db: runs.find_run_by_id(db, run_id)
                )
                if row is None:
                    return None
                kept = await self._lines_until(run_id, step)
                next_row, now = int(row["next_row"]), self._stores.clock()
                dead = await self._stores.database.write(
                    lambda db, kept=kept, next_row=next_row, now=now: _cut(  # type: ignore[misc]
                        db, run_id, kept, next_row, now
                    )
                )
                if dead is not None:
                    await self._forget(run_id, dead)
                    break
            else:
                raise StorageBusy("the run is still being written to; try again")
        run = await self._stores.database.read(lambda db: runs.read_run(db, run_id))
        if run is not None:
            self._announce(run)
        return run

    async def _inherited_config(self, child: RunUpsert, point: BranchPoint) -> str:
        """The child's config over its parent's: the client sends only its own."""

        def question(db: Connection) -> str | None:
            parent = runs.find_run(db, child.entity, child.project, point.parent)
            return None if parent is None else runs.read_texts(db, parent["id"])[0]

        config = child.config_json or "{}"
        inherited = await self._stores.database.read(question)
        if inherited is None:
            return config
        values = {**json_codec.loads(inherited), **json_codec.loads(config)}
        return json_codec.dumps(values).decode()

    async def _lines_until(self, run_id: int, step: int) -> list[ReceivedLine]:
        """Lines of history with steps up to this one, in the order of arrival."""
        kept: list[ReceivedLine] = []
        waiting: list[str] = []

        def take() -> None:
            chunk = FileChunk(lines.HISTORY, 0, tuple(waiting))
            kept.extend(
                line
                for line in read_lines(chunk)
                if line.step is not None and line.step <= step
            )
            waiting.clear()

        try:
            async for text in RowReader(self._stores).all_lines(run_id, lines.HISTORY):
                waiting.append(text)
                if len(waiting) >= LINES_PER_READ:
                    take()
        except StorageDamaged as error:
            raise QueryError(
                "history", f"this would lose more rows for good: {error}"
            ) from error
        take()
        return kept

    async def _forget(self, run_id: int, dead: Mapping[int, str]) -> None:
        self._stores.tails.forget(run_id)
        self._stores.media.keep(run_id, MediaSteps())
        keys = [object_key(number, suffix) for number, suffix in dead.items()]
        await self._stores.objects.delete(keys)
        await self._stores.database.write(
            lambda db: removal.forget_objects(db, list(dead))
        )


def _cut(
    db: Connection,
    run_id: int,
    kept: Sequence[ReceivedLine],
    next_row: int,
    now: float,
) -> dict[int, str] | None:
    """Store the kept lines instead of all; (object -> suffix) that are dead now.

    None, and nothing is changed, when rows arrived since the lines were read.
    """
    run = runs.find_run_by_id(db, run_id)
    if run is None or run["next_row"] != next_row:
        return None
    dead = branches.remove_history(db, run_id, now)
    rows = [line._replace(line=number) for number, line in enumerate(kept)]
    lines.insert_lines(db, (run_id, lines.HISTORY, ""), next_row, rows)
    if rows:
        lines.move_stream_end(db, run_id, lines.HISTORY, "", len(rows))
    count, size_bytes = branches.tail_size(db, run_id)
    steps = [line.step for line in kept if line.step is not None]
    runs.update_run(
        db,
        run_id,
        {
            "history_line_count": len(rows),
            "last_step": max(steps, default=None),
            "next_row": next_row + len(rows),
            "tail_row_count": count,
            "tail_bytes": size_bytes,
            # Unlike any mark before: what was parsed of the old rows is not used again.
            "segment_mark": -int(now * 1000),
        },
    )
    runs.write_texts(db, run_id, config=None, summary=_summary_of(kept))
    return dead


def _summary_of(kept: Sequence[ReceivedLine]) -> str:
    """The latest value of every key, as a client would have it after these rows."""
    summary: dict[str, Any] = {}
    for line in kept:
        row = parse_row(line.text)
        if isinstance(row, dict):
            summary.update(row)
    return json_codec.dumps(summary).decode()
