"""What the routes are given: one object per process, made by `server`."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from wandb_server.addresses import Addresses
from wandb_server.api.connections import Connections
from wandb_server.api.intake import Intake
from wandb_server.api.measures import Measures
from wandb_server.graphql.executor import GraphqlExecutor
from wandb_server.model.accounts import User
from wandb_server.model.archive import Archive
from wandb_server.private_archive import PrivateArchive
from wandb_server.settings import Limits, ServerSettings

PRIVILEGES_HEADER = "Use-Admin-Privileges"
"""Sent by the public API: an admin of the server wants to see everybody's projects."""


class Closing:
    """Begins when the process drains: streams that never end wake up and end."""

    def __init__(self) -> None:
        self.begun = False
        self._sleepers: set[asyncio.Event] = set()
        self._request_count = 0
        self._idle = asyncio.Event()

    def begin(self) -> None:
        """Wake every stream."""
        self.begun = True
        for sleeper in self._sleepers:
            sleeper.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """While inside, a request is being answered."""
        self._request_count += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._request_count -= 1
            if self._request_count == 0:
                self._idle.set()

    async def wait_idle(self, timeout_s: float) -> bool:
        """Return when no request is being answered; False if time was up before."""
        if self._request_count == 0:
            return True
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def wakes(self, sleeper: asyncio.Event) -> Iterator[None]:
        """While inside, `begin` sets the event."""
        self._sleepers.add(sleeper)
        try:
            yield
        finally:
            self._sleepers.discard(sleeper)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything that answering needs; `port` is the real one."""

    archive: Archive
    executor: GraphqlExecutor
    addresses: Addresses
    settings: ServerSettings
    clock: Callable[[], float]
    port: int
    local_user: User
    control_token: str
    """Lets `wandb server open` ask for one-time tokens; in the private address file."""
    pages: Mapping[str, Path] = field(default_factory=dict)
    """URL path -> file of the built page."""
    closing: Closing = field(default_factory=Closing)
    measures: Measures = field(default_factory=Measures)
    connections: Connections = field(
        default_factory=lambda: Connections(Limits(), time.monotonic)
    )
    intake: Intake = field(init=False)

    def __post_init__(self) -> None:
        """Make what the settings size."""
        limits = self.settings.limits
        intake = Intake(limits.intake_bytes_max, limits.intake_wait_s_max)
        object.__setattr__(self, "intake", intake)

    @property
    def cookie_name(self) -> str:
        """Named per port: cookies do not tell ports of one host apart."""
        return f"wandb_{self.port}"

    @property
    def public_url(self) -> str:
        """What clients call us."""
        return self.addresses.public_url


@dataclass(frozen=True, slots=True)
class Visit:
    """One admitted request. `user` is None only on routes open to everybody."""

    request: web.Request
    around: Surroundings
    user: User | None

    @property
    def archive(self) -> PrivateArchive:
        """What the visitor may see."""
        assert self.user is not None, "this route must ask for a user"
        asked = self.request.headers.get(PRIVILEGES_HEADER, "")
        return PrivateArchive(
            self.around.archive, self.user, sees_all=asked.lower() == "true"
        )


Respond = Callable[[Visit], Awaitable[web.StreamResponse]]
