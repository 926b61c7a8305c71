"""Sweeping up what crashes, deletions and merges leave in the object store."""

from wandb_server.operations.artifact_sweep import sweep_artifacts
from wandb_server.operations.stores import Stores
from wandb_server.storage import history_parts, removal
from wandb_server.storage.leases import BACKUP, is_anybody_holding
from wandb_server.storage.objects import object_id_of, object_key


class Sweeper:
    """Deletes bytes that nobody refers to, once they are old enough."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def sweep(self) -> int:
        """Objects that the tables say are garbage, and now and then files that they
        forgot; how many bytes were freed. Nothing while a backup is made.
        """
        if await self._stores.database.read(
            lambda db: is_anybody_holding(db, BACKUP, self._stores.clock())
        ):
            return 0
        await sweep_artifacts(self._stores)
        await self._drop_unused_files()
        before = self._stores.clock() - self._stores.settings.garbage_age_s
        found = await self._stores.database.write(
            lambda db: removal.claim_garbage(db, before)
        )
        numbers = [number for number, _, _ in found]
        if found:
            keys = [object_key(number, suffix) for number, suffix, _ in found]
            await self._stores.objects.delete(keys)
            await self._stores.database.write(
                lambda db: removal.forget_objects(db, numbers)
            )
        freed = sum(size for _, _, size in found)
        upkeep, now = self._stores.upkeep, self._stores.clock()
        if now >= upkeep.strays_due_at:
            upkeep.strays_due_at = now + self._stores.settings.stray_interval_s
            freed += await self._sweep_strays(before)
        return freed

    async def sweep_all(self) -> int:
        """Everything that is garbage now, files that no table knows too; the bytes."""
        self._stores.upkeep.strays_due_at = 0.0
        total = freed = await self.sweep()
        while freed:
            freed = await self.sweep()
            total += freed
        return total

    async def _drop_unused_files(self) -> None:
        """Let go of Parquet files of histories that nobody reads; asked for again,
        they are made again.
        """
        now = self._stores.clock()
        before = now - self._stores.settings.history_file_keep_s
        database = self._stores.database
        if await database.read(lambda db: history_parts.any_unused(db, before)):
            await database.write(lambda db: history_parts.drop_unused(db, before, now))

    async def _sweep_strays(self, before: float) -> int:
        """Files of which a power loss took the row, and those half written."""
        files = await self._stores.objects.listed()
        numbers = [number for one in files if (number := object_id_of(one.key))]
        known = await self._stores.database.read(
            lambda db: removal.known_objects(db, numbers)
        )
        strays = [
            one
            for one in files
            if one.changed_at < before
            and (number := object_id_of(one.key)) is not None
            and one.key != object_key(number, str(known.get(number)))
        ]
        await self._stores.objects.delete([one.key for one in strays])
        return sum(one.size_bytes for one in strays)
