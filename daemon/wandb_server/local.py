"""The local server as people see it: start, stop, open, status. Standard library only.

```
start ── spawns ──► run (detached) ── one line of JSON through a pipe ──► start prints
        data_dir/server.log ◄── what the server has to say later
```

`runtime_dir/server.lock` is held while a server of this user lives, `server.json` says
where it is. Only the lock counts as life.
"""

import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

from wandb_proto.places import Places, make_private

from wandb_server.data_dir import FileLock
from wandb_server.errors import AlreadyRunning, ServerExtraMissing, StartRefused

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
ANSWER_TIMEOUT_S = 10.0
POLL_S = 0.02
LOG_LINES_SHOWN = 15
EXTRA_MODULES = ("aiohttp", "sqlalchemy", "duckdb", "graphql", "obstore", "zstandard")


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What `server.json` says of a server that lives."""

    url: str
    pid: int
    data_dir: str
    version: str
    socket: str
    entity: str
    token: str
    """Control token: lets us ask for one-time tokens. Never shown."""

    def page(self, login_token: str, path: str = "/") -> str:
        """An address that signs a browser in, once."""
        return sign_in_address(self.url, login_token, path)


@dataclass(frozen=True, slots=True)
class StartReport:
    """What a starting server tells: where it is, or why it refused."""

    url: str = ""
    login_token: str = ""
    remarks: tuple[str, ...] = ()
    problem: str = ""
    already_running: bool = False

    def to_json(self) -> str:
        """One line."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(fields) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "StartReport":
        """The reverse of `to_json`."""
        values = json.loads(text)
        return cls(**{**values, "remarks": tuple(values["remarks"])})


def sign_in_address(url: str, login_token: str, path: str = "/") -> str:
    """The page at `path`, signing the browser in on the way."""
    return f"{url}/auth?token={login_token}&next={quote(path)}"


def server_lock(places: Places) -> Path:
    """Held while a server of this user lives."""
    return places.runtime_dir / "server.lock"


def find_running(places: Places) -> RunningServer | None:
    """The local server, None if there is none (a starting one is none yet)."""
    if not lives(places):
        return None
    try:
        values = json.loads(places.server_address.read_text(encoding="utf-8"))
        return RunningServer(**{name: values[name] for name in RunningServer.__slots__})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lives(places: Places) -> bool:
    """Whether somebody holds the lock, however far the server has come."""
    if not server_lock(places).exists():
        return False
    lock = FileLock.take(server_lock(places))
    if lock is None:
        return True
    lock.release()
    return False


def check_extra(modules: Sequence[str] = EXTRA_MODULES) -> None:
    """See that the packages of the extra are there, before anything is started.

    Raises:
        ServerExtraMissing: with the command that installs them.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise ServerExtraMissing(
            f"The server needs packages that are not installed ({', '.join(missing)}). "
            "Install this distribution again with its extra `server`, for example in "
            "a clone of the repository: pip install '.[server]'"
        )


def spawn(
    places: Places, options: Sequence[str], environ: Mapping[str, str], data_dir: Path
) -> StartReport:
    """Start a detached server and wait until it answers or refuses.

    The new process has its own session, cwd `/` and no key in its environment.

    Raises:
        StartRefused: it ended without a word, or took too long.
    """
    make_private(places.runtime_dir)
    reading, writing = os.pipe()
    clean = {name: text for name, text in environ.items() if name != "WANDB_API_KEY"}
    command = [sys.executable, "-m", "wandb_server", "run", *options]
    log = _crash_log(data_dir)
    with open(log, "ab") as output:
        process = subprocess.Popen(
            [*command, "--report-to", str(writing)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(writing,),
            start_new_session=True,
            cwd="/",
            env=clean,
        )
    os.close(writing)
    try:
        text = _read_line(reading, time.monotonic() + START_TIMEOUT_S)
    finally:
        os.close(reading)
    if text:
        process.returncode = 0  # it goes on without us: nothing to reap
        return StartReport.from_json(text)
    if process.poll() is None:
        process.terminate()
    process.wait(timeout=STOP_TIMEOUT_S)
    raise StartRefused(
        f"The server ended while starting. The end of {log}:\n{_tail(log)}"
    )


def _crash_log(data_dir: Path) -> Path:
    """Where a dying interpreter writes: beside the log, else nowhere."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = data_dir / "server.log"
        log.touch(mode=0o600)
    except OSError:
        return Path(os.devnull)  # the server itself says what is wrong
    return log


def _read_line(descriptor: int, deadline: float) -> str:
    """Up to the newline; what came when the other end closes or time is up."""
    text = b""
    while not text.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return ""
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return ""
        text += chunk
    return text.decode()


def _tail(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join("  " + line for line in lines[-LOG_LINES_SHOWN:])


def wait_for_running(places: Places) -> RunningServer:
    """The server that another process is starting just now.

    Raises:
        AlreadyRunning: it holds its lock but does not say where it is.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and lives(places):
        if (running := find_running(places)) is not None:
            return running
        time.sleep(POLL_S)
    raise AlreadyRunning(
        f"A server holds {server_lock(places)} but does not say where it listens."
    )


def ask_login_token(running: RunningServer, user: str = "") -> str:
    """A new one-time token from the running server, for its owner or another user.

    Raises:
        StartRefused: it does not answer, or has no such user.
    """
    fields = {"user": user} if user else {}
    return str(ask(running, "POST", "/api/login-token", fields)["token"])


def ask_collect_garbage(running: RunningServer) -> int:
    """Have the running server delete what nobody refers to; the bytes freed.

    Raises:
        StartRefused: it does not answer.
    """
    return int(_control(running, "/api/collect-garbage")["freedBytes"])


def ask(
    running: RunningServer, method: str, path: str, fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Ask the running server as its owner; its answer.

    Raises:
        StartRefused: it does not answer, or says no; the message is its own.
    """
    status, found = _exchange(running, method, path, dict(fields))
    if status == 200:
        return found
    messages = [error.get("message", "") for error in found.get("errors", ())]
    raise StartRefused("; ".join(messages) or f"The server answered {status}.")


def _control(running: RunningServer, path: str) -> dict[str, Any]:
    status, found = _exchange(running, "POST", path, None)
    if status != 200:
        raise StartRefused(_silent(running, str(found)))
    return found


def _exchange(
    running: RunningServer, method: str, path: str, fields: Mapping[str, Any] | None
) -> tuple[int, dict[str, Any]]:
    connection = _UnixConnection(running.socket)
    try:
        headers = {"Authorization": f"Bearer {running.token}"}
        body = None if not fields else json.dumps(fields).encode()
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        found = json.loads(answer.read())
        if not isinstance(found, dict):
            raise ValueError(str(found))
        return answer.status, found
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise StartRefused(_silent(running, str(error))) from error
    finally:
        connection.close()


def _silent(running: RunningServer, error: str) -> str:
    return f"The server at {running.url} (pid {running.pid}) does not answer: {error}"


def stop(places: Places, running: RunningServer) -> bool:
    """Ask the server to drain and end; False if it still lives after a while."""
    try:
        os.kill(running.pid, signal.SIGTERM)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while lives(places):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_S)
    return True


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=ANSWER_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_TIMEOUT_S)
        self.sock.connect(self._path)
