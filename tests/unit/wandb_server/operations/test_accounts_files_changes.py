"""Who may come in, whole files, and the feed of changes."""

import asyncio
import base64
import hashlib
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from wandb_server.errors import NotFound, QueryError, StorageError
from wandb_server.operations import ArchiveSettings, open_archive

KEY = "local-" + "0123456789" * 4


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def read(desk: Any, run: Any, name: str) -> bytes | None:
    pieces = await desk.archive.read_file(run, name)
    return None if pieces is None else b"".join([piece async for piece in pieces])


# ---- accounts ------------------------------------------------------------------------


async def test_keys_are_found_by_hash_listed_and_revoked(desk: Any) -> None:
    key = await desk.archive.add_key(desk.user, KEY, "first")
    await desk.archive.add_key(desk.user, KEY, "renamed")

    assert await desk.archive.user_of_key(KEY) == desk.user
    [listed] = await desk.archive.keys_of(desk.user)
    assert (listed.label, listed.hint, listed.id) == ("renamed", KEY[:8], key.id)
    assert await desk.archive.revoke_key(key.id)
    assert not await desk.archive.revoke_key(key.id)
    assert await desk.archive.user_of_key(KEY) is None


@pytest.mark.usefixtures("embedded_only")
async def test_no_secret_is_in_the_database(desk: Any) -> None:
    await desk.archive.add_key(desk.user, KEY, "x")
    await desk.archive.add_login_token(desk.user, "token-" + KEY, desk.clock.now + 9)
    await desk.archive.add_session(desk.user, "session-" + KEY, desk.clock.now + 9)

    with closing(sqlite3.connect(desk.path / "wandb.db")) as connection:
        dump = "\n".join(connection.iterdump())

    assert "0123456789" * 4 not in dump


async def test_login_tokens_work_once_and_expire(desk: Any) -> None:
    now = desk.clock.now
    for token, end in (("a", now + 5), ("b", now - 5)):
        await desk.archive.add_login_token(desk.user, token, end)

    assert await desk.archive.redeem_login_token("b", now) is None
    assert await desk.archive.redeem_login_token("a", now) == desk.user
    assert await desk.archive.redeem_login_token("a", now) is None


async def test_sessions_expire(desk: Any) -> None:
    now = desk.clock.now
    await desk.archive.add_session(desk.user, "s", now + 5)

    assert await desk.archive.user_of_session("s", now) == desk.user
    assert await desk.archive.user_of_session("s", now + 5) is None
    assert await desk.archive.user_of_session("t", now) is None


async def test_users_are_made_once(desk: Any) -> None:
    again = await desk.archive.create_user("ann", email="other")
    bob = await desk.archive.create_user("bob", admin=True)

    assert again == desk.user
    assert list(await desk.archive.users()) == [desk.user, bob]
    assert await desk.archive.user_named("bob") == bob
    assert await desk.archive.user_named("eve") is None


# ---- files ---------------------------------------------------------------------------


async def test_files_are_written_read_and_replaced(desk: Any) -> None:
    run = await desk.start()
    await desk.archive.write_file(run, "media/a.png", body(b"12", b"", b"345"))

    stored = await desk.archive.write_file(run, "./media//a.png", body(b"new"))

    assert await read(desk, run, "media\\a.png") == b"new"
    digest = hashlib.md5(b"new", usedforsecurity=False).digest()
    assert stored.md5_base64 == base64.b64encode(digest).decode()
    assert (stored.size_bytes, stored.mimetype) == (3, "image/png")
    assert len(await desk.objects()) == 1
    assert await read(desk, run, "absent") is None


@pytest.mark.usefixtures("embedded_only")
async def test_file_names_are_data(desk: Any) -> None:
    run = await desk.start()
    names = ["../../../etc/x", "/abs", "a b", "ü\n", "con", "x" * 1000, "%2e%2e/y"]
    for name in names:
        await desk.archive.write_file(run, name, body(name.encode()))

    for name in names:
        assert await read(desk, run, name) == name.encode()
    ours = ("objects", "workspace", "cache")
    outside = [p for p in desk.path.iterdir() if p.name not in ours]
    assert all(p.name.startswith("wandb.db") for p in outside)


