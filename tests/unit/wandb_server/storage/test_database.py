"""Group commit."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, make_url, select
from wandb_server.errors import StorageBusy, StorageError
from wandb_server.storage import people, removal
from wandb_server.storage.database import Database, open_database
from wandb_server.storage.engines import open_engine
from wandb_server.storage.schema import users


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path}/x.db")
    yield opened
    await opened.close()


async def count(database: Database) -> int:
    return await database.read(
        lambda db: db.scalar(select(func.count()).select_from(users)) or 0
    )


async def test_changes_of_many_callers_are_all_made_in_order(
    database: Database,
) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(
                database.write(
                    lambda db, n=number: people.create_user(  # type: ignore[misc]
                        db, f"u{n}", "", admin=False, now=0.0
                    )
                )
            )
            for number in range(300)
        ]

    assert [task.result().id for task in tasks] == list(range(1, 301))


async def test_a_change_that_fails_is_undone_alone(database: Database) -> None:
    def fail(db: Connection) -> None:
        people.create_user(db, "half", "", admin=False, now=0.0)
        raise ZeroDivisionError

    def make(db: Connection) -> None:
        people.create_user(db, "whole", "", admin=False, now=0.0)

    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(make))
        failing = group.create_task(expect_failure(database, fail))
        group.create_task(database.write(make))

    assert failing.result()
    assert await count(database) == 1


async def expect_failure(database: Database, change: object) -> bool:
    with pytest.raises(ZeroDivisionError):
        await database.write(change)  # type: ignore[arg-type]
    return True


async def test_errors_of_the_database_are_ours(database: Database) -> None:
    with pytest.raises(StorageError, match="no such table"):
        await database.read(lambda db: db.exec_driver_sql("SELECT * FROM absent"))
    with pytest.raises(StorageError):
        await database.write(
            lambda db: db.exec_driver_sql("INSERT INTO users (id) VALUES (1)")
        )


async def test_a_cancelled_caller_leaves_the_database_usable(
    database: Database,
) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            task = group.create_task(
                database.write(
                    lambda db, n=number: people.create_user(  # type: ignore[misc]
                        db, f"u{n}", "", admin=False, now=0.0
                    )
                )
            )
            await asyncio.sleep(0)
            task.cancel()

    # Changes are made in order: behind this one all that will be made are made.
    last = await database.write(
        lambda db: people.create_user(db, "last", "", admin=False, now=0.0)
    )
    assert await count(database) == last.id


async def test_a_full_disk_fails_the_post_and_not_the_next(database: Database) -> None:
    """max_page_count stands for the disk: the database refuses to grow."""

    def grow(db: Connection) -> None:
        for number in range(400):
            people.create_user(db, f"{number}" + "x" * 2000, "", admin=False, now=0.0)

    await database.write(
        lambda db: db.exec_driver_sql("PRAGMA max_page_count = 100").all()
    )
    with pytest.raises(StorageError, match="full"):
        await database.write(grow)
    assert await count(database) == 0

    limit = "PRAGMA max_page_count = 1000000"
    await database.write(lambda db: db.exec_driver_sql(limit).all())
    await database.write(grow)
    assert await count(database) == 400


def test_messages_show_no_password_of_the_database() -> None:
    url = make_url(
        "postgresql://ann:first@db.example/w?password=second&sslmode=require"
    )
    opened = open_engine(url)

    assert opened.place == "postgresql://ann:***@db.example/w"


async def test_what_is_being_swept_can_no_longer_be_made_live(
    database: Database,
) -> None:
    [old, new] = await database.write(
        lambda db: [
            *removal.reserve_objects(db, 0, ["blob"], 100.0),
            *removal.reserve_objects(db, 0, ["blob"], 200.0),
        ]
    )

    claimed = await database.write(lambda db: removal.claim_garbage(db, 150.0))

    assert claimed == [(old, "blob", 0)]
    with pytest.raises(StorageBusy, match="send again"):
        await database.write(lambda db: removal.make_live(db, old, 5))
    await database.write(lambda db: removal.make_live(db, new, 5))
