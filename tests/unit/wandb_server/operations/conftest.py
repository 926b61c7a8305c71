"""An archive in a temporary directory, with a clock set by hand."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.runs import Run, RunUpsert
from wandb_server.operations import ArchiveSettings, open_archive

from tests.support.stores import Embedded, Place, Team, team_stores

HISTORY = "wandb-history.jsonl"
_CHOSEN: list[Embedded | Team] = []
"""The stores of this session; as a list, so that a fixture can fill it."""


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

    async def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the database itself."""
        stores = self.archive._stores  # type: ignore[attr-defined]
        rows = await stores.database.read(lambda db: db.execute(text(sql)).all())
        return [tuple(row) for row in rows]

    async def objects(self) -> list[str]:
        """Keys of the object store itself."""
        stores = self.archive._stores  # type: ignore[attr-defined]
        return [one.key for one in await stores.objects.listed()]

    async def run(self, name: str = "r1") -> Run:
        """The run as it is now."""
        run = await self.archive.run(self.user.name, "p", name)
        assert run is not None
        return run


async def open_desk(path: Path, *, data_dir: Path | None = None, **limits: Any) -> Desk:
    """Open (or open again) the archive at `path`."""
    clock = HandClock()
    place = place_of(path)
    archive = await open_archive(
        place.database_url,
        place.object_url,
        clock=clock,
        settings=ArchiveSettings(**limits),
        data_dir=data_dir or path,
    )
    user = await archive.create_user("ann", email="ann@example.org")
    return Desk(archive, user, clock, path)


def place_of(path: Path) -> Place:
    """The stores that belong to a directory."""
    return _CHOSEN[0].place(path)


@pytest.fixture(scope="session", autouse=True)
def stores(request: pytest.FixtureRequest) -> Iterator[Embedded | Team]:
    """The stores that --stores names."""
    if request.config.getoption("--stores") == "embedded":
        _CHOSEN.append(Embedded())
        yield _CHOSEN[0]
    else:
        with team_stores() as team:
            _CHOSEN.append(team)
            yield team
    _CHOSEN.clear()


@pytest.fixture
def embedded_only(stores: Embedded | Team) -> None:
    """For tests that look into the SQLite file or the directory of objects."""
    if stores.name != "embedded":
        pytest.skip("looks into the files of the embedded stores")


@pytest.fixture(scope="session")
def empty_database(
    tmp_path_factory: pytest.TempPathFactory, stores: Embedded | Team
) -> Path | None:
    """A migrated database to copy: migrating is most of what a test would wait for."""
    if stores.name != "embedded":
        return None
    place = tmp_path_factory.mktemp("empty")

    async def make() -> None:
        opened = await open_desk(place)
        await opened.archive.close()

    asyncio.run(make())
    return place / "wandb.db"


@pytest.fixture
async def desk(tmp_path: Path, empty_database: Path | None) -> AsyncIterator[Desk]:
    """A new archive whose tail is long with 10 rows."""
    if empty_database is not None:
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
