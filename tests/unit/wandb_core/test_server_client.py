"""`ServerClient` against a real HTTP server: what it asks, and how it takes a no."""

import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from wandb_core.errors import (
    ChunkRejected,
    CoreError,
    NotAuthorized,
    PermanentError,
    ServerBusy,
    ServerUnavailable,
    TransientError,
)
from wandb_core.server_client import Proxies, RunFields, ServerClient
from wandb_core.server_client.file_content import FileContent

from tests.support.fake_server import API_KEY, LIVE_UPLOAD, FakeServer, Fault


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    async with FakeServer() as server:
        yield server


@pytest.fixture
async def client(server: FakeServer) -> AsyncIterator[ServerClient]:
    async with ServerClient(server.base_url, API_KEY, request_timeout_s=5) as client:
        yield client


async def test_viewer_and_features_are_read(client: ServerClient) -> None:
    viewer = await client.viewer()

    assert viewer is not None
    assert viewer.entity == "tester"
    assert await client.server_features() == {LIVE_UPLOAD}


async def test_upserted_run_says_where_it_went(
    client: ServerClient, server: FakeServer
) -> None:
    answer = await client.upsert_run(
        RunFields(name="r1", project="p", config='{"a":{"value":NaN}}', tags=("x",))
    )

    assert answer.inserted is True
    assert (answer.run.entity, answer.run.project) == ("tester", "p")
    assert answer.run.display_name == "pretty-r1"
    assert server.run("r1").fields["tags"] == ["x"]
    assert server.run("r1").fields["config"] == '{"a":{"value":NaN}}'


async def test_variables_never_set_are_explicit_nulls(
    client: ServerClient, server: FakeServer
) -> None:
    await client.upsert_run(RunFields(name="r1"))

    variables = server.of_kind("UpsertBucket")[0].body["variables"]
    assert set(variables) == {
        *("id", "name", "project", "entity", "groupName", "description"),
        *("displayName", "notes", "commit", "config", "host", "debug", "program"),
        *("repo", "jobType", "state", "sweep", "tags", "summaryMetrics"),
    }
    assert variables["description"] is None


async def test_resume_status_tells_counts_and_last_step(
    client: ServerClient, server: FakeServer
) -> None:
    assert await client.resume_status(None, "p", "r1") is None
    await client.upsert_run(
        RunFields(name="r1", project="p", config='{"_wandb":{"value":{"t":{}}}}')
    )
    rows = (
        '{"files":{"wandb-history.jsonl":{"offset":0,"content":["{\\"_step\\":7}"]}}}'
    )
    await client.post_file_stream("tester", "p", "r1", rows.encode())

    status = await client.resume_status(None, "p", "r1")

    assert status is not None
    assert status.started
    assert (status.history_line_count, status.last_step) == (1, 7)


async def test_stop_request_of_the_server_is_seen(
    client: ServerClient, server: FakeServer
) -> None:
    await client.upsert_run(RunFields(name="r1", project="p"))
    assert not (await client.post_file_stream("tester", "p", "r1", b"{}")).stopped

    server.stop_requested = True

    assert (await client.post_file_stream("tester", "p", "r1", b"{}")).stopped


async def test_file_is_put_without_key_and_with_wanted_headers(
    client: ServerClient, server: FakeServer, tmp_path: Path
) -> None:
    await client.upsert_run(RunFields(name="r1", project="p"))
    name = "media/ä b#1.txt"
    (url,) = await client.create_run_files("tester", "p", "r1", [name])
    path = tmp_path / "content"
    path.write_bytes(b"x" * 300_000)

    pieces: list[None] = []
    await client.put_file(url.url, url.headers, path, lambda: pieces.append(None))

    assert len(pieces) == 2
    assert server.run("r1").files == {name: b"x" * 300_000}
    headers = server.of_kind("put")[0].headers
    assert headers["X-Storage"] == "yes"
    assert headers["Content-Length"] == "300000"
    assert "Authorization" not in headers
    assert "Content-Type" not in headers


async def test_file_that_cannot_be_opened_is_not_the_servers_fault(
    client: ServerClient, tmp_path: Path
) -> None:
    with pytest.raises(IsADirectoryError):
        await client.put_file("http://127.0.0.1:1/a", {}, tmp_path)
    with pytest.raises(FileNotFoundError):
        await client.put_file("http://127.0.0.1:1/a", {}, tmp_path / "none")


async def test_read_error_in_the_middle_is_told_as_such() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    content = FileContent(Failing(), 10)
    with pytest.raises(OSError, match="Input/output"):
        _ = [piece async for piece in content.pieces()]

    assert content.failure is not None


async def test_file_that_grows_is_sent_as_long_as_it_was() -> None:
    content = FileContent(io.BytesIO(b"0123456789"), 4)

    assert [piece async for piece in content.pieces()] == [b"0123"]


async def test_file_that_shrank_ends_early() -> None:
    content = FileContent(io.BytesIO(b"01"), 4)

    assert [piece async for piece in content.pieces()] == [b"01"]


