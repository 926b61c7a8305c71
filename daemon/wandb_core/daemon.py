"""The life of one core: take up what is left, listen, keep house, leave.

```
 start   rings of dead writers ─► backlog ─► listen ─► address file
 work    streams; every 2 s: sweep rings, repair the address file, watch the clock
 leave   idle long enough | Stop | SIGTERM | nobody can find us any more
         ─► refuse new streams ─► write what has arrived ─► upload a little ─► gone
```
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress

from wandb_proto.core_place import CoreAddress
from wandb_proto.places import Places
from wandb_proto.v1.core_service_pb2 import ListenRequest, ListenResponse

from wandb_core.api_keys import ApiKeys
from wandb_core.backlog import Backlog
from wandb_core.clock import Clock
from wandb_core.errors import LocalServerMissing
from wandb_core.lifecycle import (
    CoreLock,
    keep_address,
    limit_log,
    own_address,
    remove_address,
    write_address,
)
from wandb_core.local_server import LocalServer
from wandb_core.monitor import Monitor
from wandb_core.owner_mark import Machine
from wandb_core.pending_upload import LOCAL_SERVER_RETRY_S, UploadTools
from wandb_core.receiver import Endpoint
from wandb_core.reception import CoreReception
from wandb_core.remote import RemoteDoor
from wandb_core.runs import Runs
from wandb_core.server_client import Proxies
from wandb_core.settings import CoreSettings
from wandb_core.status import StatusReport

_log = logging.getLogger(__name__)

DETACH_DELAY_S = 0.05
"""After a stream broke: a moment for its writer's lock to become free."""


class Daemon:
    """Owns every task of the process. Needs the lock to be held already."""

    def __init__(
        self,
        places: Places,
        settings: CoreSettings,
        environ: Mapping[str, str],
        lock: CoreLock,
        *,
        clock: Clock,
        chance: random.Random,
        listening: ListenRequest | None = None,
    ) -> None:
        """listening: for other hosts, from the beginning; without it, core fails."""
        self.failed = False
        self._places = places
        self._settings = settings
        self._lock = lock
        self._listening = listening
        self._door: RemoteDoor | None = None
        self._clock = clock
        self._tools = UploadTools(
            settings=settings,
            clock=clock,
            chance=chance,
            machine=Machine.here(),
            api_keys=ApiKeys(environ),
            backlog=Backlog(places.backlog_dir),
            local_server=LocalServer(places, environ, settings.local_server_start_s),
            proxies=Proxies.from_environment(environ),
        )
        self._attention = asyncio.Event()
        self._stopping = asyncio.Event()
        self._abort = False
        self._last_call = clock.monotonic()
        self._abort_now: Callable[[], None] = lambda: None

    def stop(self, abort: bool = False) -> None:
        """Begin to leave; a second call, or `abort`, leaves at once."""
        if abort or self._stopping.is_set():
            self._abort = True
            self._abort_now()
        self._stopping.set()
        self._attention.set()

    async def run(self) -> None:
        """Serve until it is time to leave; afterwards nobody finds us any more."""
        async with asyncio.TaskGroup() as tasks:
            runs = Runs(
                tasks,
                self._tools,
                Monitor(self._clock, self._settings.sample_timeout_s),
                self._places.spool_dirs,
                self._attention.set,
            )
            self._abort_now = runs.abort
            report = StatusReport(runs, self._clock)
            token = secrets.token_urlsafe(32)
            reception = CoreReception(
                runs,
                self._clock,
                snapshot=report.snapshot,
                on_call=self._note_call,
                on_stop=self.stop,
                on_listen=self._open_door,
            )
            endpoint = Endpoint(reception, token, self._settings)
            door = RemoteDoor(self._places, self._settings, reception)
            self._door = door
            try:
                await self._take_up(runs, door)
                address = own_address(
                    await endpoint.open(self._places.core_socket), token
                )
                report.address = address.address
                write_address(self._places, address)
                _log.info("core_listens address=%s", address.address)
                watch = tasks.create_task(self._watch_local_server(runs))
                await self._keep_house(runs, report, endpoint, door, address)
                watch.cancel()
            finally:
                report.draining = True
                await self._leave(runs, endpoint, door)

    async def _take_up(self, runs: Runs, door: RemoteDoor) -> None:
        """Rings first: a log with a writer is not to be taken for a settled one."""
        await runs.sweep()
        entries = await asyncio.to_thread(self._tools.backlog.entries)
        listening = self._listening or await asyncio.to_thread(door.remembered)
        if listening is not None:
            folder = door.log_dir(listening)
            runs.await_remote(
                entry for entry in entries if entry.log_path.is_relative_to(folder)
            )
        runs.resume(entries)
        if self._listening is not None:
            await self._listen(door, self._listening)

    async def _listen(self, door: RemoteDoor, request: ListenRequest) -> None:
        if error := (await door.open(request)).error:
            _log.error("cannot_listen_to_hosts reason=%s", error)
            self.failed = True
            self.stop()

    async def _open_door(self, request: ListenRequest) -> ListenResponse:
        assert self._door is not None
        return await self._door.open(request)

    async def _keep_house(
        self,
        runs: Runs,
        report: StatusReport,
        endpoint: Endpoint,
        door: RemoteDoor,
        address: CoreAddress,
    ) -> None:
        idle_since = self._clock.monotonic()
        while not self._stopping.is_set():
            await door.keep_open()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._tick_s()):
                    await self._attention.wait()
                    await self._clock.sleep(DETACH_DELAY_S)
            self._attention.clear()
            if self._stopping.is_set():
                return
            report.sample()
            await runs.sweep()
            now = self._clock.monotonic()
            if runs.busy or door.is_open:
                idle_since = now
            if now - max(idle_since, self._last_call) >= self._settings.idle_timeout_s:
                _log.info("core_idle")
                return
            if not (self._lock.still_counts() and endpoint.socket_is_there()):
                _log.warning("core_unreachable reason=files_removed")
                return
            keep_address(self._places, address)
            limit_log(self._places.core_log, self._settings.log_bytes_max)

    async def _leave(self, runs: Runs, endpoint: Endpoint, door: RemoteDoor) -> None:
        _log.info("core_leaves abort=%s", self._abort)
        if self._lock.still_counts():
            remove_address(self._places)
        if self._abort:
            runs.abort()
        else:
            await runs.drain(self._settings.drain_timeout_s)
        await door.close()
        await endpoint.close()

    async def _watch_local_server(self, runs: Runs) -> None:
        told = ""
        while True:
            await self._clock.sleep(self._settings.local_server_check_s)
            try:
                await runs.watch_local_server()
            except LocalServerMissing as error:
                if str(error) != told:
                    _log.warning("local_server_gone reason=%s", error)
                told = str(error)
                await self._clock.sleep(LOCAL_SERVER_RETRY_S)

    def _tick_s(self) -> float:
        return min(self._settings.orphan_check_s, self._settings.idle_timeout_s / 2)

    def _note_call(self) -> None:
        self._last_call = self._clock.monotonic()
