"""One server process: everything is made here, and ends here.

    lock ► data directory ► sockets ► archive ► user and key ► routes ► address file

Four loops run beside the requests: runs that fell silent are marked crashed, history is
moved from the tail to segments, the address file is repaired, and a data directory that
was removed ends the server. SIGTERM or SIGINT drains: no new connections, open requests
may finish within `drain_timeout_s`, then the archive is closed.
"""

import asyncio
import json
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

from aiohttp import web
from wandb_proto import VERSION
from wandb_proto.places import Places

from wandb_server.addresses import Addresses
from wandb_server.allocator import freeze_objects
from wandb_server.api.application import make_application
from wandb_server.api.connections import Connections
from wandb_server.api.page_routes import find_pages
from wandb_server.api.surroundings import Surroundings
from wandb_server.errors import StorageError
from wandb_server.graphql.executor import GraphqlExecutor
from wandb_server.local_user import keep_key, local_user, login_name
from wandb_server.model.archive import Archive
from wandb_server.operations import ArchiveSettings, open_archive
from wandb_server.settings import DATABASE_FILE, ServerSettings, write_private

logger = logging.getLogger(__name__)

ADDRESS_CHECK_S = 1.0
DATA_CHECK_S = 1.0
CLEANUP_TIMEOUT_S = 1.0
SILENCE_CHECK_S = 10.0


@dataclass(frozen=True, slots=True)
class Started:
    """What the starter tells the user. `login_token` works once."""

    url: str
    login_token: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Sockets that were bound before anything else was made."""

    tcp: tuple[socket.socket, ...]
    unix: socket.socket

    @property
    def port(self) -> int:
        """The real port."""
        return int(self.tcp[0].getsockname()[1])


async def serve(
    settings: ServerSettings,
    places: Places,
    listeners: Listeners,
    environ: Mapping[str, str],
    started: Callable[[Started], None],
    archive_settings: ArchiveSettings | None = None,
) -> None:
    """Serve until a signal. Cancelled: ends like a signal, without draining."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as ending:
        archive = await open_archive(
            settings.database_url,
            settings.object_url,
            clock=time.time,
            settings=archive_settings,
            data_dir=settings.data_dir,
            environ=environ,
        )
        ending.push_async_callback(archive.close)
        around = await _surroundings(settings, archive, listeners.port)
        remarks = await _remarks(around, environ)
        runner = _runner(around)
        await runner.setup()
        ending.push_async_callback(runner.cleanup)
        for listener in (*listeners.tcp, listeners.unix):
            await web.SockSite(runner, listener).start()
        _write_address(around, places)
        ending.callback(_remove_address, places)
        freeze_objects()
        started(Started(around.public_url, await _login_token(around), remarks))
        logger.info("serving url=%s pid=%d", around.public_url, os.getpid())
        keep = partial(_keep_address, around, places)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_close_silent(stop, around, runner))
            await _work_until(stop, archive, settings, keep)
        logger.info("draining")
        await _drain(around, runner)


async def _surroundings(
    settings: ServerSettings, archive: Archive, port: int
) -> Surroundings:
    public_url = settings.public_url.rstrip("/") or f"http://localhost:{port}"
    return Surroundings(
        archive=archive,
        executor=GraphqlExecutor(settings.limits),
        addresses=Addresses(
            public_url, settings.secret, settings.signed_url_lifetime_s, time.time
        ),
        settings=replace(settings, port=port),
        clock=time.time,
        port=port,
        local_user=await local_user(archive, login_name()),
        control_token=secrets.token_urlsafe(32),
        pages=find_pages(settings.web_dir),
        connections=Connections(settings.limits, time.monotonic),
    )


async def _remarks(around: Surroundings, environ: Mapping[str, str]) -> tuple[str, ...]:
    local = (f"http://localhost:{around.port}", f"http://127.0.0.1:{around.port}")
    machines = tuple(dict.fromkeys((*local, around.public_url)))
    kept = await keep_key(around.archive, around.local_user, environ, machines)
    if kept.problem is not None:
        # Told on the starter's terminal, never logged.
        hint = f"Set WANDB_API_KEY={kept.key} where you log runs."
        return (f"{kept.problem} {hint}",)
    if kept.path is not None:
        return (f"The API key for this server was written to {kept.path}.",)
    return ()


def _runner(around: Surroundings) -> web.AppRunner:
    return web.AppRunner(
        make_application(around),
        access_log=None,  # addresses hold tokens and signatures
        handle_signals=False,
        shutdown_timeout=CLEANUP_TIMEOUT_S,  # after our own draining
        handler_cancellation=True,
    )


