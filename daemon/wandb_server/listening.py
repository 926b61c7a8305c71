"""Sockets that the server listens on: TCP for browsers, a Unix socket for core."""

import contextlib
import errno
import os
import resource
import socket
from pathlib import Path

from wandb_proto.places import make_private

from wandb_server.errors import PortTaken, StartRefused

BACKLOG = 512
FREE_PORT_TRIES = 20
LOOPBACK_SEEN_BY = ("127.0.0.1", "localhost", "0.0.0.0")


def listen_tcp(host: str, port: int) -> list[socket.socket]:
    """Listening sockets on the host; on loopback IPv6 too where there is any.

    Browsers try `::1` first for `localhost`: were it left free, another user of this
    machine could listen there and be sent our user's key.

    Raises:
        PortTaken: somebody else listens on the port.
        StartRefused: there is no such address on this machine.
    """
    for _ in range(FREE_PORT_TRIES):
        first = _listen(host, port)
        if host not in LOOPBACK_SEEN_BY:
            return [first]
        chosen = first.getsockname()[1]
        try:
            return [first, _listen("::1", chosen)]
        except PortTaken:
            first.close()
            if port != 0:
                raise
        except StartRefused:
            return [first]  # no IPv6 here
    raise PortTaken(host, port)


def listen_unix(path: Path) -> socket.socket:
    """A listening Unix socket in a directory of ours alone.

    What an earlier server left there is replaced: the caller holds the lock that says
    that none is alive.
    """
    make_private(path.parent)
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(os.fspath(path))
    path.chmod(0o600)
    listener.listen(BACKLOG)
    return listener


def allow_many_files() -> None:
    """As many open files and connections as the system lets this process have: often
    1,024 are the custom, and hundreds of clients keep their connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise StartRefused(f"Cannot listen on {host}: {error.strerror}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host, port) from error
        reason = error.strerror or str(error)
        raise StartRefused(f"Cannot listen on {host}:{port}: {reason}.") from error
    return listener
