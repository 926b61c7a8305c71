"""`wandb server start | stop | open | status` as people meet them."""

import http.client
import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from wandb_proto import credentials
from wandb_proto.places import Places

from tests.support.server_process import (
    ServerProcess,
    server_command,
    started_server,
)
from tests.support.waiting import wait_until

FIRST_ADDRESS = re.compile(r"open\s+(http://localhost:\d+/auth\?token=\S+)")


def status_of(environment: dict[str, str]) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        server_command(environment, "status", "--json").stdout
    )
    return found


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_life_of_a_server(places_env: dict[str, str]) -> None:
    """Start, look, open, start again, stop; then everything is gone but the data."""
    netrc = Path(places_env["NETRC"])
    netrc.write_text("machine example.com\n  login me\n  password secret\n")
    places = Places.from_environment(places_env)

    started = server_command(places_env, "start", "--port", "0")
    try:
        status = status_of(places_env)
        opened = server_command(places_env, "open", "/ada/proj")
        again = server_command(places_env, "start")
        modes = [
            mode_of(path)
            for path in (netrc, places.server_address, places.server_socket)
        ]
        server = ServerProcess(
            str(status["url"]), str(status["entity"]), "", 0, Path(), places_env
        )
        first = FIRST_ADDRESS.search(started.stdout)
        assert first is not None, started.stdout + started.stderr
        signed_in = server.request("GET", first[1], key=None)
        other = server.request("GET", opened.stdout.strip(), key=None)
    finally:
        stopped = server_command(places_env, "stop")

    assert started.returncode == 0, started.stderr
    assert status["running"] is True
    assert status["data_dir"] == str(places.data_dir / "server")
    assert set(status) >= {"url", "pid", "data_dir", "version"}
    assert (signed_in.status, other.status) == (303, 303)
    assert other.headers["Location"] == "/ada/proj"
    assert again.returncode == 0
    assert f"already runs at {status['url']}" in again.stdout
    assert modes == [0o600, 0o600, 0o600]
    assert mode_of(places.data_dir / "server") == 0o700
    key = credentials.read_key(places_env, str(status["url"]))
    assert key is not None
    assert re.fullmatch(r"local-[0-9a-f]{40}", key)
    numeric = f"http://127.0.0.1:{server.port}"
    assert credentials.read_key(places_env, numeric) == key
    assert credentials.read_key(places_env, "http://example.com") == "secret"
    log = (places.data_dir / "server" / "server.log").read_text()
    assert key not in log
    assert first[1].partition("token=")[2] not in log
    assert stopped.returncode == 0
    assert "has stopped" in stopped.stdout
    assert not places.server_address.exists()
    assert not places.server_socket.exists()
    assert status_of(places_env) == {"running": False}


def test_commands_without_a_server_say_how_to_start_one(
    places_env: dict[str, str],
) -> None:
    opened = server_command(places_env, "open")
    status = server_command(places_env, "status")
    stopped = server_command(places_env, "stop")

    assert opened.returncode == 1
    assert "wandb server start" in opened.stderr
    assert status.returncode == 1
    assert "wandb server start" in status.stdout
    assert stopped.returncode == 0


def test_a_taken_port_is_named_and_never_left_for_another(
    places_env: dict[str, str],
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]

        done = server_command(places_env, "start", "--port", str(port))

    assert done.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr
    assert status_of(places_env) == {"running": False}


def test_the_port_is_remembered_and_data_and_key_survive(
    places_env: dict[str, str],
) -> None:
    port = str(free_port())
    with started_server(places_env, ["--port", port]) as first:
        first.graphql(
            'mutation { upsertBucket(input: {name: "r", modelName: "p"}) '
            "{ bucket { id } } }"
        )
        first.kill()
        wait_until(lambda: status_of(places_env) == {"running": False})

        with started_server(places_env, []) as second:
            data = second.graphql('{ project(name: "p") { run(name: "r") { name } } }')

    assert second.url == first.url == f"http://localhost:{port}"
    assert second.api_key == first.api_key
    assert data["project"]["run"] == {"name": "r"}


def test_another_place_for_a_running_server_is_explained(
    places_env: dict[str, str],
) -> None:
    with started_server(places_env) as server:
        port = server_command(places_env, "start", "--port", "1234")
        data = server_command(places_env, "start", "--data-dir", "/elsewhere")
        same = server_command(
            places_env, "start", "--data-dir", str(server.data_dir), "--quiet"
        )

    assert (port.returncode, data.returncode, same.returncode) == (1, 1, 0)
    assert "wandb server start --port 1234" in port.stderr
    assert "wandb server start --data-dir /elsewhere" in data.stderr
    assert same.stdout == same.stderr == ""


