"""What operators look at: /metrics, rate limits, the log, draining."""

import asyncio
import base64
import http.client
import json
import os
import re
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.served import CONTROL_TOKEN, MAKE_RUN, Served, served
from tests.support.server_process import started_server
from tests.support.waiting import wait_until

SAMPLE = re.compile(
    r"^(?P<name>[a-z_]+)(?:\{(?P<labels>[^}]*(?:\{[^}]*\}[^}]*)*)\})? (?P<value>\S+)$"
)
CONTROL = {"Authorization": f"Bearer {CONTROL_TOKEN}"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


async def scraped(server: Served) -> dict[tuple[str, str], float]:
    """(name, labels) -> value, of every line that is a sample."""
    status, body, headers = await server.ask(
        "GET", "/metrics", user=None, headers=CONTROL
    )
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = {}
    for line in body.decode().splitlines():
        if not line.startswith("#"):
            match = SAMPLE.match(line)
            assert match is not None, line
            found[match["name"], match["labels"] or ""] = float(match["value"])
    return found


# ---- /metrics ------------------------------------------------------------------------


async def test_metrics_count_requests_rows_and_what_is_stored(server: Served) -> None:
    await server.graphql(MAKE_RUN, {"name": "run1", "project": "proj"})
    await server.post_rows("run1", ['{"_step": 0, "a": 1}', '{"_step": 1, "a": 2}'])
    await server.ask("GET", "/files/ada/proj/run1/absent")
    async with server.session.get(
        f"{server.url}/api/changes?project=proj", headers=server.credentials("ada")
    ):
        streaming = await scraped(server)
    found = await scraped(server)

    route = 'method="POST",route="/graphql",status="200"'
    assert found["wandb_requests_total", route] == 1
    missing = 'method="GET",route="/files/{entity}/{project}/{run}/{name:.+}"'
    assert found["wandb_requests_total", f'{missing},status="404"'] == 1
    assert found["wandb_request_seconds_count", 'method="POST",route="/graphql"'] == 1
    assert found["wandb_ingested_lines_total", 'file="wandb-history.jsonl"'] == 2
    assert found["wandb_tail_rows", ""] == 2
    assert found["wandb_runs", 'state="running"'] == 1
    assert streaming["wandb_open_changes", ""] == 1


async def test_the_histogram_counts_upwards_to_all(server: Served) -> None:
    for _ in range(3):
        await server.ask("GET", "/healthz")

    found = await scraped(server)
    ends = [
        value
        for (name, labels), value in found.items()
        if name == "wandb_request_seconds_bucket" and 'route="/healthz"' in labels
    ]
    assert ends == sorted(ends)
    assert ends[-1] == 3


async def test_metrics_are_for_admins_unless_opened(
    server: Served, tmp_path: Path
) -> None:
    statuses = [
        (await server.ask("GET", "/metrics", user=user))[0]
        for user in ("ada", "bob", None)
    ]
    async with served(tmp_path / "open", metrics_open=True) as opened:
        status, body, _ = await opened.ask("GET", "/metrics", user=None)

    assert statuses == [200, 403, 401]
    assert status == 200
    assert b"wandb_users 2" in body


# ---- rate limits ---------------------------------------------------------------------


async def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    """ada is the local user, and never slowed; bob may ask three times at once."""
    async with served(tmp_path, requests_per_s=0.5, requests_burst=3) as server:
        statuses = [
            (await server.ask("GET", "/api/session", user="bob"))[0] for _ in range(4)
        ]
        _, body, headers = await server.ask("POST", "/graphql", user="bob", json={})
        local = [(await server.ask("GET", "/api/session"))[0] for _ in range(9)]
        server.clock.now += int(headers["Retry-After"])
        later, _, _ = await server.ask("GET", "/api/session", user="bob")
        again, _, _ = await server.ask("GET", "/api/session", user="bob")
        measured = await scraped(server)

    assert statuses == [200, 200, 200, 429]
    assert headers["Retry-After"] == "2"
    assert "too often" in body["errors"][0]["message"]
    assert local == [200] * 9
    assert (later, again) == (200, 429)
    assert measured["wandb_slowed_total", ""] == 3


async def test_without_a_rate_nobody_is_slowed(server: Served) -> None:
    async with asyncio.TaskGroup() as tasks:
        asked = [
            tasks.create_task(server.ask("GET", "/api/session", user="bob"))
            for _ in range(50)
        ]

    assert {task.result()[0] for task in asked} == {200}


# ---- the process ---------------------------------------------------------------------


def test_the_log_is_json_when_asked_for(places_env: dict[str, str]) -> None:
    environment = {**places_env, "WANDB_SERVER_LOG": "json"}
    with started_server(environment) as server:
        log = server.data_dir / "server.log"
        token = json.loads((server.data_dir / "settings.json").read_text())["secret"]

    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"time", "level", "logger", "message"} <= set(lines[0])
    assert [line["message"].partition(" ")[0] for line in lines] == [
        "serving",
        "draining",
    ]
    assert server.api_key not in log.read_text()
    assert token not in log.read_text()


def test_a_draining_server_finishes_what_was_begun(places_env: dict[str, str]) -> None:
    """An upload whose second half comes after SIGTERM, and a stream without an end."""
    with started_server(places_env) as server:
        server.graphql(MAKE_RUN, {"name": "r", "project": "p"})
        key = base64.b64encode(f"api:{server.api_key}".encode()).decode()
        upload = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        upload.putrequest("PUT", f"/files/{server.entity}/p/r/a.txt")
        upload.putheader("Authorization", f"Basic {key}")
        upload.putheader("Content-Length", "10")
        upload.endheaders(b"first")
        stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        headers = {"Authorization": f"Basic {key}"}
        stream.request("GET", "/api/changes?project=p", headers=headers)
        changes = stream.getresponse()

        os.kill(server.pid, signal.SIGTERM)
        wait_until(lambda: not accepts(server.port))
        upload.send(b"other")
        stored = upload.getresponse().status
        told = changes.read()
        upload.close()
        stream.close()
        wait_until(lambda: not Path(f"/proc/{server.pid}/exe").exists())
    with started_server(places_env) as server:
        kept = server.request("GET", f"/files/{server.entity}/p/r/a.txt")

    assert stored == 200
    assert b": connected" in told
    assert kept.body == b"firstother"


def accepts(port: int) -> bool:
    """Whether a new connection is taken."""
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
