"""Files of processes on other hosts: carried to core, and from there to the server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import isolated_environment
from tests.support.hosts import (
    Host,
    connected_hosts,
    remote_variables,
    said_by,
    why_no_hosts,
)
from tests.support.stack import Stack

QUICK = {
    "WANDB_CORE_LIVE_FILE_LOOK_S": "0.2",
    "WANDB_CORE_LIVE_FILE_PAUSE_S": "0.2",
}

EVERYTHING = """
import hashlib, json, os, numpy as np, wandb
made = {}
def keep(name, path): made[name] = hashlib.sha256(open(path, "rb").read()).hexdigest()
with wandb.init(project="hosts", id="e") as run:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    run.log({"img": wandb.Image(pixels), "plain": 1})
    run.log({"tab": wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])})
    os.makedirs("data/deep", exist_ok=True)
    open("data/deep/live.bin", "wb").write(os.urandom(3_000_000))
    open("data/end.txt", "w").write("at the end")
    open("data/now.txt", "w").write("at once")
    run.save("data/deep/live.bin")
    run.save("data/now.txt", policy="now")
    run.save("data/end.txt", policy="end")
    open(os.path.join(run.dir, "mine.txt"), "w").write("never named")
    artifact = wandb.Artifact("weights", "model")
    artifact.add_file("data/deep/live.bin", "w.bin")
    artifact.add_dir("data", "d")
    run.log_artifact(artifact)
    artifact.wait(60)
    print("committed", flush=True)
    files = run.dir
for parent, _, names in os.walk(files):
    for name in names:
        path = os.path.join(parent, name)
        keep(os.path.relpath(path, files), path)
print("MADE", json.dumps(made))
"""

READ = """
import hashlib, json, os, sys, tempfile, wandb
api = wandb.Api()
run = api.run(sys.argv[1])
folder = tempfile.mkdtemp()
found = {}
for file in run.files():
    file.download(root=folder, replace=True)
    content = open(os.path.join(folder, file.name), "rb").read()
    found[file.name] = hashlib.sha256(content).hexdigest()
print(json.dumps(found))
"""


def environment_of(stack: Stack, name: str) -> dict[str, str]:
    """Of a process on another host: it has nothing in common with core's."""
    root = Path(stack.env["HOME"]).parent / name
    root.mkdir()
    return isolated_environment(root)


def node_of(stack: Stack, **settings: str) -> Host:
    """Another host, as far as directories go, with the variables to reach core."""
    host = Host("", "", stack.env | QUICK | settings)
    exports = host.core("start", "--listen", "127.0.0.1:0", "--export")
    env = environment_of(stack, "node") | remote_variables(exports)
    return Host("", "127.0.0.1", env)


@pytest.fixture
def far(stack: Stack) -> Iterator[Host]:
    """A host with a network of its own, which reaches core's host and nothing else."""
    if reason := why_no_hosts():
        pytest.skip(reason)
    node_env = environment_of(stack, "node")
    with connected_hosts(stack.env | QUICK, node_env) as (host, (node,)):
        found = remote_variables(host.core("start", "--listen", ":0", "--export"))
        port = found["WANDB_CORE_ADDRESS"].rpartition(":")[2]
        node.env.update(found, WANDB_CORE_ADDRESS=f"{node.address}:{port}")
        yield node
        host.core("stop")


def files_at_server(stack: Stack, run: str) -> dict[str, str]:
    """SHA-256 of every file of a run, by name, as the server gives it back."""
    said = stack.run(READ, run).stdout
    found: dict[str, str] = json.loads(said.splitlines()[-1])
    return found


def artifact_at_server(stack: Stack, name: str) -> dict[str, str]:
    """The same of an artifact."""
    code = """
import hashlib, json, os, sys, wandb
folder = wandb.Api().artifact(sys.argv[1]).download()
print(json.dumps({
    os.path.relpath(os.path.join(parent, name), folder):
        hashlib.sha256(open(os.path.join(parent, name), "rb").read()).hexdigest()
    for parent, _, names in os.walk(folder) for name in names
}))
"""
    found: dict[str, str] = json.loads(stack.run(code, name).stdout.splitlines()[-1])
    return found


def test_all_kinds_of_files_of_another_host_reach_the_server(
    stack: Stack, far: Host
) -> None:
    said = said_by(far.python(EVERYTHING))

    made = json.loads(said.partition("MADE ")[2].splitlines()[0])
    found = files_at_server(stack, "hosts/e")
    assert {name: found.get(name) for name in made} == made
    assert {"mine.txt", "data/now.txt", "requirements.txt"} <= made.keys(), made
    assert any(name.startswith("media/images/img_") for name in made)
    assert any(name.startswith("media/table/tab_") for name in made)
    assert "committed" in said
    assert "this host does not reach: its version is not known here" in said
    assert artifact_at_server(stack, "hosts/weights:v0") == {
        name.replace("data", "d", 1): digest
        for name, digest in made.items()
        if name.startswith("data/")
    } | {"w.bin": made["data/deep/live.bin"]}
    assert list(Path(far.env["HOME"]).rglob("artifacts/staging/*")) == []
    assert list(Path(far.env["WANDB_SPOOL_DIR"]).glob("*")) == []
    remote = Path(stack.env["WANDB_STATE_DIR"]) / "remote"
    assert list(remote.glob("*/artifacts/staging/*")) == []
    assert list(remote.glob("*/arriving/*")) == []
