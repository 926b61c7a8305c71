"""Two servers of a team: one PostgreSQL, one bucket; each of the three is killed."""

import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import end_processes_below, isolated_environment
from tests.support.postgres import Postgres, find_binaries, running_postgres
from tests.support.server_process import (
    ServerProcess,
    running_server,
    server_command,
    started_server,
)
from tests.support.stores import EMULATOR_KEY, Team, running_s3

MAKE_RUN = """mutation ($run: String!) {
  upsertBucket(input: {name: $run, modelName: "p"}) { bucket { id } }
}"""
ROWS = """query ($entity: String!, $run: String!) {
  project(name: "p", entityName: $entity) { run(name: $run) {
    history(samples: 100000)
  } }
}"""
FILES = """mutation ($entity: String!) { createRunFiles(input: {
  entityName: $entity, projectName: "p", runName: "r1", files: ["a.bin"]
}) { files { uploadUrl } } }"""
READ_FILE = """query ($entity: String!) { project(name: "p", entityName: $entity) {
  run(name: "r1") { files(names: ["a.bin"]) { edges { node { directUrl md5 } } } }
} }"""
CHUNK_ROWS = 20


@pytest.fixture
def root() -> Iterator[Path]:
    """A short path: it holds sockets."""
    with tempfile.TemporaryDirectory(prefix="tm-", dir="/tmp") as directory:
        yield Path(directory)


@contextmanager
def team(root: Path) -> Iterator[tuple[Postgres, list[ServerProcess]]]:
    """PostgreSQL, a bucket and two servers that share them."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with ExitStack() as running:
        running.callback(end_processes_below, root)
        postgres = running.enter_context(running_postgres(binaries))
        stores = Team(postgres, running.enter_context(running_s3()))
        shared = {
            "WANDB_SERVER_DATABASE_URL": postgres.create("team"),
            "WANDB_SERVER_OBJECT_URL": stores.object_url("team"),
            "WANDB_SERVER_SECRET": "s" * 40,
            "AWS_SECRET_ACCESS_KEY": EMULATOR_KEY,
        }
        servers = []
        for name in ("a", "b"):
            (root / name).mkdir()
            environment = {**isolated_environment(root / name), **shared}
            servers.append(running.enter_context(started_server(environment)))
        yield postgres, servers


def send(server: ServerProcess, path: str, body: Any) -> Any:
    """POST until it is taken, as core does: whoever is dead comes back."""
    data, deadline = json.dumps(body).encode(), time.monotonic() + 60
    while True:
        try:
            answer = server.request("POST", path, data)
            if answer.status == 200:
                return answer.json
            assert answer.status in (429, 500, 502, 503), answer.body
        except OSError:
            pass
        assert time.monotonic() < deadline, "the server did not come back"
        threading.Event().wait(0.1)


def log(server: ServerProcess, log_id: str, chunks: int, sent: list[int]) -> None:
    """History rows of one log, chunk after chunk."""
    path = f"/files/{server.entity}/p/r1/file_stream"
    for chunk in range(chunks):
        first = chunk * CHUNK_ROWS
        lines = [
            json.dumps({"_step": first + n, "log": log_id, "n": first + n})
            for n in range(CHUNK_ROWS)
        ]
        files = {"wandb-history.jsonl": {"offset": first, "content": lines}}
        send(server, path, {"files": files, "log_id": log_id})
        sent[0] += 1


def test_rows_survive_whoever_is_killed(root: Path) -> None:
    with team(root) as (postgres, servers):
        a, b = servers
        a.graphql(MAKE_RUN, {"run": "r1"})
        chunks, sent = 40, ([0], [0])
        writers = [
            threading.Thread(target=log, args=(server, name, chunks, count))
            for server, name, count in zip(servers, "xy", sent, strict=True)
        ]
        for writer in writers:
            writer.start()
        wait_for(lambda: sent[0][0] >= 8)
        postgres.stop("immediate")
        postgres.start()
        wait_for(lambda: sent[0][0] >= 16)
        a.kill()
        port = str(a.port)
        started = server_command(a.environment, "start", "--port", port)
        assert started.returncode == 0, started.stderr
        for writer in writers:
            writer.join(120)
            assert not writer.is_alive()

        for server in (running_server(a.environment), b):
            entity = server.entity
            run = server.graphql(ROWS, {"entity": entity, "run": "r1"})["project"][
                "run"
            ]
            rows = [json.loads(row) for row in run["history"]]
            seen = Counter((row["log"], row["n"]) for row in rows)
            wanted = {(name, n) for name in "xy" for n in range(chunks * CHUNK_ROWS)}
            assert set(seen) == wanted
            assert set(seen.values()) == {1}


def test_a_file_put_at_one_is_read_at_the_other(root: Path) -> None:
    with team(root) as (_, (a, b)):
        a.graphql(MAKE_RUN, {"run": "r1"})
        made = a.graphql(FILES, {"entity": a.entity})["createRunFiles"]
        content = bytes(range(256)) * 50_000
        put = a.request("PUT", made["files"][0]["uploadUrl"], content, key=None)
        assert put.status == 200, put.body

        found = b.graphql(READ_FILE, {"entity": b.entity})["project"]["run"]["files"]
        node = found["edges"][0]["node"]
        # The address names the server that gave it; the signature is good at both.
        at_a = node["directUrl"].replace(f":{b.port}", f":{a.port}")
        assert b.request("GET", node["directUrl"], key=None).body == content
        assert a.request("GET", at_a, key=None).body == content


def test_a_shared_database_asks_for_a_shared_secret(places_env: dict[str, str]) -> None:
    places_env["WANDB_SERVER_DATABASE_URL"] = "postgresql://x@/y"

    done = server_command(places_env, "start", "--port", "0")

    assert done.returncode == 1
    assert "WANDB_SERVER_SECRET" in done.stderr
    assert "openssl rand -hex 32" in done.stderr


def wait_for(reached: Any) -> None:
    """Until it is so."""
    deadline = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
