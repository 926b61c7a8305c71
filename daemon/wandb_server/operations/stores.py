"""What every operation works with, wired once in `open_archive`."""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from wandb_server.model.notices import Change
from wandb_server.model.people import AccessRule
from wandb_server.model.runs import Run
from wandb_server.operations.block_cache import BlockCache
from wandb_server.operations.changes import ChangeFeed
from wandb_server.operations.column_cache import ColumnCache
from wandb_server.operations.damage import Damage
from wandb_server.operations.known_keys import KnownKeys
from wandb_server.operations.limits import ArchiveSettings
from wandb_server.operations.media_steps import MediaIndex
from wandb_server.operations.row_indexes import RowIndexes
from wandb_server.operations.shared_changes import SharedChanges
from wandb_server.operations.tails import Tails
from wandb_server.storage.database import Database
from wandb_server.storage.objects import Objects
from wandb_server.storage.tables import SegmentTables

Clock = Callable[[], float]
T = TypeVar("T")


@dataclass(slots=True)
class Upkeep:
    """What the background loop remembers between its rounds."""

    server_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    """Who this server is among those of a shared database."""
    tail_is_long: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by a post that makes a tail large: moving it should not wait."""
    strays_due_at: float = 0.0
    unmerged: dict[tuple[int, str], float] = field(default_factory=dict)
    """(run, file) whose merge failed, until when it is left alone."""
    fresh_keys: dict[tuple[int, int], tuple[float, str]] = field(default_factory=dict)
    """(maker, service account) -> until when its key may be read, and the key."""
    rules: dict[tuple[str, str], tuple[float, AccessRule]] = field(default_factory=dict)
    """(entity, project) -> when it was asked, and how it is set."""


@dataclass(frozen=True, slots=True)
class Stores:
    """The database, the objects, the open questions and the clock."""

    database: Database
    objects: Objects
    tables: SegmentTables
    tails: Tails
    blocks: BlockCache
    indexes: RowIndexes
    feed: ChangeFeed
    clock: Clock
    workspace: Path
    """A directory for files that are being made."""
    compacting: asyncio.Lock
    upkeep: Upkeep
    settings: ArchiveSettings
    shared_changes: SharedChanges | None = None
    """Where several servers share the database."""
    damage: Damage = field(default_factory=Damage)
    columns: ColumnCache = field(default_factory=ColumnCache)
    known_keys: KnownKeys = field(default_factory=KnownKeys)
    media: MediaIndex = field(default_factory=MediaIndex)
    exporting: asyncio.Lock = field(default_factory=asyncio.Lock)


class Operations:
    """A part of the archive: methods over the same stores."""

    def __init__(self, stores: Stores) -> None:
        self._stores = stores

    async def _change_people(self, change: Callable[[Connection], T]) -> T:
        """Write; what is remembered of people is asked anew."""
        try:
            return await self._stores.database.write(change)
        finally:
            self._stores.known_keys.forget()

    def _announce(self, run: Run) -> None:
        self._stores.feed.publish(
            Change(
                entity=run.entity,
                project=run.project,
                run=run.name,
                last_step=run.last_step,
                state=run.state,
                history_line_count=run.history_line_count,
                events_line_count=run.events_line_count,
                log_line_count=run.log_line_count,
            )
        )
