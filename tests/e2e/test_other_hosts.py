"""Processes on other hosts, one core: over TLS with a token, across failures."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_core.transaction_log import read_all
from wandb_proto.places import Places

from tests.conftest import isolated_environment
from tests.support.desk import desk
from tests.support.hosts import (
    Host,
    connected_hosts,
    remote_variables,
    said_by,
    why_no_hosts,
)
from tests.support.stack import Stack
from tests.support.waiting import wait_until

SCRIPT = """
import sys, time, wandb
with wandb.init(project="hosts", id=sys.argv[1]) as run:
    print("begun", flush=True)
    for number in range(int(sys.argv[2])):
        run.log({"number": number})
        time.sleep(float(sys.argv[3]))
"""

ENDLESS = """
import itertools, pathlib, sys, time, wandb
with wandb.init(project="hosts", id=sys.argv[1]) as run:
    print("begun", flush=True)
    for number in itertools.count():
        run.log({"number": number})
        if pathlib.Path("enough").exists():
            break
        time.sleep(0.01)
"""

SHARED = """
import sys, wandb
rank = int(sys.argv[1])
settings = wandb.Settings(
    x_label=f"rank{rank}", x_primary=rank == 0, x_update_finish_state=rank == 0
)
with wandb.init(project="hosts", id="s", mode="shared", settings=settings) as run:
    for number in range(200):
        run.log({"number": number, "rank": rank})
"""

NUMBERS = "[row['number'] for row in api.run('hosts/{}').scan_history()]"


def environment_of(stack: Stack, name: str) -> dict[str, str]:
    """Of a process on another host: it has nothing in common with core's."""
    root = Path(stack.env["HOME"]).parent / name  # removed with all its processes
    root.mkdir()
    return isolated_environment(root)


@pytest.fixture
def node(stack: Stack) -> Host:
    """Another host, as far as directories go, with the variables to reach core."""
    return node_of(stack)


def node_of(user: Stack) -> Host:
    """The same for any user, with or without a server."""
    host = Host("", "", user.env)
    exports = host.core("start", "--listen", "127.0.0.1:0", "--export")
    env = environment_of(user, "node") | remote_variables(exports)
    return Host("", "127.0.0.1", env | mode_of(user))


def mode_of(user: Stack) -> dict[str, str]:
    """Where runs go, if the user said so."""
    return {k: v for k, v in user.env.items() if k == "WANDB_MODE"}


def test_a_process_elsewhere_logs_through_core(stack: Stack, node: Host) -> None:
    said = said_by(node.python(SCRIPT, "a", "300", "0"))

    assert "Run data goes to the core daemon at 127.0.0.1" in said
    assert stack.ask(NUMBERS.format("a")) == list(range(300))
    assert stack.ask("api.run('hosts/a').state") == "finished"
    assert list(Path(node.env["HOME"]).glob("wandb/*/*.wandb")) == []
    assert list(Path(node.env["WANDB_SPOOL_DIR"]).glob("*")) == []
    assert not Places.from_environment(node.env).core_lock.exists()


def test_forked_children_elsewhere_write_the_same_log(stack: Stack, node: Host) -> None:
    """A child has a ring and a link of its own, which must find the same core."""
    code = """
import os, wandb
with wandb.init(project="hosts", id="f") as run:
    run.log({"number": 0})
    run._stream.flush(10)
    if not (child := os.fork()):
        run.log({"number": 1})
        run.finish()
        os._exit(0)
    os.waitpid(child, 0)
    run.log({"number": 2})
"""
    said_by(node.python(code))

    assert sorted(stack.ask(NUMBERS.format("f"))) == [0, 1, 2]
    remote = Path(stack.env["WANDB_STATE_DIR"]) / "remote"
    assert len(list(remote.glob("*/*.wandb"))) == 1
    assert list(Path(node.env["WANDB_SPOOL_DIR"]).glob("*")) == []