CONNECT_AS_NOBODY = """
import os, socket, sys
os.setgid(65534); os.setuid(65534)
for path in sys.argv[1:]:
    try:
        if path.endswith(".sock"):
            socket.socket(socket.AF_UNIX).connect(path)
        else:
            open(path).close()
        print("entered", path)
    except PermissionError:
        pass
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_of_the_machine_finds_every_door_closed(
    places_env: dict[str, str],
) -> None:
    Path(places_env["HOME"]).parent.chmod(0o755)  # the doors themselves must hold
    Path(places_env["HOME"]).chmod(0o755)
    places = Places.from_environment(places_env)

    with started_server(places_env) as server:
        doors = [
            places.server_socket,
            places.server_address,
            server.data_dir / "wandb.db",
            server.data_dir / "server.log",
            Path(places_env["NETRC"]),
        ]
        done = subprocess.run(
            [sys.executable, "-c", CONNECT_AS_NOBODY, *map(str, doors)],
            capture_output=True,
            text=True,
            check=False,
        )
        page = server.request("GET", "/", key=None)

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert page.status == 401


def test_damaged_settings_are_told_kept_and_made_anew(
    places_env: dict[str, str],
) -> None:
    data_dir = Places.from_environment(places_env).data_dir / "server"
    data_dir.mkdir(parents=True)
    (data_dir / "settings.json").write_text("{ half a fi")

    done = server_command(places_env, "start", "--port", "0")
    server_command(places_env, "stop")

    assert done.returncode == 0, done.stderr
    assert "settings.json was damaged" in done.stdout
    assert (data_dir / "settings.json.damaged-1").read_text() == "{ half a fi"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--data-dir", "/proc/nowhere"], "cannot be used"),
        (["--port", "http"], "is not a port number"),
        (["--port", "70000"], "is not a port number"),
        (["--public-url", "localhost", "--port", "0"], "must be http"),
        (["--host", "203.0.113.7", "--port", "0"], "Cannot listen on 203.0.113.7"),
    ],
)
def test_what_cannot_work_is_told_in_one_message(
    places_env: dict[str, str], options: list[str], words: str
) -> None:
    done = server_command(places_env, "start", *options)

    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_core_is_answered_through_the_unix_socket(places_env: dict[str, str]) -> None:
    with started_server(places_env) as server:
        path = str(Places.from_environment(places_env).server_socket)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(path)
        connection.request(
            "GET",
            "/api/session",
            headers={"Authorization": f"Bearer {server.api_key}"},
        )
        answer = json.loads(connection.getresponse().read())
        connection.close()

    assert answer["user"] == answer["entity"] == server.entity
    assert answer["local"] is True


def test_an_unwritable_netrc_does_not_stop_the_server(
    places_env: dict[str, str],
) -> None:
    """Goal: the key is shown once instead. Method: netrc lies below a file."""
    blocker = Path(places_env["HOME"]) / "blocker"
    blocker.touch()
    environment = {**places_env, "NETRC": str(blocker / "netrc")}

    done = server_command(environment, "start", "--port", "0")
    server_command(environment, "stop")

    assert done.returncode == 0, done.stderr
    assert re.search(r"WANDB_API_KEY=local-[0-9a-f]{40}", done.stdout)


def test_two_starts_at_once_make_one_server(places_env: dict[str, str]) -> None:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(
            pool.map(
                lambda _: server_command(places_env, "start", "--port", "0"), range(2)
            )
        )
    try:
        urls = {
            match[0]
            for one in done
            if (match := re.search(r"http://localhost:\d+", one.stdout))
        }
    finally:
        server_command(places_env, "stop")

    assert [one.returncode for one in done] == [0, 0], [one.stderr for one in done]
    assert len(urls) == 1


def test_sigterm_ends_open_streams_at_once(places_env: dict[str, str]) -> None:
    with started_server(places_env) as server:
        server.graphql(
            'mutation { upsertBucket(input: {name: "r", modelName: "p"}) '
            "{ bucket { id } } }"
        )
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request(
            "GET",
            f"/api/changes?entity={server.entity}&project=p",
            headers={"Authorization": f"Bearer {server.api_key}"},
        )
        stream = connection.getresponse()
        assert stream.readline().startswith(b"retry")

        done = server_command(places_env, "stop")
        rest = stream.read()
        connection.close()

    assert done.returncode == 0
    assert rest is not None


def test_a_port_found_by_the_system_is_remembered(places_env: dict[str, str]) -> None:
    """Core starts a crashed server again; runs must find it where it was."""
    with started_server(places_env) as first:
        url = first.url
    server_command(places_env, "start", "--quiet")
    try:
        status = json.loads(server_command(places_env, "status", "--json").stdout)
    finally:
        server_command(places_env, "stop")

    assert status["url"] == url


def test_a_first_port_that_is_none_is_refused(places_env: dict[str, str]) -> None:
    done = server_command(places_env | {"WANDB_SERVER_PORT": "many"}, "start")

    assert done.returncode == 1
    assert "WANDB_SERVER_PORT: 'many' is not a port number" in done.stderr


def test_a_server_ends_when_its_data_directory_is_removed(
    places_env: dict[str, str],
) -> None:
    with started_server(places_env) as server:
        log = (server.data_dir / "server.log").open()
        shutil.rmtree(server.data_dir)

        wait_until(lambda: not status_of(places_env)["running"], timeout_s=20)

        assert "data directory was removed" in log.read()
        log.close()
    assert not server.data_dir.exists()
