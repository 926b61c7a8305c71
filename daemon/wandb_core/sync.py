"""`wandb sync`: upload logs that are on this machine only, ours and official ones.

The same `LogUploader` as for live runs, over logs that nobody writes any more. What the
official command decides by names is decided alike: the directory's name tells offline
runs, `<log>.synced` the ones that are done.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core.clock import Clock
from wandb_core.growing_log import GrowingLog
from wandb_core.server_client import ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.transaction_log.lock import is_locked
from wandb_core.uploader import Destination, LogUploader, UploadEnd
from wandb_core.uploader.log_folder import LogIdentity, identify
from wandb_core.written_log import SettledLog

_log = logging.getLogger(__name__)

SUFFIX = ".wandb"
SYNCED_SUFFIX = ".synced"
OFFLINE_PREFIX = "offline-"


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """What the user chose on the command line."""

    destination: Destination = field(default_factory=Destination)
    include_online: bool = False
    include_offline: bool = True
    include_synced: bool = False
    dry_run: bool = False
    live: bool = False
    """Follow logs that are still being written, until their runs end."""
    appends: bool = False
    """Go on behind what the server has of the run, whatever the log says."""
    marks: bool = True
    """Leave `<log>.synced` beside logs that are at the server."""
    parallel: int = 1
    """So many runs at a time; the logs of one run always go one by one."""


@dataclass(frozen=True, slots=True)
class SyncTools:
    """What the process edge provides."""

    target: UploadTarget
    """Which server; what it says of the writer comes from each log."""
    credentials: Callable[[], str | None]
    connect: Callable[[UploadTarget, str], ServerClient]
    clock: Clock
    chance: random.Random
    settings: CoreSettings
    settle: Callable[[Path], Awaitable[None]] | None = None
    """Commit in a log of ours what its killed writers left open."""
    is_written: Callable[[Path], bool] = is_locked
    """Whether somebody goes on with the log; may wait for who just ends it."""


@dataclass(frozen=True, slots=True)
class _FoundLog:
    path: Path
    identity: LogIdentity


async def sync_logs(
    paths: Sequence[Path],
    options: SyncOptions,
    tools: SyncTools,
    say: Callable[[str], None],
) -> int:
    """Upload the logs at `paths` (files, or directories with logs); the exit code.

    0: all of them are at the server, or skipped for a reason that was said. Logs of one
    run go in the order in which they began. Doing it again changes nothing.

    Cancelled: what was sent is in the cursors; the next call goes on.
    """
    logs, failed = await asyncio.to_thread(_select, paths, options, tools, say)
    if logs and not options.dry_run and tools.credentials() is None:
        say(f"No API key for {tools.target.base_url}; run: wandb login")
        return 1
    if tools.settle is not None and not options.dry_run:
        for path in logs:
            await tools.settle(path)
    found = [log for log in [await _identify(path, say) for path in logs] if log]
    found.sort(key=lambda log: (_started(log), str(log.path)))
    if options.dry_run:
        for log in found:
            say(f"{log.path}: run {_run_id(log, options)}")
    else:
        failed |= not await _upload_all(found, options, tools, say)
    if not found and not failed:
        say("Nothing to sync.")
    return 1 if failed else 0


async def _upload_all(
    logs: Sequence[_FoundLog],
    options: SyncOptions,
    tools: SyncTools,
    say: Callable[[str], None],
) -> bool:
    """Upload runs side by side, the logs of each in order; True if all succeeded."""
    runs: dict[str, list[_FoundLog]] = {}
    for log in logs:
        runs.setdefault(_run_id(log, options), []).append(log)
    places = asyncio.Semaphore(max(1, options.parallel))
    outcomes: list[bool] = []

    async def upload_run(logs_of_run: Sequence[_FoundLog]) -> None:
        async with places:
            for log in logs_of_run:
                outcomes.append(await _upload(log, options, tools, say))  # noqa: PERF401

    async with asyncio.TaskGroup() as tasks:
        for logs_of_run in runs.values():
            tasks.create_task(upload_run(logs_of_run))
    return all(outcomes)


def _run_id(log: _FoundLog, options: SyncOptions) -> str:
    return options.destination.run_id or log.identity.run.run_id


def find_logs(wandb_dir: Path) -> list[Path]:
    """The logs of all runs below a wandb directory, oldest name first."""
    found = wandb_dir.glob(f"*/*{SUFFIX}")
    # `latest-run` is a link to a directory that is listed anyway.
    return sorted(path for path in found if not path.parent.is_symlink())


def _select(
    paths: Sequence[Path],
    options: SyncOptions,
    tools: SyncTools,
    say: Callable[[str], None],
) -> tuple[list[Path], bool]:
    """The logs to upload, each once; and whether a path was wrong."""
    failed = False
    chosen: dict[Path, bool] = {}
    """By log: whether it was named, not only found below a named directory."""
    for path in paths:
        is_named = True
        if path.is_dir():
            inside = sorted(path.glob(f"*{SUFFIX}"))
            if not inside:
                inside, is_named = find_logs(path), False
            if not inside:
                say(f"{path} holds no {SUFFIX} file.")
                failed = True
        elif path.suffix == SUFFIX and path.is_file():
            inside = [path]
        else:
            say(f"{path} is not a {SUFFIX} file or a directory with one.")
            failed = True
            continue
        for log in inside:
            chosen[log.resolve()] = is_named or chosen.get(log.resolve(), False)
    kept = [
        path
        for path, is_named in chosen.items()
        if not _is_skipped(path, is_named, options, tools, say)
    ]
    return kept, failed


def _is_skipped(
    path: Path,
    is_named: bool,
    options: SyncOptions,
    tools: SyncTools,
    say: Callable[[str], None],
) -> bool:
    if not options.include_synced and synced_mark(path).exists():
        say(f"{path}: synced already; --include-synced looks at it again.")
        return True
    is_offline = path.parent.name.startswith(OFFLINE_PREFIX)
    takes_online = is_named or options.include_online
    if not takes_online and not is_offline:
        say(f"{path}: not an offline run; --include-online takes it too.")
        return True
    if not is_named and is_offline and not options.include_offline:
        return True
    if not options.live and tools.is_written(path):
        hint = "--live follows it" if is_offline else "who writes it uploads it"
        say(f"{path}: is being written; {hint}.")
        return True
    return False


def synced_mark(path: Path) -> Path:
    """The empty file that says that a log is at the server."""
    return path.with_name(path.name + SYNCED_SUFFIX)


async def _identify(path: Path, say: Callable[[str], None]) -> _FoundLog | None:
    try:
        identity = await asyncio.to_thread(identify, path)
    except OSError as error:
        say(f"{path}: cannot be read: {error.strerror}")
        return None
    if identity is None:
        say(f"{path}: holds no run; its process died before it had written any.")
        return None
    return _FoundLog(path, identity)


async def _upload(
    log: _FoundLog, options: SyncOptions, tools: SyncTools, say: Callable[[str], None]
) -> bool:
    """Upload one log; True when all of it is at the server."""
    say(f"{log.path}: uploading run {_run_id(log, options)} …")
    target = _target_of(log, tools.target)
    if options.appends:
        target.resume = "allow"
    uploader = LogUploader(
        GrowingLog(log.path) if options.live else SettledLog(log.path),
        target,
        tools.credentials,
        _Sayings(say),
        tools.clock,
        tools.chance,
        tools.settings,
        tools.connect,
        destination=options.destination,
    )
    end = await uploader.run()
    if end.uploaded:
        if options.marks:
            _mark(log.path, say)
        say(_success(log.path, end))
    return end.uploaded


def _target_of(log: _FoundLog, chosen: UploadTarget) -> UploadTarget:
    target = UploadTarget()
    target.CopyFrom(chosen)
    if (recorded := log.identity.target) is not None:
        target.resume = recorded.resume
        target.label = recorded.label
        target.secondary = recorded.secondary
        target.leaves_run_open = recorded.leaves_run_open
        if recorded.mode == "shared":
            target.mode = recorded.mode
    return target


def _mark(path: Path, say: Callable[[str], None]) -> None:
    try:
        synced_mark(path).touch()
    except OSError as error:
        say(f"{path}: cannot be marked as synced: {error.strerror}")


def _success(path: Path, end: UploadEnd) -> str:
    if not end.run_url:
        return f"{path}: is at the server already."
    missing = f", {len(end.missing_files)} files missing" if end.missing_files else ""
    return f"{path}: done, {end.rows_uploaded} rows{missing}: {end.run_url}"


def _started(log: _FoundLog) -> tuple[int, int]:
    started = log.identity.run.start_time
    return started.seconds, started.nanos


class _Sayings:
    """Notifier that says each text once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def notify(self, level: str, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            shown = {"info": "", "fatal": "error: "}.get(level, f"{level}: ")
            self._say(shown + text)
