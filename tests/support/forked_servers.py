"""Servers by the thousand: forked from one process that has imported everything.

```python
with ForkedServers(place, root) as servers:
    servers.start()                  # answers soon; about 0.2 s
    servers.kill()                   # SIGKILL
    servers.start()                  # the same stores, the same address
```

The listening socket belongs to the parent, so that the address stays and nobody can
take the port between two servers. A server is the real one (`serve`) with the settings
of a busy day: it compacts all the time, and what is long is short.
"""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wandb_proto import credentials

from tests.conftest import isolated_environment
from tests.support.stores import Place

BUSY_ARCHIVE: Mapping[str, Any] = {
    "tail_rows_max": 60,
    "merge_count": 3,
    "block_points_min": 1,
    "undo_grace_s": 1,
    "garbage_age_s": 3,
    "stray_interval_s": 1,
    "lease_s": 2,
}
START_S = 60.0


class ForkedServers:
    """One server at a time over one pair of stores, at one address."""

    def __init__(
        self,
        place: Place,
        root: Path,
        *,
        archive: Mapping[str, Any] = BUSY_ARCHIVE,
        disk_bytes: int = 0,
        **order: Any,
    ) -> None:
        """`root`: a short path, for sockets, keys and the data directory.

        disk_bytes: the data directory is a disk of its own, as large as this, which
        only the servers see (root only); see `disk`.
        """
        root.mkdir(exist_ok=True)
        self.place = place
        self.data_dir = root / "data"
        self.data_dir.mkdir(exist_ok=True)
        self.environment = isolated_environment(root)
        self.pid = 0
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port: int = self._listener.getsockname()[1]
        self.errors_path = root / "errors"
        self._order: dict[str, Any] = {
            "data_dir": str(self.data_dir),
            "database_url": place.database_url,
            "object_url": place.object_url,
            "env": self.environment,
            "archive": {**BUSY_ARCHIVE, **archive},
            "listener": self._listener.fileno(),
            **order,
        }
        command = [sys.executable, "-m", "tests.support.server_parent"]
        if disk_bytes:
            mount = f"mount -t tmpfs -o size={disk_bytes} none {self.data_dir}"
            command = [
                "unshare",
                "-m",
                "sh",
                "-c",
                f'{mount} && exec "$@"',
                "-",
                *command,
            ]
        with self.errors_path.open("wb") as errors:
            self._parent = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                pass_fds=(self._listener.fileno(),),
                cwd=Path(__file__).parents[2],
            )

    def __enter__(self) -> "ForkedServers":
        """Nothing runs yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Kill what runs."""
        with contextlib.suppress(OSError, ValueError):
            self.kill()
        self._parent.stdin.close()  # type: ignore[union-attr]
        self._parent.wait(20)
        self._parent.stdout.close()  # type: ignore[union-attr]
        self._listener.close()

    def move(self, place: Place) -> None:
        """The next server is over these stores, with a new data directory."""
        assert not self.pid
        self.place = place
        self.data_dir = Path(tempfile.mkdtemp(dir=self.data_dir.parent))
        self._order["database_url"] = place.database_url
        self._order["object_url"] = place.object_url
        self._order["data_dir"] = str(self.data_dir)

    @property
    def url(self) -> str:
        """Where they answer."""
        return f"http://127.0.0.1:{self.port}"

    def fork(self) -> int:
        """Begin a server; its pid. It may not answer yet."""
        assert not self.pid, "one at a time"
        self.pid = self.tell({**self._order, "do": "serve"})
        return self.pid

    def start(self) -> None:
        """Begin a server and wait until it answers."""
        self.fork()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Until its storage answers.

        Raises:
            AssertionError: it did not in time; with what it printed.
        """
        deadline = time.monotonic() + START_S
        while not self.is_ready():
            said = self.errors_path.read_text()[-2000:]
            assert time.monotonic() < deadline, f"no answer: {said}"
            assert _lives(self.pid), f"the server ended: {said}"
            time.sleep(0.02)

    def is_ready(self) -> bool:
        """Whether `GET /ready` says so."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the server that runs, if one does, and wait for its end."""
        if self.pid:
            pid, self.pid = self.pid, 0
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            self.tell({"do": "reap", "pid": pid})

    def begin_backup(self, target: Path, after_s: float = 0.0) -> int:
        """Back up in a process of its own; its pid, to be reaped."""
        order = {"do": "backup", "target": str(target), "after_s": after_s}
        return self.tell({**self._order, **order})

    def problems(self) -> list[str]:
        """What `wandb server check` says beside the server, and stray objects."""
        target = self.errors_path.with_name("found.json")
        pid = self.tell({**self._order, "do": "check", "target": str(target)})
        assert self.reap(pid) == 0, self.errors_path.read_text()[-2000:]
        found = json.loads(target.read_text())
        return [*found["problems"], *(f"stray: {key}" for key in found["strays"])]

    def reap(self, pid: int) -> int:
        """Wait for the end of a backup; its exit code, negative: the signal."""
        return self.tell({"do": "reap", "pid": pid})

    def tell(self, order: Mapping[str, Any]) -> int:
        """Give an order; the number that comes back."""
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(order) + "\n")
        self._parent.stdin.flush()
        line = self._parent.stdout.readline()
        assert line, f"the parent ended: {self.errors_path.read_text()[-2000:]}"
        return int(line)

    @property
    def api_key(self) -> str:
        """Of the owner, as the first server wrote it."""
        key = credentials.read_key(self.environment, self.url)
        assert key is not None, "the server wrote no key"
        return key

    @property
    def entity(self) -> str:
        """The owner."""
        from wandb_server.local_user import login_name

        return login_name()

    @property
    def disk(self) -> Path:
        """The data directory, as the servers see it."""
        return Path(f"/proc/{self._parent.pid}/root{self.data_dir}")

    @property
    def log(self) -> str:
        """All that the servers of this directory have logged."""
        return (self.disk / "server.log").read_text()


def _lives(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False