def test_the_log_lies_where_core_says(stack: Stack, node: Host) -> None:
    """Whatever the run is called, and wherever the process is."""
    said_by(node.python(SCRIPT, "..", "1", "0"))

    remote = Path(stack.env["WANDB_STATE_DIR"]) / "remote"
    (log,) = remote.glob("*/*.wandb")
    assert log.parent.parent == remote
    rows = [one for one in read_all(log) if one.record.HasField("history")]
    assert len(rows) == 1


def test_core_killed_and_started_again_takes_the_rest(stack: Stack, node: Host) -> None:
    """It listens at the same address with the same token, without being asked."""
    writer = node.python(ENDLESS, "k")
    assert writer.stdout is not None
    writer.stdout.readline()
    places = Places.from_environment(stack.env)
    pid = json.loads(places.core_address.read_text())["pid"]
    wait_until(lambda: logged_numbers(stack))

    os.kill(pid, signal.SIGKILL)
    Host("", "", stack.env).core("start")
    known = logged_numbers(stack)
    wait_until(lambda: logged_numbers(stack) > known)
    Path(node.env["HOME"], "enough").touch()
    said_by(writer)

    numbers = stack.ask(NUMBERS.format("k"))
    assert numbers == list(range(logged_numbers(stack)))
    assert len(numbers) > known
    assert stack.ask("api.run('hosts/k').state") == "finished"


def test_what_a_killed_process_left_is_sent_by_the_next_one(
    stack: Stack, node: Host
) -> None:
    """No core was reachable when it died, and none of its own host takes the ring."""
    host = Host("", "", stack.env)
    host.core("stop")
    code = SCRIPT + "\n    import os; os.kill(os.getpid(), 9)"
    said_by(node.python(code, "l", "50", "0", WANDB_INIT_TIMEOUT="1"), check=False)
    spool = Path(node.env["WANDB_SPOOL_DIR"])
    (ring,) = spool.glob("*.ring")
    own_core = Host("", "", {k: v for k, v in node.env.items() if "CORE_" not in k})
    own_core.core("start")
    own_core.core("stop")
    assert ring.exists()

    host.core("start", "--listen", node.env["WANDB_CORE_ADDRESS"])
    said_by(node.python(SCRIPT, "m", "1", "0"))

    wait_until(lambda: not ring.exists())
    wait_until(lambda: stack.ask("api.run('hosts/l').state") == "crashed", 20)
    assert stack.ask(NUMBERS.format("l")) == list(range(50))


def test_who_is_not_trusted_is_told_at_once_and_nothing_is_lost() -> None:
    """A wrong secret, somebody else's certificate, and no token at all."""
    with desk(WANDB_MODE="offline") as user:
        node = node_of(user)
        fingerprint, secret = node.env["WANDB_CORE_TOKEN"].split(".")
        tokens = (
            f"{fingerprint}.{secret[::-1]}",
            f"{fingerprint[::-1]}.{secret}",
            "my-secret",
        )
        writers = [
            node.python(
                SCRIPT,
                "w",
                "1",
                "0",
                WANDB_CORE_TOKEN=token,
                WANDB_FINISH_TIMEOUT="0.5",
            )
            for token in tokens
        ]
        wrong_secret, other_certificate, no_token = (
            said_by(writer, check=token is not tokens[2])
            for writer, token in zip(writers, tokens, strict=True)
        )

        assert "refuses us: wrong token" in wrong_secret
        assert "is not the core that WANDB_CORE_TOKEN was made for" in other_certificate
        assert "WANDB_CORE_TOKEN: it is not a token of a core" in no_token
        assert "my-secret" not in no_token
        assert len(list(Path(node.env["WANDB_SPOOL_DIR"]).glob("*.ring"))) == 2


def logged_numbers(stack: Stack) -> int:
    """How many rows the logs of other hosts hold."""
    logs = (Path(stack.env["WANDB_STATE_DIR"]) / "remote").glob("*/*.wandb")
    return sum(one.record.HasField("history") for log in logs for one in read_all(log))


