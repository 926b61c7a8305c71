"""The server of the upload tests does what the tests believe."""

import asyncio

import aiohttp
import pytest

from tests.support.fake_server import API_KEY, FakeServer, Fault

AUTH = aiohttp.encode_basic_auth("api", API_KEY)


async def ask(server: FakeServer, operation: str, **variables: object) -> object:
    body = {"operationName": operation, "query": "", "variables": variables}
    async with (
        aiohttp.ClientSession(headers={"Authorization": AUTH}) as session,
        session.post(f"{server.base_url}/graphql", json=body) as answer,
    ):
        assert answer.status == 200
        return (await answer.json())["data"]


async def post(server: FakeServer, **body: object) -> tuple[int, str]:
    url = f"{server.base_url}/files/e/p/r1/file_stream"
    async with (
        aiohttp.ClientSession(headers={"Authorization": AUTH}) as session,
        session.post(url, json=body) as answer,
    ):
        return answer.status, await answer.text()


def rows(offset: int, *lines: str) -> dict[str, object]:
    return {"wandb-history.jsonl": {"offset": offset, "content": lines}}


async def test_lines_are_kept_by_number_and_conflicts_noticed() -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        await post(server, files=rows(0, "0", "1"))
        await post(server, files=rows(1, "1", "2"))
        assert server.run("r1").history == [0, 1, 2]
        assert server.run("r1").conflicts == []

        await post(server, files=rows(2, "3"))
        assert len(server.run("r1").conflicts) == 1


async def test_forgetful_server_ignores_a_seen_offset() -> None:
    async with FakeServer(dedup="chunk") as server:
        await ask(server, "UpsertBucket", name="r1")
        await post(server, files=rows(0, "0"))
        await post(server, files=rows(0, "0", "1"))

        assert server.run("r1").history == [0]


async def test_missing_line_is_an_error() -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        await post(server, files=rows(5, "5"))
        await post(server, files=rows(7, "7"))

        with pytest.raises(AssertionError, match="has no lines"):
            _ = server.run("r1").history


async def test_wrong_key_is_refused() -> None:
    async with FakeServer(api_key="other") as server:
        assert (await post(server))[0] == 401


async def test_faults_come_in_order_and_end() -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        server.fail("file_stream", Fault(status=500), times=2)
        server.fail("*", Fault.garbage())

        statuses = [(await post(server))[0] for _ in range(4)]

        assert statuses == [500, 500, 200, 200]
        assert server.failure_count == 3
        assert len(server.of_kind("file_stream")) == 4


@pytest.mark.parametrize("after", [False, True])
async def test_reset_connection_may_have_had_its_effect(after: bool) -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        server.fail("file_stream", Fault.connection_reset(after=after))

        with pytest.raises(aiohttp.ClientError):
            await post(server, files=rows(0, "0"))

        assert bool(server.run("r1").lines) is after


async def test_server_comes_back_on_the_same_port_with_its_data() -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        url = server.base_url
        await server.down()
        with pytest.raises(aiohttp.ClientError):
            await post(server)

        await server.up()

        assert server.base_url == url
        assert (await post(server))[0] == 200


async def test_slow_request_is_answered_in_the_end() -> None:
    async with FakeServer() as server:
        await ask(server, "UpsertBucket", name="r1")
        server.fail("file_stream", Fault.slow(0.05))
        async with asyncio.timeout(5):
            status, _ = await post(server, files=rows(0, "0"))

    assert status == 200
    assert server.run("r1").history == [0]
