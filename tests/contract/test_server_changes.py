"""A stream of changes ends when its reader may no longer look into the project."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.served import KEYS, MAKE_RUN, Served, served

ENDS_WITHIN_S = 20.0


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    """ada and bob are in team `lab`, where a run goes on."""
    async with served(tmp_path) as running:
        await admin(running, "POST", "/teams", name="lab", members=["ada", "bob"])
        variables = {"name": "r1", "entity": "lab", "project": "p"}
        await running.graphql(MAKE_RUN, variables)
        yield running


async def admin(server: Served, method: str, path: str, **fields: Any) -> Any:
    """Body of the admin API, asked by ada."""
    more = {"json": fields} if fields else {}
    status, body, _ = await server.ask(method, f"/api/admin{path}", **more)
    assert status in (200, 201), body
    return body


async def log_row(server: Served, step: int) -> None:
    chunk = {"offset": step, "content": [f'{{"_step":{step}}}']}
    status, body, _ = await server.ask(
        "POST",
        "/files/lab/p/r1/file_stream",
        json={"files": {"wandb-history.jsonl": chunk}},
    )
    assert status == 200, body


async def listen_until_ended(
    server: Served, user: str, after_first: Callable[[], Awaitable[Any]]
) -> None:
    """Open a stream, do `after_first`, and read while rows arrive, until it ends."""
    url = f"{server.url}/api/changes?entity=lab&project=p"
    async with server.session.get(url, headers=server.credentials(user)) as stream:
        assert stream.status == 200
        await stream.content.readuntil(b"\n\n")
        await log_row(server, 0)
        assert b'"lastStep":0' in await stream.content.readuntil(b"\n\n")
        await after_first()
        step = 0
        async with asyncio.timeout(ENDS_WITHIN_S):
            while not stream.content.at_eof():
                step += 1
                await log_row(server, step)
                try:
                    async with asyncio.timeout(0.2):
                        await stream.content.readline()
                except TimeoutError:
                    continue


async def test_a_member_who_leaves_the_team_hears_no_more(server: Served) -> None:
    async def leave() -> None:
        await admin(server, "DELETE", "/teams/lab/members/bob")

    await listen_until_ended(server, "bob", leave)

    status, _, _ = await server.ask(
        "GET", "/api/changes?entity=lab&project=p", user="bob"
    )
    assert status == 404


async def test_a_revoked_key_hears_no_more(server: Served) -> None:
    async def revoke() -> None:
        user = await server.archive.user_of_key(KEYS["bob"])
        assert user is not None
        [key] = await server.archive.keys_of(user)
        assert await server.archive.revoke_key(key.id)

    await listen_until_ended(server, "bob", revoke)

    status, _, _ = await server.ask(
        "GET", "/api/changes?entity=lab&project=p", user="bob"
    )
    assert status == 401


async def test_a_member_who_stays_hears_on(server: Served) -> None:
    async def wait() -> None:
        await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2.5):
            await listen_until_ended(server, "bob", wait)