# ---- with network namespaces as hosts ------------------------------------------------


@pytest.fixture
def hosts(stack: Stack) -> Iterator[tuple[Host, list[Host]]]:
    """Core's host and two nodes; the server is reached from core's host alone."""
    if reason := why_no_hosts():
        pytest.skip(reason)
    quick = {"WANDB_CORE_REMOTE_PING_S": "0.5", "WANDB_CORE_REMOTE_GONE_S": "1"}
    nodes = [environment_of(stack, name) for name in ("node0", "node1")]
    with connected_hosts(stack.env | quick, *nodes) as (host, connected):
        exports = host.core("start", "--listen", ":0", "--export")
        found = remote_variables(exports)
        port = found["WANDB_CORE_ADDRESS"].rpartition(":")[2]
        for node in connected:
            node.env.update(found, WANDB_CORE_ADDRESS=f"{node.address}:{port}")
        yield host, connected
        host.core("stop")


def test_two_hosts_write_one_run(stack: Stack, hosts: tuple[Host, list[Host]]) -> None:
    _, nodes = hosts
    writers = [node.python(SHARED, str(rank)) for rank, node in enumerate(nodes)]
    for writer in writers:
        said_by(writer)

    rows = stack.ask(
        "[[r['rank'], r['number']] for r in api.run('hosts/s').scan_history()]"
    )
    for rank in range(2):
        assert [n for r, n in rows if r == rank] == list(range(200))
    assert stack.ask("api.run('hosts/s').state") == "finished"


def test_a_host_that_vanishes_has_crashed_until_it_is_back(
    stack: Stack, hosts: tuple[Host, list[Host]]
) -> None:
    """Training goes on without the network; afterwards all of it is there."""
    host, (node, _) = hosts
    writer = node.python(ENDLESS, "v")
    assert writer.stdout is not None
    writer.stdout.readline()
    wait_until(lambda: logged_numbers(stack))
    state = "api.run('hosts/v').state"
    wait_until(lambda: stack.ask(state) == "running", 20)

    node.plug(connected=False)
    known = logged_numbers(stack)
    wait_until(lambda: stack.ask(state) == "crashed", 20)
    node.plug(connected=True)
    Path(node.env["HOME"], "enough").touch()
    said_by(writer)

    numbers = stack.ask(NUMBERS.format("v"))
    assert numbers == list(range(logged_numbers(stack)))
    assert len(numbers) > known
    assert stack.ask(state) == "finished"
    assert json.loads(host.core("status", "--json"))["clients"] == []


# ---- how core is opened --------------------------------------------------------------


def test_nobody_listens_without_being_asked() -> None:
    with desk() as user:
        host = Host("", "", user.env)
        host.core("start")

        places = Places.from_environment(user.env)
        assert not places.core_listen.exists()
        assert not places.core_identity.exists()
        host.core("start", "--listen", "127.0.0.1:0")
        assert places.core_identity.stat().st_mode & 0o077 == 0
        host.core("stop")
        assert not places.core_listen.exists()


def test_a_token_can_be_made_before_there_is_a_core() -> None:
    """For a container orchestrator: identity and token are secrets made up front."""
    with desk() as user:
        host = Host("", "", user.env)
        identity = ("--identity", str(user.cwd / "identity"))
        token = host.core("token", *identity).strip()

        exports = host.core("start", "--listen", "127.0.0.1:0", *identity, "--export")

        found = remote_variables(exports)
        assert found["WANDB_CORE_TOKEN"] == token
        taken = found["WANDB_CORE_ADDRESS"]
        for address, reason in (
            ("nonsense", "not HOST:PORT"),
            (taken, "cannot listen"),
        ):
            other = Host("", "", environment_of(user, f"other-{len(address)}"))
            said = said_by(
                other.start(
                    sys.executable, "-m", "wandb_core", "serve", "--listen", address
                ),
                check=False,
            )
            assert reason in said
