"""The embedded server is found by its address file and its socket."""

import json
import socket

import pytest
from wandb_core.errors import LocalServerMissing
from wandb_core.local_server import LocalServer
from wandb_proto.places import Places, make_private


def server_of(places: Places, environ: dict[str, str]) -> LocalServer:
    make_private(places.runtime_dir)
    return LocalServer(places, environ, start_timeout_s=20.0)


def write_address(places: Places, **more: object) -> None:
    content = {"url": "http://localhost:1/", "entity": "me", **more}
    places.server_address.write_text(json.dumps(content))


def test_a_server_that_listens_is_used_as_it_is(
    places: Places, places_env: dict[str, str]
) -> None:
    server = server_of(places, places_env)
    write_address(places, socket=str(places.server_socket))

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(places.server_socket))
        listener.listen()
        address = server.ensure()

    assert address.url == "http://localhost:1"
    assert address.entity == "me"
    assert address.socket == places.server_socket


def test_a_dead_socket_means_crashed_and_no_file_means_stopped(
    places: Places, places_env: dict[str, str]
) -> None:
    server = server_of(places, places_env)
    assert not server.crashed()

    write_address(places, socket=str(places.server_socket))

    assert server.crashed()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "null", '{"url": null'])
def test_a_damaged_address_file_is_none(
    places: Places, places_env: dict[str, str], text: str
) -> None:
    server = server_of(places, places_env)
    places.server_address.write_text(text)

    assert server.address() is None


def test_a_server_that_does_not_start_says_why(
    places: Places, places_env: dict[str, str]
) -> None:
    places.data_dir.mkdir(parents=True)
    (places.data_dir / "server").write_text("a file where its directory should be")

    with pytest.raises(LocalServerMissing, match="does not start") as failure:
        server_of(places, places_env).ensure()

    assert failure.value.installed
