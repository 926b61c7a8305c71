"""An archive in a temporary directory, with a clock set by hand."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from wandb_server.model import Archive, FileChunk, FileStreamPost, Run, RunUpsert, User
from wandb_server.operations import ArchiveSettings, open_archive

HISTORY = "wandb-history.jsonl"


@dataclass
class HandClock:
    """Seconds that pass only when the test says so."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Desk:
    """An open archive and one user, with short ways to do what most tests do."""

    archive: Archive
    user: User
    clock: HandClock
    path: Path
    lines: dict[tuple[str, str], int] = field(default_factory=dict)

    async def start(self, name: str = "r1", **values: Any) -> Run:
        """A run of project `p`, made or resumed."""
        upsert = RunUpsert(self.user.name, "p", name, **values)
        run, _ = await self.archive.upsert_run(upsert, self.user)
        return run

    async def post(self, name: str = "r1", **values: Any) -> Any:
        """One file stream post."""
        return await self.archive.post_file_stream(
            self.user.name, "p", name, FileStreamPost(**values)
        )

    async def log(
        self, *rows: Mapping[str, Any], name: str = "r1", **values: Any
    ) -> None:
        """Post history rows behind those posted before."""
        stream = (name, values.get("client_id") or values.get("log_id") or "")
        first = self.lines.get(stream, 0)
        self.lines[stream] = first + len(rows)
        texts = tuple(json.dumps(row) for row in rows)
        await self.post(name, chunks=(FileChunk(HISTORY, first, texts),), **values)

    async def run(self, name: str = "r1") -> Run:
        """The run as it is now."""
        run = await self.archive.run(self.user.name, "p", name)
        assert run is not None
        return run


async def open_desk(path: Path, **limits: Any) -> Desk:
    """Open (or open again) the archive at `path`."""
    clock = HandClock()
    archive = await open_archive(
        f"sqlite:///{path}/wandb.db",
        (path / "objects").as_uri(),
        clock=clock,
        settings=ArchiveSettings(**limits),
    )
    user = await archive.create_user("ann", email="ann@example.org")
    return Desk(archive, user, clock, path)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: migrating is most of what a test would wait for."""
    place = tmp_path_factory.mktemp("empty")

    async def make() -> None:
        opened = await open_desk(place)
        await opened.archive.close()

    asyncio.run(make())
    return place / "wandb.db"


@pytest.fixture
async def desk(tmp_path: Path, empty_database: Path) -> AsyncIterator[Desk]:
    """A new archive whose tail is long with 10 rows."""
    shutil.copy(empty_database, tmp_path)
    opened = await open_desk(
        tmp_path, tail_rows_max=10, block_points_min=1, garbage_age_s=0
    )
    yield opened
    await opened.archive.close()


@pytest.fixture
def open_at() -> Callable[..., Awaitable[Desk]]:
    """Opens the archive at a path, to be closed by the test."""
    return open_desk
