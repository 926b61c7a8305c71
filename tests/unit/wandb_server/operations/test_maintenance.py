"""Backing up, restoring and checking whole stores."""

import json
import math
import os
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from wandb_server.errors import StartRefused, StorageDamaged
from wandb_server.maintenance import OpenedStores, back_up, check, open_stores, restore
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.history import SeriesQuery
from wandb_server.settings import ServerSettings
from wandb_server.storage.leases import BACKUP, take_lease

from tests.support.stores import Embedded, Place, Team

HISTORY = "wandb-history.jsonl"


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


def settings_of(place: Place, data_dir: Path) -> ServerSettings:
    return ServerSettings(
        data_dir=data_dir,
        secret=bytes(32),
        database_url=place.database_url,
        object_url=place.object_url,
    )


def opened(desk: Any, stores: Embedded | Team, path: Path | None = None) -> Any:
    path = path or desk.path
    return open_stores(settings_of(stores.place(path), path), {})


async def fill(desk: Any) -> None:
    """Two runs with rows in segments and in the tail, odd values, files."""
    await desk.start("r1", config_json='{"lr": {"value": 0.1}}', tags=("b", "a"))
    await desk.log(*({"_step": s, "a": s, "b": math.nan} for s in range(25)))
    await desk.archive.compact()
    await desk.log({"_step": 25, "a": math.inf, "t": "é\0\ud800"})
    summary = FileChunk("wandb-summary.json", 0, ('{"a": NaN, "best": 3}',))
    await desk.post(chunks=(summary, FileChunk("output.log", 0, ("one", "two"))))
    await desk.start("r2")
    run = await desk.run("r1")
    await desk.archive.write_file(run, "media/x.bin", body(bytes(range(256)) * 999))


async def everything(desk: Any) -> Any:
    """What can be read of the first run."""
    run = await desk.run("r1")
    content = await desk.archive.read_file(run, "media/x.bin")
    query = SeriesQuery(desk.user.name, "p", ("r1",), ("a", "b"))
    return (
        run,
        [line async for line in desk.archive.export_rows(run, HISTORY)],
        repr(await desk.archive.series(query)),
        b"".join([piece async for piece in content]),
        await desk.archive.log_lines(run),
        await desk.archive.count_runs(desk.user.name, "p", {"config.lr": 0.1}),
    )


async def test_a_restored_backup_is_the_same(
    desk: Any, stores: Embedded | Team, tmp_path: Path, open_at: Any
) -> None:
    await fill(desk)
    target, other = tmp_path / "all.tar", tmp_path / "other"
    async with opened(desk, stores) as source:
        report = await back_up(source, target)
    assert report.objects == 4
    assert report.missing == 0

    other.mkdir()
    async with opened(desk, stores, other) as empty:
        restored = await restore(empty, target)
        assert (await check(empty)).problems == []

    assert (restored.rows, restored.objects) == (report.rows, report.objects)
    again = await open_at(other)
    assert await everything(again) == await everything(desk)
    # New rows get numbers of their own.
    again.lines[("r1", "")] = 26
    await again.log({"_step": 26, "a": 1})
    await again.start("r3")
    assert (await again.run("r3")).id > (await again.run("r2")).id
    assert await again.archive.count_runs("ann", "p", {}) == 3
    await again.archive.close()


async def test_stores_that_hold_something_are_not_overwritten(
    desk: Any, stores: Embedded | Team, tmp_path: Path
) -> None:
    async with opened(desk, stores) as source:
        await back_up(source, tmp_path / "all.tar")
        with pytest.raises(StartRefused, match="empty stores"):
            await restore(source, tmp_path / "all.tar")
        with pytest.raises(StartRefused, match="exists already"):
            await back_up(source, tmp_path / "all.tar")


