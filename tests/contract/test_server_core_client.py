"""Core's client and the server understand each other, over TCP and Unix socket."""

import json
from pathlib import Path

import pytest
from wandb_core.errors import ChunkRejected, NotAuthorized
from wandb_core.server_client.client import ServerClient
from wandb_core.server_client.documents import RunFields
from wandb_proto.places import Places

from tests.support.served import KEYS, served
from tests.support.server_process import started_server

CONFIG = '{"_wandb":{"value":{"t":{"1":[1]}}},"lr":{"value":NaN}}'
FIELDS = RunFields(name="run1", project="proj", config=CONFIG, tags=("a",))


async def test_a_run_is_logged_resumed_and_ended(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as server,
        ServerClient(server.url, KEYS["ada"]) as client,
    ):
        viewer = await client.viewer()
        features = await client.server_features()
        absent = await client.resume_status(None, "proj", "run1")
        made = await client.upsert_run(FIELDS)
        again = await client.upsert_run(FIELDS)
        body = {
            "files": {
                "wandb-history.jsonl": {
                    "offset": 0,
                    "content": ['{"_step":3,"x":NaN,"_runtime":2.5}'],
                },
                "wandb-summary.json": {"offset": 0, "content": ['{"_step":3}']},
            },
            "log_id": "one",
        }
        posted = await client.post_file_stream(
            "ada", "proj", "run1", json.dumps(body).encode()
        )
        status = await client.resume_status("ada", "proj", "run1")
        (tmp_path / "out.txt").write_text("content")
        [upload] = await client.create_run_files("ada", "proj", "run1", ["out.txt"])
        await client.put_file(upload.url, upload.headers, tmp_path / "out.txt")
        end = b'{"complete": true, "exitcode": 1, "state": "crashed"}'
        await client.post_file_stream("ada", "proj", "run1", end)
        run = await server.archive.run("ada", "proj", "run1")
        _, content, _ = await server.ask("GET", "/files/ada/proj/run1/out.txt")

    assert viewer is not None
    assert (viewer.entity, viewer.username) == ("ada", "ada")
    assert "WANDB_LIVE_UPLOAD" in features
    assert absent is None
    assert (made.inserted, again.inserted) == (True, False)
    assert (made.run.entity, made.run.project) == ("ada", "proj")
    assert not posted.stopped
    assert status is not None
    assert (status.started, status.history_line_count) == (True, 1)
    assert (status.last_step, status.runtime_s) == (3, 2.5)
    assert (status.config_json, status.tags) == (CONFIG, ("a",))
    assert content == b"content"
    assert run is not None
    assert (run.state, run.exit_code) == ("crashed", 1)


async def test_what_never_succeeds_is_told_apart(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        async with ServerClient(server.url, "x" * 40) as stranger:
            with pytest.raises(NotAuthorized, match="API key"):
                await stranger.upsert_run(FIELDS)
        async with ServerClient(server.url, KEYS["bob"]) as bob:
            with pytest.raises(NotAuthorized, match="no access to entity 'ada'"):
                await bob.upsert_run(RunFields(name="r", project="p", entity="ada"))
            with pytest.raises(ChunkRejected, match="no run bob/p/absent"):
                await bob.post_file_stream("bob", "p", "absent", b"{}")
            with pytest.raises(ChunkRejected, match="not JSON"):
                await bob.post_file_stream("bob", "p", "absent", b"{")


async def test_the_local_server_is_reached_through_its_socket(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    """Goal: core needs no TCP, not even for the addresses it is given."""
    (tmp_path / "out.txt").write_text("content")
    with started_server(places_env) as server:
        path = Places.from_environment(places_env).server_socket
        async with ServerClient(server.url, server.api_key, unix_socket=path) as client:
            made = await client.upsert_run(FIELDS)
            entity = made.run.entity
            [upload] = await client.create_run_files(entity, "proj", "run1", ["o/o.t"])
            await client.put_file(upload.url, upload.headers, tmp_path / "out.txt")
        stored = server.request("GET", f"/files/{entity}/proj/run1/o/o.t")

    assert stored.body == b"content"
