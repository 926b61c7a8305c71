"""Artifacts through the whole system: log, use, download, sync, kill, both clients."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

from tests.support.stack import Stack
from tests.support.waiting import wait_until

LOG = """
import os, wandb
os.makedirs("data/sub", exist_ok=True)
for name, content in (("a.txt", b"hello"), ("data/one", b"1"), ("data/sub/two", b"22")):
    with open(name, "wb") as file:
        file.write(content)
run = wandb.init(project="p", id="maker")
made = wandb.Artifact("x", "dataset", description="d", metadata={"k": 1})
made.add_file("a.txt")
made.add_dir("data", name="d")
made.add_reference("file://" + os.path.abspath("a.txt"), name="ref.txt")
made.add(wandb.Table(columns=["n"], data=[[7]]), "table")
run.log_artifact(made, aliases=["best"], tags=["t"])
"""
WAIT = "made.wait(30)\nprint(made.qualified_name, made.digest)\n"
READ = """
import json, os, wandb
api = wandb.Api()
found = api.artifact("p/x:best")
root = found.download("got")
files = {}
for parent, _, names in os.walk(root):
    for name in names:
        with open(os.path.join(parent, name), "rb") as file:
            path = os.path.relpath(os.path.join(parent, name), root)
            files[path] = file.read().decode()
print(json.dumps({
    "name": found.qualified_name, "digest": found.digest, "files": files,
    "metadata": found.metadata, "aliases": sorted(found.aliases), "tags": found.tags,
    "description": found.description, "type": found.type,
    "table": found.get("table").data, "state": found.state,
}))
"""
USE = """
import wandb
with wandb.init(project="p", id="user") as run:
    used = run.use_artifact("x:latest")
    print(used.download())
    model = run.log_model("a.txt", name="m", aliases=["prod"])
    model.wait(30)
    linked = run.link_model("a.txt", "registered", name="m", aliases=["champion"])
    print(linked.qualified_name, sorted(linked.aliases))
"""


def last_json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    return found


def expected(entity: str, digest: str) -> dict[str, Any]:
    return {
        "name": f"{entity}/p/x:best",
        "digest": digest,
        "metadata": {"k": 1},
        "aliases": ["best", "latest"],
        "tags": ["t"],
        "description": "d",
        "type": "dataset",
        "table": [[7]],
        "state": "COMMITTED",
    }


def check(found: dict[str, Any], entity: str, digest: str) -> None:
    files = found.pop("files")
    assert found == expected(entity, digest)
    assert json.loads(files.pop("table.table.json"))["data"] == [[7]]
    assert files == {
        "a.txt": "hello",
        "d/one": "1",
        "d/sub/two": "22",
        "ref.txt": "hello",
    }


def test_logged_artifact_is_downloaded_used_and_linked(stack: Stack) -> None:
    name, digest = stack.run(LOG + WAIT + "run.finish()").stdout.split()
    entity = name.split("/")[0]

    check(last_json(stack.run(READ).stdout), entity, digest)
    root, linked, *aliases = stack.run(USE).stdout.split(maxsplit=2)

    assert (stack.cwd / root / "a.txt").read_text() == "hello"
    assert linked == f"{entity}/model-registry/registered:v0"
    assert "champion" in aliases[0]
    assert stack.ask('[a.name for a in api.run("p/user").used_artifacts()]') == ["x:v0"]
    logged = stack.ask('[a.name for a in api.run("p/maker").logged_artifacts()]')
    assert logged == ["x:v0"]
    assert stack.ask('api.artifact("p/x:v0").logged_by().id') == "maker"
    staging = Path(stack.env["WANDB_DATA_DIR"]) / "artifacts" / "staging"
    assert list(staging.iterdir()) == []


def test_finish_waits_for_artifacts(stack: Stack) -> None:
    stack.run(LOG + "run.finish()")

    assert stack.ask('api.artifact("p/x:v0").file_count') == 5


def test_offline_artifact_is_synced_once(stack: Stack) -> None:
    stack.run(LOG + "run.finish()", WANDB_MODE="offline")
    (folder,) = (stack.cwd / "wandb").glob("offline-run-*")

    stack.wandb("sync", str(folder))
    stack.wandb("sync", "--include-synced", str(folder))

    found = last_json(stack.run(READ).stdout)
    check(found, found["name"].split("/")[0], found["digest"])
    assert stack.ask('len(api.artifacts("dataset", "p/x"))') == 1


def test_official_client_reads_what_ours_logged(
    stack: Stack, official_python: str
) -> None:
    name, digest = stack.run(LOG + WAIT + "run.finish()").stdout.split()

    read = stack.call(official_python, "-c", READ, WANDB_BASE_URL=stack.url)

    check(last_json(read.stdout), name.split("/")[0], digest)


def test_ours_reads_what_the_official_client_logged(
    stack: Stack, official_python: str
) -> None:
    code = LOG + WAIT + "run.finish()"
    done = stack.call(official_python, "-c", code, WANDB_BASE_URL=stack.url)
    name, digest = done.stdout.split()[-2:]

    check(last_json(stack.run(READ).stdout), name.split("/")[0], digest)


def test_offline_artifacts_sync_across_the_clients(
    stack: Stack, official_python: str
) -> None:
    """Ours syncs the official log, the official client syncs ours."""
    ours = LOG.replace('"maker"', '"ours"').replace('"x"', '"x-ours"')
    official = LOG.replace('"maker"', '"theirs"').replace('"x"', '"x-theirs"')
    stack.run(ours + "run.finish()", WANDB_MODE="offline")
    stack.call(official_python, "-c", official + "run.finish()", WANDB_MODE="offline")
    (our_log,) = (stack.cwd / "wandb").glob("offline-run-*-ours")
    (their_log,) = (stack.cwd / "wandb").glob("offline-run-*-theirs")

    stack.wandb("sync", str(their_log))
    stack.call(
        str(Path(official_python).with_name("wandb")),
        "sync",
        str(our_log),
        WANDB_BASE_URL=stack.url,
    )

    for name in ("ours", "theirs"):
        found = last_json(stack.run(READ.replace("p/x:", f"p/x-{name}:")).stdout)
        assert found["name"].endswith(f"/p/x-{name}:best")
        assert found["files"]["d/sub/two"] == "22"
        assert found["table"] == [[7]]
        assert stack.ask(f'api.artifact("p/x-{name}:v0").logged_by().id') == name


MANY = """
import os, wandb
os.makedirs("many", exist_ok=True)
for index in range(200):
    with open(f"many/{index}", "wb") as file:
        file.write(os.urandom(200_000))