async def test_files_are_listed_by_name_and_pattern(desk: Any) -> None:
    run = await desk.start()
    for name in ("b.txt", "a.txt", "media/c.png"):
        await desk.archive.write_file(run, name, body(b""))

    async def names(**values: Any) -> list[str]:
        return [file.name for file in await desk.archive.files(run, **values)]

    assert await names() == ["a.txt", "b.txt", "media/c.png"]
    assert await names(names=["./a.txt", "zzz"]) == ["a.txt"]
    assert await names(pattern="media/%") == ["media/c.png"]


async def test_a_broken_upload_leaves_the_old_file_and_no_bytes(desk: Any) -> None:
    run = await desk.start()
    await desk.archive.write_file(run, "x", body(b"old"))

    async def broken() -> AsyncIterator[bytes]:
        yield b"ne"
        raise ConnectionError("gone")

    with pytest.raises(Exception, match="gone"):
        await desk.archive.write_file(run, "x", broken())
    desk.clock.now += 1
    await desk.archive.compact()

    assert await read(desk, run, "x") == b"old"
    assert len(await desk.objects()) == 1


async def test_names_that_cannot_be_and_deleted_runs_are_refused(desk: Any) -> None:
    run = await desk.start()
    for name in ("", ".", "x" * 5000):
        with pytest.raises(QueryError):
            await desk.archive.write_file(run, name, body(b""))
    await desk.archive.delete_run(run.storage_id)
    with pytest.raises(NotFound):
        await desk.archive.write_file(run, "x", body(b""))


# ---- changes -------------------------------------------------------------------------


async def test_a_slow_reader_gets_the_latest_change_per_run(desk: Any) -> None:
    changes = desk.archive.subscribe("ann", "p")
    await desk.start("a")
    await desk.start("b")
    for step in range(5):
        await desk.log({"_step": step}, name="a")

    first, second = await anext(changes), await anext(changes)

    assert (first.run, first.last_step, first.history_line_count) == ("a", 4, 5)
    assert (second.run, second.state) == ("b", "running")


async def test_changes_end_when_closed_and_other_projects_are_not_told(
    desk: Any,
) -> None:
    changes = desk.archive.subscribe("ann", "other")
    await desk.start("a")

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(anext(changes, None))
        await asyncio.sleep(0)
        await changes.aclose()

    assert waiting.result() is None


async def test_a_waiting_reader_is_woken(desk: Any) -> None:
    changes = desk.archive.subscribe("ann", "p")
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(anext(changes))
        await asyncio.sleep(0)
        await desk.start("a")

    assert waiting.result().run == "a"
    await desk.post("a", complete=True)
    assert (await anext(changes)).state == "finished"


# ---- opening -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("database", "objects"),
    [
        ("postgresql://nobody@/d?host={path}", "file://{path}/o"),
        ("mysql://h/d", "file://{path}/o"),
        ("sqlite://", "file:///tmp"),
        ("sqlite:////proc/nothing/x.db", "file:///proc/nothing"),
        ("sqlite:///{path}/x.db", "ftp://host/bucket"),
        ("sqlite:///{path}", "file://{path}/objects"),
    ],
)
async def test_places_that_cannot_be_used_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: str, objects: str
) -> None:
    """Before anything is written, in the working directory above all."""
    (elsewhere := tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(elsewhere)

    with pytest.raises((StorageError, OSError)):
        await open_archive(
            database.format(path=tmp_path), objects.format(path=tmp_path)
        )
    assert list(elsewhere.iterdir()) == []


async def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    place = (f"sqlite:///{tmp_path}/x.db", f"file://{tmp_path}/objects")
    await (await open_archive(*place)).close()
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(StorageError, match="newer"):
        await open_archive(*place)


async def test_a_damaged_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database " * 100)

    with pytest.raises(StorageError, match="not a database"):
        await open_archive(
            f"sqlite:///{tmp_path}/x.db",
            f"file://{tmp_path}/objects",
            settings=ArchiveSettings(),
        )


def test_the_database_is_private(tmp_path: Path) -> None:
    async def make() -> None:
        archive = await open_archive(
            f"sqlite:///{tmp_path}/x.db", f"file://{tmp_path}/objects"
        )
        await archive.create_user("x")
        await archive.close()

    asyncio.run(make())

    assert (tmp_path / "x.db").stat().st_mode & 0o077 == 0
