"""A server inside the test's own process, with an archive in a temporary directory.

Faster than `server_process` and open to the test: several users, a clock set by hand.
"""

import base64
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from wandb_server.addresses import Addresses
from wandb_server.api.application import make_application
from wandb_server.api.page_routes import find_pages
from wandb_server.api.surroundings import Surroundings
from wandb_server.graphql.executor import GraphqlExecutor
from wandb_server.listening import listen_tcp
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.operations import open_archive
from wandb_server.settings import ServerSettings

KEYS = {"ada": "local-" + "a" * 40, "bob": "local-" + "b" * 40}
CONTROL_TOKEN = "control-token"
MAKE_RUN = """
mutation ($name: String!, $entity: String, $project: String, $config: JSONString) {
  upsertBucket(input: {
    name: $name, entityName: $entity, modelName: $project, config: $config
  }) { bucket { id name displayName } inserted }
}
"""


class ManualClock:
    """Seconds since 1970, moved by hand."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True, slots=True)
class Served:
    """A listening server with the users ada (who owns it) and bob."""

    url: str
    archive: Archive
    users: Mapping[str, User]
    around: Surroundings
    clock: ManualClock
    session: aiohttp.ClientSession

    def credentials(self, user: str | None) -> dict[str, str]:
        """The header that says who asks."""
        if user is None:
            return {}
        text = base64.b64encode(f"api:{KEYS.get(user, user)}".encode()).decode()
        return {"Authorization": f"Basic {text}"}

    async def ask(
        self,
        method: str,
        path: str,
        *,
        user: str | None = "ada",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> tuple[int, Any, Mapping[str, str]]:
        """Status, body (parsed if JSON) and headers."""
        url = path if path.startswith("http") else self.url + path
        sent = {**self.credentials(user), **(headers or {})}
        async with self.session.request(
            method, url, headers=sent, allow_redirects=False, **more
        ) as answer:
            is_json = answer.content_type == "application/json"
            body = await answer.json() if is_json else await answer.read()
            return answer.status, body, answer.headers

    async def graphql(
        self, query: str, variables: Mapping[str, Any] | None = None, user: str = "ada"
    ) -> Any:
        """`data` of an answer that must be without errors."""
        status, body, _ = await self.ask(
            "POST", "/graphql", user=user, json={"query": query, "variables": variables}
        )
        assert status == 200, body
        assert "errors" not in body, body
        return body["data"]

    async def post_rows(self, run: str, rows: list[str], **more: Any) -> Any:
        """One file stream request with history rows of ada's run in `proj`."""
        chunk = {"offset": 0, "content": rows}
        status, body, _ = await self.ask(
            "POST",
            f"/files/ada/proj/{run}/file_stream",
            json={"files": {"wandb-history.jsonl": chunk}, **more},
        )
        assert status == 200, body
        return body


@asynccontextmanager
async def served(
    data_dir: Path,
    wrap: Callable[[Archive], Archive] = lambda archive: archive,
    **changed: Any,
) -> AsyncIterator[Served]:
    """Serve on a free loopback port until the end of the block.

    `wrap` may put something between server and archive; `changed` are settings.
    """
    logging.getLogger("wandb_server").setLevel(logging.DEBUG)
    clock = ManualClock()
    settings = ServerSettings(data_dir=data_dir, secret=bytes(32), port=0, **changed)
    archive = await open_archive(
        settings.database_url, settings.object_url, clock=clock, data_dir=data_dir
    )
    listeners = listen_tcp(settings.host, 0)
    port = listeners[0].getsockname()[1]
    users = {}
    for name, key in KEYS.items():
        users[name] = await archive.create_user(name, admin=name == "ada")
        await archive.add_key(users[name], key, "test")
    public_url = settings.public_url or f"http://localhost:{port}"
    around = Surroundings(
        archive=wrap(archive),
        executor=GraphqlExecutor(settings.limits),
        addresses=Addresses(public_url, settings.secret, 3600.0, clock),
        settings=settings,
        clock=clock,
        port=port,
        local_user=users["ada"],
        control_token=CONTROL_TOKEN,
        pages=find_pages(settings.web_dir),
    )
    runner = web.AppRunner(
        make_application(around), shutdown_timeout=1.0, handler_cancellation=True
    )
    await runner.setup()
    try:
        for listener in listeners:
            await web.SockSite(runner, listener).start()
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            url = f"http://127.0.0.1:{port}"
            yield Served(url, archive, users, around, clock, session)
        around.closing.begin()
    finally:
        await runner.cleanup()
        await archive.close()
