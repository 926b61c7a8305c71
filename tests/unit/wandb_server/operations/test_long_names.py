"""The longest names that are allowed fit into the indexes of either database."""

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.model.runs import RunUpsert
from wandb_server.operations.files import NAME_BYTES_MAX
from wandb_server.operations.run_limits import NAME_CHARACTERS_MAX


def name_of(length: int) -> str:
    """Four bytes a character, and nothing that a database could compress."""
    chance = random.Random(7)
    return "".join(chr(chance.randrange(0x10000, 0x20000)) for _ in range(length))


async def one_byte() -> AsyncIterator[bytes]:
    yield b"x"


async def test_runs_and_projects_take_the_longest_name(desk: Any) -> None:
    longest = name_of(NAME_CHARACTERS_MAX)

    run, _ = await desk.archive.upsert_run(
        RunUpsert(desk.user.name, longest, longest), desk.user
    )

    assert (run.project, run.name) == (longest, longest)
    with pytest.raises(QueryError, match="at most"):
        await desk.archive.create_project(desk.user.name, longest + "x")


async def test_files_take_the_longest_name(desk: Any) -> None:
    run = await desk.start()
    longest = name_of(NAME_BYTES_MAX // 4)

    stored = await desk.archive.write_file(run, longest, one_byte())

    assert stored.name == longest
    with pytest.raises(QueryError, match=str(NAME_BYTES_MAX)):
        await desk.archive.write_file(run, longest + "x", one_byte())
