"""`wandb server backup | restore | check | gc` as an operator meets them."""

import json
from pathlib import Path

from wandb_proto.places import Places

from tests.support.server_process import server_command, started_server

MAKE_RUN = """mutation { upsertBucket(input: {name: "r1", modelName: "p"}) {
  bucket { id } } }"""
COUNT = """query ($entity: String!) { project(name: "p", entityName: $entity) {
  run(name: "r1") { historyLineCount history(samples: 10) } } }"""


def test_from_backup_to_restored_server(places_env: dict[str, str]) -> None:
    target = Path(places_env["HOME"]) / "all.tar"
    data_dir = Places.from_environment(places_env).data_dir / "server"
    with started_server(places_env) as server:
        server.graphql(MAKE_RUN)
        lines = {"offset": 0, "content": ['{"_step": 0, "a": 1}', '{"_step": 1}']}
        rows = json.dumps({"files": {"wandb-history.jsonl": lines}}).encode()
        path = f"/files/{server.entity}/p/r1/file_stream"
        assert server.request("POST", path, rows).status == 200
        expected = server.graphql(COUNT, {"entity": server.entity})

        made = server_command(places_env, "backup", str(target))
        checked = server_command(places_env, "check")
        collected = server_command(places_env, "gc")
        refused = server_command(places_env, "restore", str(target))
    assert made.returncode == 0, made.stderr
    assert str(target) in made.stdout
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "0 problems" in checked.stdout
    assert collected.stdout == "0 bytes freed.\n"
    assert refused.returncode == 1
    assert "wandb server stop" in refused.stderr
    full = server_command(places_env, "restore", str(target))
    assert full.returncode == 1
    assert "empty stores" in full.stderr

    data_dir.rename(data_dir.with_name("old"))
    restored = server_command(places_env, "restore", str(target))
    assert restored.returncode == 0, restored.stderr
    with started_server(places_env) as server:
        assert server.graphql(COUNT, {"entity": server.entity}) == expected
    offline = server_command(places_env, "gc")
    assert (offline.returncode, offline.stdout) == (0, "0 bytes freed.\n")


def test_check_tells_damage_and_fails(places_env: dict[str, str]) -> None:
    with started_server(places_env) as server:
        server.graphql(MAKE_RUN)
        data_dir = server.data_dir
    with (data_dir / "wandb.db").open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096)

    checked = server_command(places_env, "check")

    assert checked.returncode == 1
    assert checked.stdout + checked.stderr


def test_what_is_no_backup_is_refused(places_env: dict[str, str]) -> None:
    text = Path(places_env["HOME"]) / "x.tar"
    text.write_text("no tar")
    for name in (text, text.with_name("absent")):
        refused = server_command(places_env, "restore", str(name))
        assert refused.returncode == 1
        assert "not a whole backup" in refused.stderr