with wandb.init(project="p", id="maker") as run:
    made = wandb.Artifact("many", "dataset")
    made.add_dir("many")
    run.log_artifact(made)
    print("LOGGED", flush=True)
    made.wait(60)
    print(made.name)
"""


def test_killed_core_goes_on_with_an_artifact(stack: Stack) -> None:
    """Goal: nothing lost and no second version. Method: SIGKILL core as soon as the
    first files are at the server; the script waits on.
    """
    script = stack.start(MANY)
    objects = Path(stack.env["WANDB_DATA_DIR"]) / "server" / "objects"

    def has_some() -> bool:
        return sum(1 for p in objects.rglob("*") if p.is_file()) > 10

    wait_until(has_some, timeout_s=30)
    os.kill(stack.core_status()["pid"], signal.SIGKILL)
    out, _ = script.communicate(timeout=90)

    assert script.returncode == 0, out
    assert out.split() == ["LOGGED", "many:v0"]
    assert stack.ask('api.artifact("p/many:v0").file_count') == 200
    assert stack.ask('len(api.artifacts("dataset", "p/many"))') == 1
    assert stack.ask('len(list(api.artifact("p/many:v0").files()))') == 200


def test_commands_put_list_get_and_clean(stack: Stack) -> None:
    (stack.cwd / "data").mkdir()
    (stack.cwd / "data" / "one").write_text("1")

    put = stack.call(
        *python(
            "-m", "wandb.cli", "artifact", "put", "data", "-n", "p/cli", "-a", "new"
        )
    )
    listed = stack.call(*python("-m", "wandb.cli", "artifact", "ls", "p"))
    stack.call(
        *python("-m", "wandb.cli", "artifact", "get", "p/cli:new", "--root", "o")
    )
    cleaned = stack.call(
        *python("-m", "wandb.cli", "artifact", "cache", "cleanup", "0MB")
    )

    assert 'run.use_artifact("' in put.stderr
    assert re.search(r"dataset .*cli:v0", listed.stdout)
    assert (stack.cwd / "o" / "one").read_text() == "1"
    assert "Reclaimed 1.0B" in cleaned.stderr


def python(*arguments: str) -> tuple[str, ...]:
    import sys

    return (sys.executable, *arguments)