async def test_a_changed_or_cut_backup_is_refused(
    desk: Any, stores: Embedded | Team, tmp_path: Path
) -> None:
    await fill(desk)
    whole, other = tmp_path / "all.tar", tmp_path / "other"
    other.mkdir()
    async with opened(desk, stores) as source:
        await back_up(source, whole)
    content = whole.read_bytes()
    with tarfile.open(whole) as tar:
        names = tar.getnames()
        places = [(m.name, m.offset_data + m.size // 2) for m in tar if m.size]
    assert names[0] == "backup.json"
    async with opened(desk, stores, other) as empty:
        for _, place in places:
            flipped = bytearray(content)
            flipped[place] ^= 1
            (tmp_path / "bad.tar").write_bytes(flipped)
            with pytest.raises(StartRefused, match="not a whole backup"):
                await restore(empty, tmp_path / "bad.tar")
        for end in (0, 100, len(content) // 2, places[-1][1]):
            (tmp_path / "bad.tar").write_bytes(content[:end])
            with pytest.raises(StartRefused, match="not a whole backup"):
                await restore(empty, tmp_path / "bad.tar")
        assert (await restore(empty, whole)).objects == 4


async def test_check_names_what_is_damaged_and_the_rest_is_served(
    desk: Any, stores: Embedded | Team, embedded_only: None
) -> None:
    await fill(desk)
    await desk.start("r3")
    await desk.log(*({"_step": s, "a": s} for s in range(20)), name="r3")
    await desk.archive.compact()
    rows = await desk.ask("SELECT rows_object FROM segments WHERE run_id = 1")
    objects = await desk.archive._stores.objects.listed()
    assert len(objects) == 7
    for one in objects:
        path = desk.path / "objects" / one.key
        whole = path.read_bytes()
        path.write_bytes(whole[:-20] + bytes([whole[-20] ^ 4]) + whole[-19:])
        async with opened(desk, stores) as source:
            problems = (await check(source)).problems
        assert problems
        assert all("run ann/p/" in problem for problem in problems)
        assert any(one.key in problem for problem in problems)
        path.write_bytes(whole)

    [damaged] = [one for one in objects if one.key.endswith(f"{rows[0][0]:x}.rows")]
    os.truncate(desk.path / "objects" / damaged.key, 50)
    run1, run3 = await desk.run("r1"), await desk.run("r3")
    with pytest.raises(StorageDamaged):
        _ = [line async for line in desk.archive.export_rows(run1, HISTORY)]
    found = [json.loads(row) async for row in desk.archive.export_rows(run3, HISTORY)]
    assert [row["_step"] for row in found] == list(range(20))
    [series] = await desk.archive.series(SeriesQuery("ann", "p", ("r1",), ("a",)))
    assert series.point_count == 26


async def test_garbage_is_counted_in_bytes(
    desk: Any, stores: Embedded | Team, embedded_only: None
) -> None:
    await fill(desk)
    stray = desk.path / "objects" / "0" / "ff.rows"
    stray.write_bytes(b"x" * 1234)
    os.utime(stray, (0, 0))

    assert await desk.archive.collect_garbage() == 1234
    assert await desk.archive.collect_garbage() == 0
    async with opened(desk, stores) as source:
        assert isinstance(source, OpenedStores)
        assert (await check(source)).problems == []


@pytest.mark.parametrize("size", [0, 1, 8 * 1024**2 - 1, 8 * 1024**2, 20 * 1024**2 + 7])
async def test_files_of_every_size_come_back(desk: Any, size: int) -> None:
    run = await desk.start()
    whole = bytes(range(251)) * (size // 251 + 1)

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, size, 700_001):
            yield whole[at : min(at + 700_001, size)]

    stored = await desk.archive.write_file(run, "x", pieces())

    assert stored.size_bytes == size
    content = await desk.archive.read_file(run, "x")
    assert b"".join([piece async for piece in content]) == whole[:size]
    if size:
        part = await desk.archive.read_file(run, "x", size - 1, size)
        assert b"".join([piece async for piece in part]) == whole[size - 1 : size]


async def test_nothing_that_a_backup_refers_to_is_swept_while_it_is_made(
    desk: Any, stores: Embedded | Team
) -> None:
    """Segments that were merged after the backup's tables were read."""
    database = desk.archive._stores.database
    for first in range(0, 60, 20):
        await desk.log(*({"_step": first + n} for n in range(20)))
        await desk.archive.compact()
    before = set(await desk.objects())
    now = desk.clock()
    await database.write(lambda db: take_lease(db, f"{BACKUP}x", "x", now, 60))

    await desk.log({"_step": 60}, complete=True, exit_code=0)
    await desk.archive.compact()  # and merge
    desk.clock.now += 50
    await desk.archive.compact()
    assert before <= set(await desk.objects())
    desk.clock.now += 50  # it was killed
    await desk.archive.compact()

    assert not before & set(await desk.objects())
