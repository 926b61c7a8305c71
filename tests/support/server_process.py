"""A real server process in directories of its own, stopped for sure.

```python
def test_x(running_server: ServerProcess) -> None: ...     # fixture below
with started_server(places_env) as server: ...             # or by hand
```
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wandb_proto import credentials
from wandb_proto.places import Places

COMMAND_TIMEOUT_S = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """Where the server is and what is needed to talk to it."""

    url: str
    entity: str
    api_key: str
    pid: int
    data_dir: Path
    environment: Mapping[str, str]

    @property
    def port(self) -> int:
        """The port it got."""
        return int(self.url.rpartition(":")[2])

    def client_environment(self) -> dict[str, str]:
        """For processes that log to this server or ask it."""
        return {
            **self.environment,
            "WANDB_BASE_URL": f"http://127.0.0.1:{self.port}",
            "WANDB_API_KEY": self.api_key,
        }

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; `key` None sends none, "" the server's own. No redirects."""
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, data=body, method=method)
        if key is not None:
            text = base64.b64encode(f"api:{key or self.api_key}".encode()).decode()
            request.add_header("Authorization", f"Basic {text}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        opener = urllib.request.build_opener(_KeepRedirects, _NO_PROXY)
        try:
            with opener.open(request, timeout=30) as found:
                return Answer(found.status, dict(found.headers), found.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, dict(error.headers), error.read())

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        """`data` of an answer without errors."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        answer = self.request("POST", "/graphql", body)
        assert answer.status == 200, answer.body
        assert "errors" not in answer.json, answer.body
        return answer.json["data"]

    def kill(self) -> None:
        """kill -9, as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)


class _KeepRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_NO_PROXY = urllib.request.ProxyHandler({})


def server_command(
    environment: Mapping[str, str], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m wandb_server …` and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "wandb_server", *arguments],
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_TIMEOUT_S,
        check=False,
    )


@contextlib.contextmanager
def started_server(
    environment: Mapping[str, str], options: Sequence[str] = ("--port", "0")
) -> Iterator[ServerProcess]:
    """A server started with the command that people use; ended on the way out.

    `environment` must have its own HOME, NETRC and WANDB_*_DIR (fixture `places_env`).
    """
    done = server_command(environment, "start", *options)
    try:
        assert done.returncode == 0, done.stdout + done.stderr
        yield running_server(environment)
    finally:
        stop_for_sure(environment)


def stop_for_sure(environment: Mapping[str, str]) -> None:
    """End the server of these directories, by force if need be."""
    pid = _pid(environment)
    stopped = server_command(environment, "stop")
    if stopped.returncode != 0 and pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def running_server(environment: Mapping[str, str]) -> ServerProcess:
    """The server that runs in these directories, whoever started it."""
    places = Places.from_environment(environment)
    address = json.loads(places.server_address.read_text())
    key = credentials.read_key(environment, address["url"])
    assert key is not None, "the server wrote no key"
    return ServerProcess(
        url=address["url"],
        entity=address["entity"],
        api_key=key,
        pid=address["pid"],
        data_dir=Path(address["data_dir"]),
        environment=environment,
    )


def _pid(environment: Mapping[str, str]) -> int | None:
    try:
        text = Places.from_environment(environment).server_address.read_text()
        return int(json.loads(text)["pid"])
    except (OSError, ValueError, KeyError):
        return None