async def test_empty_file_is_put_too(
    client: ServerClient, server: FakeServer, tmp_path: Path
) -> None:
    await client.upsert_run(RunFields(name="r1", project="p"))
    (url,) = await client.create_run_files("tester", "p", "r1", ["empty"])
    (tmp_path / "empty").touch()

    await client.put_file(url.url, url.headers, tmp_path / "empty")

    assert server.run("r1").files == {"empty": b""}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ChunkRejected),
        (401, NotAuthorized),
        (403, NotAuthorized),
        (404, ChunkRejected),
        (413, ChunkRejected),
        (418, ServerUnavailable),
        (429, ServerBusy),
        (500, ServerUnavailable),
        (501, ChunkRejected),
        (503, ServerUnavailable),
        (302, ServerUnavailable),
    ],
)
async def test_status_decides_whether_another_attempt_helps(
    client: ServerClient, server: FakeServer, status: int, kind: type[CoreError]
) -> None:
    body = '{"errors":[{"message":"the reason"}]}'
    server.fail("*", Fault(status=status, body=body))

    with pytest.raises(kind, match="the reason"):
        await client.post_file_stream("e", "p", "r", b"{}")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2.5", 2.5),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("-1", 0.0),
        ("soon", None),
        ("nan", None),
    ],
)
async def test_retry_after_is_seconds_or_a_date(
    client: ServerClient, server: FakeServer, header: str, seconds: float | None
) -> None:
    date = "Thu, 01 Jan 2026 00:00:00 GMT"
    server.fail("*", Fault(status=429, headers={"Retry-After": header, "Date": date}))

    with pytest.raises(ServerBusy) as caught:
        await client.viewer()

    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(
    "fault",
    [
        Fault.connection_reset(),
        Fault.garbage(),
        Fault(status=200, body="[]"),
        Fault(status=200, body="{}"),
        Fault(status=200, body=""),
    ],
)
async def test_answers_that_are_none_are_transient(
    client: ServerClient, server: FakeServer, fault: Fault
) -> None:
    server.fail("*", fault)

    with pytest.raises(TransientError):
        await client.viewer()


async def test_empty_answer_to_lines_is_a_yes_but_a_web_page_is_not(
    client: ServerClient, server: FakeServer
) -> None:
    server.fail("*", Fault(status=200, body=""))
    await client.post_file_stream("e", "p", "r", b"{}")

    server.fail("*", Fault.garbage())
    with pytest.raises(ServerUnavailable, match="hotel"):
        await client.post_file_stream("e", "p", "r", b"{}")


async def test_graphql_errors_are_permanent_and_readable(
    client: ServerClient, server: FakeServer
) -> None:
    server.fail("*", Fault(status=200, body='{"errors":[{"message":"no such team"}]}'))

    with pytest.raises(PermanentError, match="no such team"):
        await client.upsert_run(RunFields(name="r"))


async def test_server_without_feature_query_has_no_features(
    client: ServerClient, server: FakeServer
) -> None:
    server.fail("*", Fault(status=200, body='{"errors":[{"message":"unknown field"}]}'))

    assert await client.server_features() == frozenset()


async def test_conflict_of_two_creations_is_tried_again(
    client: ServerClient, server: FakeServer
) -> None:
    server.fail("UpsertBucket", Fault(status=409))

    with pytest.raises(TransientError):
        await client.upsert_run(RunFields(name="r"))


async def test_silent_server_is_given_up_after_the_timeout(server: FakeServer) -> None:
    server.fail("*", Fault.slow(30))
    async with ServerClient(server.base_url, API_KEY, request_timeout_s=0.1) as client:
        with pytest.raises(ServerUnavailable, match="did not answer within"):
            await client.viewer()


async def test_closed_port_is_transient(server: FakeServer) -> None:
    await server.down()
    async with ServerClient(server.base_url, API_KEY) as client:
        with pytest.raises(ServerUnavailable):
            await client.viewer()


async def test_address_that_is_none_is_permanent() -> None:
    async with ServerClient("ftp//nowhere", API_KEY) as client:
        with pytest.raises(PermanentError):
            await client.viewer()


async def test_key_is_in_no_message_and_no_log(
    server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    key = "secret-" + "9" * 40
    with_user = server.base_url.replace("http://", "http://me:hidden@")
    server.fail("*", Fault(status=500))

    async with ServerClient(with_user, key) as client:
        for _ in range(2):
            with pytest.raises(CoreError) as caught:
                await client.viewer()
            assert "9999" not in str(caught.value)
            assert "hidden" not in str(caught.value)

    assert "9999" not in caplog.text


async def test_local_server_is_reached_through_its_unix_socket(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with (
        FakeServer(unix_socket=socket) as server,
        ServerClient("http://localhost:8080", API_KEY, unix_socket=socket) as client,
    ):
        assert await client.viewer() is not None

    assert server.requests[0].headers["Host"] == "localhost:8080"


def test_proxies_follow_the_usual_variables() -> None:
    proxies = Proxies.from_environment(
        {
            "HTTP_PROXY": "http://p:1",
            "https_proxy": "http://p:2",
            "no_proxy": ".inside.example, other",
        }
    )

    assert proxies.choose("http://x.example/a") == "http://p:1"
    assert proxies.choose("https://x.example/a") == "http://p:2"
    assert proxies.choose("https://a.inside.example") is None
    assert proxies.choose("https://inside.example") is None
    assert proxies.choose("http://other") is None
    assert proxies.choose("http://localhost:8080") is None
    assert Proxies().choose("http://x.example") is None
