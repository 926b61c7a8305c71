"""Versions whose time is over: never committed, or kept for as long as was asked."""

import logging

from sqlalchemy import Connection

from wandb_server.operations.artifact_changes import remove_version
from wandb_server.operations.stores import Stores
from wandb_server.storage import artifact_versions

logger = logging.getLogger(__name__)


async def sweep_artifacts(stores: Stores) -> int:
    """Remove them; how many. Their bytes are dead then, and swept up as such."""
    now = stores.clock()
    pending_before = now - stores.settings.artifact_pending_age_s

    def change(db: Connection) -> tuple[int, int]:
        overdue = artifact_versions.overdue(db, now, pending_before)
        dead = [pair for number in overdue for pair in remove_version(db, number, now)]
        return len(overdue), sum(size for _, size in dead)

    due = await stores.database.read(
        lambda db: artifact_versions.overdue(db, now, pending_before)
    )
    if not due:
        return 0
    count, size_bytes = await stores.database.write(change)
    logger.info("removed overdue artifacts count=%d bytes=%d", count, size_bytes)
    return count