async def _close_silent(
    stop: asyncio.Event, around: Surroundings, runner: web.AppRunner
) -> None:
    """Let go of connections on which nobody asks."""

    async def close() -> None:
        if runner.server is not None:
            around.connections.close_silent(runner.server.connections)

    limits = around.settings.limits
    interval_s = min(limits.first_request_s, SILENCE_CHECK_S)
    await _repeat(stop, interval_s, close)


async def _drain(around: Surroundings, runner: web.AppRunner) -> None:
    """Take no new connections, let what was begun end within `drain_timeout_s`.

    Before the runner's own cleanup, which reads nothing more from its connections: an
    upload would never end.
    """
    for site in list(runner.sites):
        await site.stop()
    around.closing.begin()
    if not await around.closing.wait_idle(around.settings.drain_timeout_s):
        logger.warning("requests cut off after s=%g", around.settings.drain_timeout_s)


async def _login_token(around: Surroundings) -> str:
    token = secrets.token_urlsafe(32)
    expires_at = around.clock() + around.settings.login_token_lifetime_s
    await around.archive.add_login_token(around.local_user, token, expires_at)
    return token


def _write_address(around: Surroundings, places: Places) -> None:
    write_private(places.server_address, json.dumps(_address(around, places)))


def _keep_address(around: Surroundings, places: Places) -> None:
    """Write the address file again if it was removed or damaged: else nobody could
    find, ask or stop this server.
    """
    try:
        found = json.loads(places.server_address.read_bytes())
    except (FileNotFoundError, ValueError):
        found = None
    if not isinstance(found, dict):
        _write_address(around, places)
        logger.warning("address file repaired path=%s", places.server_address)


def _address(around: Surroundings, places: Places) -> dict[str, object]:
    return {
        "url": around.public_url,
        "pid": os.getpid(),
        "data_dir": str(around.settings.data_dir),
        "version": VERSION,
        "socket": str(places.server_socket),
        "entity": around.local_user.name,
        "token": around.control_token,
    }


def _remove_address(places: Places) -> None:
    places.server_address.unlink(missing_ok=True)
    places.server_socket.unlink(missing_ok=True)


async def _work_until(
    stop: asyncio.Event,
    archive: Archive,
    settings: ServerSettings,
    keep_address: Callable[[], None],
) -> None:
    async def mark_crashed() -> None:
        count = await archive.mark_crashed(time.time(), settings.heartbeat_timeout_s)
        if count:
            logger.info("marked crashed runs=%d", count)

    async def compact() -> None:
        await archive.compact()

    async def stop_compaction() -> None:
        await stop.wait()
        tail_is_long.set()

    async def keep_findable() -> None:
        await asyncio.to_thread(keep_address)

    async def end_without_data() -> None:
        if await asyncio.to_thread(_identity, settings) != data:
            logger.error(
                "data directory was removed or replaced, nothing can be stored: "
                "ending path=%s",
                settings.data_dir,
            )
            stop.set()

    data = _identity(settings)
    tail_is_long = archive.tail_is_long
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_repeat(stop, DATA_CHECK_S, end_without_data))
        tasks.create_task(_repeat(stop, ADDRESS_CHECK_S, keep_findable))
        interval_s = settings.crash_check_interval_s
        tasks.create_task(_repeat(stop, interval_s, mark_crashed))
        interval_s = settings.compact_interval_s
        tasks.create_task(_repeat(stop, interval_s, compact, hurry=tail_is_long))
        tasks.create_task(stop_compaction())


def _identity(settings: ServerSettings) -> tuple[tuple[int, int], ...]:
    """Which files directory and database are; nothing where they are absent."""
    names = [DATABASE_FILE] if settings.is_embedded else []
    try:
        found = [(settings.data_dir / name).stat() for name in ("", *names)]
    except FileNotFoundError:
        return ()
    return tuple((file.st_dev, file.st_ino) for file in found)


async def _repeat(
    stop: asyncio.Event,
    interval_s: float,
    act: Callable[[], Awaitable[None]],
    *,
    hurry: asyncio.Event | None = None,
) -> None:
    """Act again and again; what fails is tried again next time, logged once.

    `hurry` ends a pause; it is set with `stop`, too.
    """
    failing = False
    again = "will try again"
    while not stop.is_set():
        try:
            async with asyncio.timeout(interval_s):
                await (hurry or stop).wait()
        except TimeoutError:
            pass
        if stop.is_set():
            return
        try:
            await act()
        except (StorageError, OSError) as error:
            # A full disk or a database that is away: people know what to do.
            if not failing:
                logger.error("background work failed, %s error=%s", again, error)
            failing = True
        except Exception:
            # Like the boundary of a request: it must not end the server.
            if not failing:
                logger.exception("background work failed, %s", again)
            failing = True
        else:
            if failing:
                logger.info("background work goes on")
            failing = False
