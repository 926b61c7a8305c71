"""Find and start the embedded server that unconfigured users log to.

```
 ensure() ─► server.json there and its socket answers? ─► use it
                 │ no
                 └► python -m wandb_server start --quiet ─► read server.json
```
"""

import importlib.util
import json
import logging
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from wandb_proto.places import Places

from wandb_core.errors import LocalServerMissing

_log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 2.0
OUTPUT_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class LocalServerAddress:
    """The content of server.json that core needs."""

    url: str
    socket: Path | None
    entity: str


ANSWER_WAIT_S = 10.0
ANSWER_POLL_S = 0.05


class LocalServer:
    """The embedded server of this user; its methods block."""

    def __init__(
        self, places: Places, environ: Mapping[str, str], start_timeout_s: float
    ) -> None:
        self._places = places
        self._environ = environ
        self._start_timeout_s = start_timeout_s
        self._one_at_a_time = threading.Lock()

    def address(self) -> LocalServerAddress | None:
        """What the address file says, without asking whether anybody listens."""
        try:
            found = json.loads(self._places.server_address.read_bytes())
            url, path = str(found["url"]), found.get("socket")
            return LocalServerAddress(
                url=url.rstrip("/"),
                socket=Path(path) if path else None,
                entity=str(found.get("entity") or ""),
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def crashed(self) -> bool:
        """An address file is there, but nobody listens. A stopped server has none."""
        address = self.address()
        return address is not None and not _listens(address)

    def ensure(self) -> LocalServerAddress:
        """Return its address, after starting it if need be.

        Raises:
            LocalServerMissing: it is not installed, or does not start.
        """
        with self._one_at_a_time:
            address = self.address()
            if address is not None and _listens(address):
                return address
            self._start(address)
            return self._wait_for_answer()

    def _wait_for_answer(self) -> LocalServerAddress:
        """Another process may be starting it: then the address file is still that of
        the one that was killed, and nobody listens there yet.
        """
        deadline = time.monotonic() + ANSWER_WAIT_S
        while True:
            address = self.address()
            if address is not None and _listens(address):
                return address
            if time.monotonic() > deadline:
                raise LocalServerMissing(
                    "The local server was started but does not answer; "
                    "run `wandb server start` to see why."
                )
            time.sleep(ANSWER_POLL_S)

    def _start(self, crashed: LocalServerAddress | None) -> None:
        """Run its start command; one that crashed gets the port that it had."""
        if importlib.util.find_spec("wandb_server") is None or not _is_installed():
            raise LocalServerMissing(
                "The local server is not installed: pip install 'wandb[server]', "
                "or set WANDB_BASE_URL to a server of your own.",
                installed=False,
            )
        _log.info("local_server_start")
        command = [sys.executable, "-m", "wandb_server", "start", "--quiet"]
        if crashed is not None and (port := urlsplit(crashed.url).port):
            command += ["--port", str(port)]
        try:
            ended = subprocess.run(
                command,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=self._start_timeout_s,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise LocalServerMissing(
                f"The local server does not start: {error}"
            ) from error
        if ended.returncode:
            text = ended.stdout.decode(errors="replace").strip()
            raise LocalServerMissing(
                "The local server does not start: "
                f"{text[-OUTPUT_CHARACTERS_MAX:] or f'exit code {ended.returncode}'}"
            )


def _is_installed() -> bool:
    """Whether the extra `server` was installed, judged by two of its packages."""
    return all(importlib.util.find_spec(name) for name in ("sqlalchemy", "graphql"))


def _listens(address: LocalServerAddress) -> bool:
    if address.socket is None:
        return True
    with (
        suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection,
    ):
        connection.settimeout(CONNECT_TIMEOUT_S)
        connection.connect(str(address.socket))
        return True
    return False
