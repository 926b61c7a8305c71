"""Clients that break off, dribble, lie about offsets, and come all at once."""

import json
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.crash.server_clients import READ, UPSERT, Line, Records
from tests.support.forked_servers import ForkedServers
from tests.support.stores import Embedded
from tests.support.waiting import wait_until

LIMITS = {
    "first_request_s": 0.5,
    "idle_s": 2.0,
    "body_s_max": 1.0,
    "silence_s_max": 1.0,
}
CROWD = 300


@pytest.fixture(scope="module")
def servers() -> Iterator[ForkedServers]:
    root = Path(tempfile.mkdtemp(prefix="rc-", dir="/tmp"))
    try:
        with ForkedServers(Embedded().place(root), root, limits=LIMITS) as running:
            running.start()
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def line(servers: ForkedServers) -> Iterator[Line]:
    made = Line(servers.port, servers.api_key, servers.entity, Records())
    yield made
    made.close()


@pytest.fixture
def run(line: Line, request: pytest.FixtureRequest) -> str:
    name = f"r{abs(hash(request.node.name)) % 10**9}"
    line.graphql(UPSERT, run=name, config="{}")
    return name


def rows_of(line: Line, run: str) -> list[int]:
    found = line.graphql(READ, entity=line.entity, run=run)["project"]["run"]
    return [json.loads(row)["v"] for row in found["history"]]


def body_of(first: Any, values: list[int]) -> bytes:
    content = [json.dumps({"_step": value, "v": value}) for value in values]
    files = {"wandb-history.jsonl": {"offset": first, "content": content}}
    return json.dumps({"files": files}).encode()


def stream(line: Line, run: str) -> str:
    return f"/files/{line.entity}/p/{run}/file_stream"


def head(line: Line, method: str, path: str, length: int) -> bytes:
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: 127.0.0.1",
        *(f"{name}: {value}" for name, value in line._headers.items()),
        f"Content-Length: {length}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def opened(servers: ForkedServers) -> socket.socket:
    return socket.create_connection(("127.0.0.1", servers.port), timeout=20)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_post_that_breaks_off_is_not_stored_and_can_be_sent_again(
    servers: ForkedServers, line: Line, run: str, share: float
) -> None:
    body = body_of(0, list(range(2_000)))
    for _ in range(5):
        with closing(opened(servers)) as rude:
            rude.sendall(head(line, "POST", stream(line, run), len(body)))
            rude.sendall(body[: int(len(body) * share)])
    assert rows_of(line, run) == []

    line.ask("POST", stream(line, run), body)

    assert rows_of(line, run) == list(range(2_000))


def test_half_a_file_replaces_nothing_and_leaves_nothing(
    servers: ForkedServers, line: Line, run: str
) -> None:
    path = f"/files/{line.entity}/p/{run}/a.bin"
    line.ask("PUT", path, b"whole" * 1_000)
    before = set((servers.data_dir / "objects").rglob("*"))

    with closing(opened(servers)) as rude:
        rude.sendall(head(line, "PUT", path, 50_000_000) + bytes(9_000_000))

    assert line.ask("GET", path) == b"whole" * 1_000
    objects = servers.data_dir / "objects"
    wait_until(lambda: set(objects.rglob("*")) == before)


def test_a_body_that_dribbles_is_given_up_with_a_status_that_is_retried(
    servers: ForkedServers, line: Line, run: str
) -> None:
    paths = [stream(line, run), "/graphql"]
    with ExitStack() as running:
        asked = []
        for path in paths:
            rude = running.enter_context(closing(opened(servers)))
            rude.sendall(head(line, "POST", path, 1_000) + b"{")
            asked.append(rude)
        put = running.enter_context(closing(opened(servers)))
        path = f"/files/{line.entity}/p/{run}/slow.bin"
        put.sendall(head(line, "PUT", path, 1_000) + b"x")
        for rude in [*asked, put]:
            assert rude.recv(65_536).startswith(b"HTTP/1.1 408 ")


def test_hundreds_of_heads_that_never_end_keep_nobody_waiting(
    servers: ForkedServers, line: Line, run: str
) -> None:
    """Method: each sends a byte now and then, as slowloris does."""
    with ExitStack() as running:
        rude = [running.enter_context(closing(opened(servers))) for _ in range(CROWD)]
        gone = 0

        def dribble() -> bool:
            nonlocal gone
            for one in list(rude):
                try:
                    one.sendall(b"G" if one.getpeername() else b"")
                except OSError:
                    rude.remove(one)
                    gone += 1
            return not rude

        line.ask("POST", stream(line, run), body_of(0, [0]))
        wait_until(dribble, 30)

    assert gone == CROWD
    assert rows_of(line, run) == [0]


def test_a_connection_that_asks_now_and_then_is_kept(
    servers: ForkedServers, line: Line
) -> None:
    with closing(opened(servers)) as polite:
        for _ in range(3):
            polite.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert polite.recv(65_536).startswith(b"HTTP/1.1 200")
            threading.Event().wait(0.8)  # longer than a first request may take


@pytest.mark.parametrize("first", [-1, "x", 1.5, 2**63, 2**70, [0]])
def test_an_offset_that_cannot_be_is_refused_and_named(
    line: Line, run: str, first: Any
) -> None:
    status, answer = line._once("POST", stream(line, run), body_of(first, [1]))

    assert status == 400
    assert b"offset" in answer
    assert rows_of(line, run) == []


def test_what_is_sent_twice_or_overlaps_is_stored_once(line: Line, run: str) -> None:
    for first, values in (
        (0, [0, 1, 2]),
        (0, [0, 1, 2]),
        (1, [1, 2, 3]),
        (2, [2, 3, 4]),
    ):
        line.ask("POST", stream(line, run), body_of(first, values))

    assert rows_of(line, run) == [0, 1, 2, 3, 4]


def test_of_two_writers_with_one_offset_each_line_is_of_one_of_them(
    servers: ForkedServers, line: Line, run: str
) -> None:
    """Not in shared mode: they know nothing of each other."""
    others = [
        Line(servers.port, servers.api_key, servers.entity, Records()) for _ in range(2)
    ]

    def write(one: Line, factor: int) -> None:
        for first in range(0, 200, 10):
            values = [factor * 1_000 + n for n in range(first, first + 10)]
            one.ask("POST", stream(line, run), body_of(first, values))

    threads = [
        threading.Thread(target=write, args=(one, factor))
        for factor, one in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for one in others:
        one.close()

    found = rows_of(line, run)
    assert sorted(value % 1_000 for value in found) == list(range(200))


def test_lines_behind_a_gap_are_kept_and_the_gap_can_be_filled(
    line: Line, run: str
) -> None:
    line.ask("POST", stream(line, run), body_of(5, [5, 6]))
    assert rows_of(line, run) == [5, 6]

    line.ask("POST", stream(line, run), body_of(0, [0, 1, 2, 3, 4, 5, 6]))

    assert rows_of(line, run) == [0, 1, 2, 3, 4, 5, 6]
