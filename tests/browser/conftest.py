"""A real server with real data, and a headless Chromium that is signed in to it."""

import json
import math
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import isolated_environment
from tests.support.server_process import ServerProcess, server_command, started_server

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="browser tests need the package playwright"
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
DIST = Path(__file__).parents[2] / "daemon" / "wandb_server" / "web" / "dist"
PATIENCE_MS = 30_000

UPSERT = """
mutation Upsert($name: String, $project: String, $title: String, $config: JSONString) {
  upsertBucket(input: {
    name: $name, modelName: $project, displayName: $title, config: $config
  }) { inserted }
}
"""


@dataclass
class LoggedRun:
    """A run on the server, written line by line as a client does."""

    server: ServerProcess
    project: str
    name: str
    lines: dict[str, int] = field(default_factory=dict)

    def log(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """More rows; `_step` and times are added."""
        first = self.lines.get("wandb-history.jsonl", 0)
        full = [
            {"_step": step, "_runtime": step * 0.5, "_timestamp": 1.7e9 + step} | row
            for step, row in enumerate(rows, first)
        ]
        self._post("wandb-history.jsonl", [json.dumps(row) for row in full])

    def print(self, lines: Sequence[str]) -> None:
        """More console lines, in the plain form that the server reads."""
        self._post("output.log", lines)

    def summarise(self, summary: Mapping[str, Any]) -> None:
        """The summary as it is now."""
        text = json.dumps(summary)
        self._send({"files": {"wandb-summary.json": {"offset": 0, "content": [text]}}})

    def finish(self, exit_code: int = 0) -> None:
        """The run's end."""
        self._send({"complete": True, "exitcode": exit_code})

    def _post(self, file: str, lines: Sequence[str]) -> None:
        first = self.lines.get(file, 0)
        self._send({"files": {file: {"offset": first, "content": list(lines)}}})
        self.lines[file] = first + len(lines)

    def _send(self, body: Mapping[str, Any]) -> None:
        entity = self.server.entity
        path = f"/files/{entity}/{self.project}/{self.name}/file_stream"
        answer = self.server.request("POST", path, json.dumps(body).encode())
        assert answer.status == 200, answer.body


@dataclass
class Browser:
    """Opens pages that are signed in; each in its own profile."""

    server: ServerProcess
    chromium: Any
    signed_in: Any
    contexts: list[Any] = field(default_factory=list)

    def open(
        self,
        path: str,
        *,
        width: int = 1440,
        height: int = 900,
        theme: str = "light",
        signed_in: bool = True,
    ) -> Any:
        """A page at `path`; errors of its scripts fail the test."""
        context = self.chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            storage_state=self.signed_in if signed_in else None,
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        page = context.new_page()
        page.script_errors = []
        page.on("pageerror", lambda error: page.script_errors.append(str(error)))
        page.goto(self.server.url + path)
        return page

    def workspace(self, project: str, query: str = "", **options: Any) -> Any:
        """A page at a project's workspace."""
        return self.open(f"/{self.server.entity}/{project}{query}", **options)

    def close_all(self) -> None:
        """Close every page; no script may have failed in any."""
        errors = [
            error
            for context in self.contexts
            for page in context.pages
            for error in getattr(page, "script_errors", [])
        ]
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        assert errors == []


@pytest.fixture(scope="session")
def server() -> Iterator[ServerProcess]:
    """One server for all browser tests; each test has its own project."""
    if not (DIST / "index.html").is_file():
        pytest.fail("the page is not built: run `make web`")
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        with started_server(isolated_environment(root)) as running:
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium of this machine."""
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def signed_in(server: ServerProcess, chromium: Any) -> Any:
    """The state of a browser that opened the address printed by `wandb server open`."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(sign_in_address(server))
    page.wait_for_url(f"{server.url}/{server.entity}")
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def browser(server: ServerProcess, chromium: Any, signed_in: Any) -> Iterator[Browser]:
    """Pages for one test, closed after it."""
    opened = Browser(server, chromium, signed_in)
    yield opened
    opened.close_all()


@pytest.fixture
def make_run(server: ServerProcess) -> Callable[..., LoggedRun]:
    """Create a run: `make_run(project, name, title=…, config=…)`."""

    def make(
        project: str, name: str, title: str | None = None, **config: Any
    ) -> LoggedRun:
        wrapped = {key: {"value": value} for key, value in config.items()}
        server.graphql(
            UPSERT,
            {
                "name": name,
                "project": project,
                "title": title or name,
                "config": json.dumps(wrapped),
            },
        )
        return LoggedRun(server, project, name)

    return make


def sign_in_address(server: ServerProcess) -> str:
    """A one-time address for a browser."""
    done = server_command(server.environment, "open")
    found = re.search(r"http://\S+/auth\?token=\S+", done.stdout)
    assert found, done.stdout + done.stderr
    return found[0]


def curve(steps: int, speed: float = 1.0) -> list[dict[str, float]]:
    """Rows of a training that goes well."""
    return [
        {
            "train/loss": math.exp(-speed * step / steps),
            "train/accuracy": 1 - math.exp(-speed * step / steps),
            "rate": 0.1 / (1 + step),
        }
        for step in range(steps)
    ]
