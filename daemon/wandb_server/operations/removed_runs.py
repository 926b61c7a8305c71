"""Deleting runs in two steps: hidden at once, purged when nobody wanted them back.

A page that is closed in between changes nothing: the server purges after the grace
time, also one that was restarted meanwhile.
"""

from collections.abc import Sequence

from sqlalchemy import Connection

from wandb_server.operations.stores import Operations, Stores
from wandb_server.storage import objects, removal, removed_runs, runs
from wandb_server.storage.removed_runs import RemovedRun


class RemovedRuns(Operations):
    """What `deleteRun` does, but with a way back."""

    async def remove_runs(self, storage_ids: Sequence[str]) -> tuple[int, int]:
        """(how many were hidden, bytes that will be free); absent ones are skipped."""
        ids = [number for one in storage_ids if (number := runs.run_id_of(one))]
        now = self._stores.clock()

        def change(db: Connection) -> tuple[int, int]:
            hidden = [i for i in ids if removed_runs.hide_run(db, i, now)]
            return len(hidden), sum(removal.bytes_of_run(db, i) for i in hidden)

        return await self._stores.database.write(change)

    async def removed_runs(self, storage_ids: Sequence[str]) -> Sequence[RemovedRun]:
        """Where those were that can be put back."""
        ids = [number for one in storage_ids if (number := runs.run_id_of(one))]
        return await self._stores.database.read(
            lambda db: removed_runs.find_removed(db, ids)
        )

    async def restore_runs(self, storage_ids: Sequence[str]) -> int:
        """How many were put back."""
        ids = [number for one in storage_ids if (number := runs.run_id_of(one))]
        return await self._stores.database.write(
            lambda db: sum(removed_runs.show_run(db, run_id) for run_id in ids)
        )


class Purger:
    """Deletes what was removed long enough ago."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def purge(self) -> int:
        """How many runs were deleted for good."""
        before = self._stores.clock() - self._stores.settings.undo_grace_s
        due = await self._stores.database.read(
            lambda db: removed_runs.due_for_purging(db, before)
        )
        for run_id in due:
            await purge_run(self._stores, run_id)
        return len(due)


async def purge_run(stores: Stores, run_id: int) -> int | None:
    """Bytes freed; None if absent. What a crash leaves of it is swept up later."""
    now = stores.clock()

    def change(db: Connection) -> removal.Removed | None:
        removed_runs.forget_removed(db, run_id)
        return removal.remove_run(db, run_id, now)

    removed = await stores.database.write(change)
    if removed is None:
        return None
    stores.tails.forget(run_id)
    await stores.objects.delete(
        [objects.object_key(number, suffix) for number, suffix in removed.objects]
    )
    await stores.database.write(
        lambda db: removal.forget_objects(db, [number for number, _ in removed.objects])
    )
    return removed.freed_bytes
