"""Files of processes on other hosts: carried to core, and from there to the server."""

import hashlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_proto.places import Places

from tests.conftest import isolated_environment
from tests.support.hosts import (
    Host,
    connected_hosts,
    remote_variables,
    said_by,
    why_no_hosts,
)
from tests.support.stack import Stack
from tests.support.waiting import wait_until

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


LARGE = """
import hashlib, os, sys, wandb
with wandb.init(project="hosts", id="l") as run:
    open("big.bin", "wb").write(os.urandom(150_000_000))
    artifact = wandb.Artifact("big", "model")
    artifact.add_file("big.bin")
    run.log_artifact(artifact)
    run.save("big.bin", policy="now")
    run.log({"number": 1})
    print("sha", hashlib.sha256(open("big.bin", "rb").read()).hexdigest())
"""

ARRIVED_BYTES = 8 << 20


def arriving(stack: Stack) -> list[Path]:
    """Files that are on their way just now, with something of them here."""
    remote = Path(stack.env["WANDB_STATE_DIR"]) / "remote"
    parts = remote.glob("*/arriving/*.part")
    return [path for path in parts if path.stat().st_size > ARRIVED_BYTES]


def test_core_killed_in_the_middle_of_a_file_takes_the_rest(stack: Stack) -> None:
    node = node_of(stack)
    writer = node.python(LARGE)
    wait_until(lambda: arriving(stack), 30)

    address = Places.from_environment(stack.env).core_address
    os.kill(json.loads(address.read_text())["pid"], signal.SIGKILL)
    had = {path.name: path.stat().st_size for path in arriving(stack)}
    Host("", "", stack.env | QUICK).core("start")
    said = said_by(writer)

    digest = said.partition("sha ")[2].split()[0]
    assert had
    assert files_at_server(stack, "hosts/l")["big.bin"] == digest
    assert artifact_at_server(stack, "hosts/big:latest") == {"big.bin": digest}
    assert stack.ask("api.artifact('hosts/big:latest').version") == "v0"
    assert stack.ask("[r['number'] for r in api.run('hosts/l').scan_history()]") == [1]


KILLED = """
import os, time, numpy as np, wandb
run = wandb.init(project="hosts", id="k")
run.log({"img": wandb.Image(np.zeros((5, 5, 3), dtype=np.uint8))})
open("live.txt", "w").write("first")
run.save("live.txt")
run._stream.flush(10)
open("end.txt", "w").write("at the end")
run.save("end.txt", policy="end")
for name, text in (("seen", "second"), ("seen-again", "last words")):
    while not os.path.exists(name):
        time.sleep(0.02)
    open("live.txt", "w").write(text)
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_process_had_not_sent_comes_with_the_next_one(
    stack: Stack,
) -> None:
    """A live file is sent whenever it changed; then it is as its process left it."""
    node = node_of(stack)
    remote = Path(stack.env["WANDB_STATE_DIR"]) / "remote"
    writer = node.python(KILLED)
    for sign, text in (("seen", "first"), ("seen-again", "second")):
        wait_until(
            lambda text=text: any(  # type: ignore[misc]
                path.read_text() == text for path in remote.glob("*/files/live.txt")
            ),
            30,
        )
        (Path(node.env["HOME"]) / sign).touch()
    said_by(writer, check=False)

    said_by(node.python("import wandb; wandb.init(project='hosts', id='n').finish()"))

    spool = Path(node.env["WANDB_SPOOL_DIR"])
    wait_until(lambda: not list(spool.glob("*")), 30)
    wait_until(lambda: stack.ask("api.run('hosts/k').state") == "crashed", 30)
    expected = {"live.txt": b"last words", "end.txt": b"at the end"}
    found = files_at_server(stack, "hosts/k")
    for name, content in expected.items():
        assert found.get(name) == hashlib.sha256(content).hexdigest()
    assert any(name.startswith("media/images/img_") for name in found)


CHILD = """
import os, numpy as np, wandb
picture = lambda n: wandb.Image(np.full((5, 5, 3), n, dtype=np.uint8))
with wandb.init(project="hosts", id="c") as run:
    run.log({"parent": picture(1)})
    run._stream.flush(10)
    if not (child := os.fork()):
        run.log({"child": picture(2)})
        run.finish()
        os._exit(0)
    os.waitpid(child, 0)
"""


def test_a_forked_child_elsewhere_sends_its_media(stack: Stack) -> None:
    node = node_of(stack)
    said_by(node.python(CHILD))

    def there() -> bool:
        names = files_at_server(stack, "hosts/c")
        return all(
            any(name.startswith(f"media/images/{key}_") for name in names)
            for key in ("parent", "child")
        )

    wait_until(there, 30)
    wait_until(lambda: not list(Path(node.env["WANDB_SPOOL_DIR"]).glob("*")), 30)


MANY = """
import os, wandb
from wandb.sdk.artifacts import records
records.ENTRIES_MAX = 10
with wandb.init(project="hosts", id="m") as run:
    artifact = wandb.Artifact("many", "data")
    for number in range(30):
        with artifact.new_file(f"f{number}") as file:
            file.write(str(number))
    run.log_artifact(artifact)
"""


def test_a_large_manifest_goes_over_with_its_files(stack: Stack) -> None:
    node = node_of(stack)
    said_by(node.python(MANY))

    found = artifact_at_server(stack, "hosts/many:v0")
    assert found == {
        f"f{number}": hashlib.sha256(str(number).encode()).hexdigest()
        for number in range(30)
    }
