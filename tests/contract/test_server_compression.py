"""Long GraphQL answers are compressed for those who can read it, over TCP only."""

import gzip
import http.client
import json
import socket
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from wandb_proto.places import Places

from tests.support.server_process import ServerProcess, started_server

LONG = "{ __schema { types { name fields { name description } } } }"
SHORT = "{ viewer { username } }"


@pytest.fixture
def server(places_env: dict[str, str]) -> Any:
    with started_server(places_env) as running:
        yield running


def ask(
    server: ServerProcess, query: str, accepted: str, *, unix: bool = False
) -> tuple[str | None, bytes]:
    """(coding, body as sent)."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    if unix:
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.connect(
            str(Places.from_environment(dict(server.environment)).server_socket)
        )
    headers = {
        "Authorization": f"Bearer {server.api_key}",
        "Accept-Encoding": accepted,
    }
    body = json.dumps({"query": query})
    connection.request("POST", "/graphql", body, headers)
    answer = connection.getresponse()
    found = answer.getheader("Content-Encoding"), answer.read()
    connection.close()
    return found


def test_long_answers_over_tcp_are_compressed(server: ServerProcess) -> None:
    plain: dict[str, Callable[[bytes], bytes]] = {
        "gzip": gzip.decompress,
        "deflate": zlib.decompress,
    }
    coding, whole = ask(server, LONG, "identity")
    assert coding is None
    assert len(whole) > 4096

    for name, decompress in plain.items():
        coding, body = ask(server, LONG, name)
        assert coding == name
        assert len(body) < len(whole) / 3
        assert decompress(body) == whole

    assert ask(server, SHORT, "gzip")[0] is None
    assert ask(server, LONG, "gzip", unix=True) == (None, whole)
