"""`wandb sync` as a command: its options, its server, and orphaned rings first."""

import argparse
import asyncio
import configparser
import logging
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil
from wandb_proto.core_place import core_lives
from wandb_proto.places import Places
from wandb_proto.v1.record_pb2 import UploadTarget

from wandb_core.api_keys import ApiKeys
from wandb_core.backlog import Backlog
from wandb_core.clock import SystemClock
from wandb_core.errors import CoreError, LogLocked
from wandb_core.local_server import LocalServer, LocalServerAddress
from wandb_core.orphan_rings import FoundRing, OrphanRing, find_rings
from wandb_core.owner_mark import Machine
from wandb_core.run_log import RunLog, settle_log
from wandb_core.server_client import Proxies, ServerClient
from wandb_core.settings import CoreSettings
from wandb_core.sync import SyncOptions, SyncTools, find_logs, sync_logs
from wandb_core.transaction_log.lock import is_locked
from wandb_core.uploader import Destination
from wandb_core.uploader.log_folder import identify

_log = logging.getLogger(__name__)

CORE_DRAINS_S = 15.0
"""How long a running core may take to drain rings that we wait for."""

POLL_S = 0.05


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, named as in the official command, its older versions included."""
    add = parser.add_argument
    add("paths", nargs="*", type=Path, help="logs or run directories")
    add("--base-url", default="", help="server (WANDB_BASE_URL)")
    add("-e", "--entity", default="", help="instead of the log's own")
    add("-p", "--project", default="", help="instead of the log's own")
    add("--id", default="", help="run id instead of the log's own")
    add("--job-type", "--job_type", default="", help="instead of the log's own")
    add(
        "--replace-tags", type=_tags, default=(), metavar="OLD=NEW,…",
        help="tags that get another name",
    )  # fmt: skip
    add("--append", action="store_true", help="go on behind what the run has")
    add("--live", action="store_true", help="follow a log until its run ends")
    add("--skip-console", action="store_true", help="leave console lines out")
    add("--include-globs", type=_globs, default=(), help="only these run files")
    add("--exclude-globs", type=_globs, default=(), help="not these run files")
    add("--sync-all", action="store_true", help="all in ./wandb, without asking")
    add("--yes", "-y", action="store_true", help="do not ask")
    add("--dry-run", action="store_true", help="only list the runs")
    add("--show", type=int, default=0, metavar="N", help="list at most N runs")
    add("-n", type=int, default=5, dest="parallel", help="runs at a time")
    add("-v", "--verbose", action="store_true", help="say more, on stderr")
    add("--clean", action="store_true", help="delete runs that are at the server")
    add("--clean-old-hours", type=float, default=24, help="leave younger runs")
    add("--clean-force", action="store_true", help="do not ask before deleting")
    _add_switch(parser, "include-online", "skip-online", default=False)
    _add_switch(parser, "include-offline", "skip-offline", default=True)
    _add_switch(parser, "include-synced", "skip-synced", default=False)
    _add_switch(parser, "mark-synced", "", default=True)
    add("--legacy", action="store_true", help=argparse.SUPPRESS)


def _add_switch(
    parser: argparse.ArgumentParser, name: str, opposite: str, *, default: bool
) -> None:
    """`--name`, `--no-name` and, for both, what the official command says too."""
    on, off = [f"--{name}"], [f"--no-{name}"]
    if opposite:
        on, off = [*on, f"--no-{opposite}"], [*off, f"--{opposite}"]
    target = name.replace("-", "_")
    parser.add_argument(*on, dest=target, action="store_true", default=default)
    parser.add_argument(*off, dest=target, action="store_false")


def _globs(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _tags(text: str) -> tuple[tuple[str, str], ...]:
    pairs = []
    for part in _globs(text):
        old, separator, new = part.partition("=")
        if not (old and separator and new):
            raise argparse.ArgumentTypeError(f"{part!r} is not OLD=NEW")
        pairs.append((old, new))
    return tuple(pairs)


def sync(
    chosen: argparse.Namespace,
    places: Places,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """Run the command; returns the exit code.

    Raises:
        CoreError: a bad setting, or the embedded server does not start.
    """
    settings = CoreSettings.from_environment(environ)
    paths = list(chosen.paths)
    roots = []
    if chosen.sync_all or not paths:
        roots = [root_of(environ)]
    if not chosen.dry_run:
        drain_rings([*paths, *roots], places, settings)
    for root in roots:
        paths += find_logs(root)
    if chosen.verbose:
        logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    asks = bool(roots) and not (chosen.sync_all or chosen.yes or chosen.dry_run)
    if asks and sys.stdin.isatty() and not _confirmed(paths, say):
        return 1
    if chosen.dry_run and chosen.show > 0:
        paths = paths[-chosen.show :]
    tools = server_tools(
        chosen.base_url, places, environ, settings, start=not chosen.dry_run
    )
    return asyncio.run(sync_logs(paths, _options(chosen), tools, say))


def _options(chosen: argparse.Namespace) -> SyncOptions:
    return SyncOptions(
        destination=Destination(
            entity=chosen.entity,
            project=chosen.project,
            run_id=chosen.id,
            job_type=chosen.job_type,
            new_tags=chosen.replace_tags,
            leaves_console=chosen.skip_console,
            include_globs=chosen.include_globs,
            exclude_globs=chosen.exclude_globs,
        ),
        include_online=chosen.include_online,
        include_offline=chosen.include_offline,
        include_synced=chosen.include_synced,
        dry_run=chosen.dry_run,
        live=chosen.live,
        appends=chosen.append,
        marks=chosen.mark_synced,
        parallel=chosen.parallel,
    )


def _confirmed(paths: Sequence[Path], say: Callable[[str], None]) -> bool:
    for path in paths:
        say(f"  {path.parent}")
    return input(f"Sync up to {len(paths)} logs? [y/N] ").strip().lower() in (
        "y",
        "yes",
    )


def root_of(environ: Mapping[str, str]) -> Path:
    """The directory that holds the run directories of the working directory."""
    root = Path(environ.get("WANDB_DIR") or ".")
    hidden = root / ".wandb"
    return hidden if hidden.is_dir() else root / "wandb"


def configured_base_url(places: Places, environ: Mapping[str, str]) -> str:
    """The server of the environment or the settings files; "": the embedded one."""
    if url := environ.get("WANDB_BASE_URL"):
        return url.rstrip("/")
    files = configparser.ConfigParser(interpolation=None)
    for path in (places.config_dir / "settings", Path("wandb") / "settings"):
        try:
            files.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as error:
            _log.warning("settings_unreadable path=%s reason=%s", path, error)
    return files.get("default", "base_url", fallback="").rstrip("/")


def server_tools(
    base_url: str,
    places: Places,
    environ: Mapping[str, str],
    settings: CoreSettings,
    *,
    start: bool,
) -> SyncTools:
    """The chosen server, how to connect to it and with which key.

    start: start the embedded server if it is the one and does not run.

    Raises:
        CoreError: it does not start.
    """
    url = base_url.rstrip("/") or configured_base_url(places, environ)
    address: LocalServerAddress | None = None
    if not url:
        local = LocalServer(places, environ, settings.local_server_start_s)
        address = local.ensure() if start else local.address()
        url = address.url if address else ""
    keys = ApiKeys(environ)
    if address is None and (key := environ.get("WANDB_API_KEY")):
        keys.hand_over(url, key)
    proxies = Proxies.from_environment(environ)

    def connect(target: UploadTarget, key: str) -> ServerClient:
        return ServerClient(
            target.base_url,
            key,
            unix_socket=address.socket if address else None,
            request_timeout_s=settings.request_timeout_s,
            connect_timeout_s=settings.connect_timeout_s,
            proxies=proxies,
        )

    async def settled(log_path: Path) -> None:
        await asyncio.to_thread(settle, log_path, places, settings)

    target = UploadTarget(
        mode="online",
        base_url=url,
        app_url=environ.get("WANDB_APP_URL") or url,
        local_server=address is not None,
    )
    return SyncTools(
        target=target,
        credentials=lambda: keys.find(url),
        connect=connect,
        clock=SystemClock(),
        chance=random.Random(),
        settings=settings,
        settle=settled,
        is_written=lambda log_path: _is_written(log_path, places),
    )


def drain_rings(paths: Sequence[Path], places: Places, settings: CoreSettings) -> int:
    """Bring what killed writers left in rings into their logs at or below `paths`.

    Also makes logs that core was killed too early to begin. A living core does all that
    itself: then wait for it, a little; it may also begin just now, beside us. What
    cannot be written now stays in its ring.

    Returns the number of records.
    """
    wanted = [path.resolve() for path in paths]
    deadline = time.monotonic() + CORE_DRAINS_S
    record_count = 0
    refused: set[Path] = set()
    while True:
        rings = [
            ring
            for ring in find_rings(places.spool_dirs, frozenset(refused))
            if _is_below(ring.log_path, wanted) and not _writer_lives(ring)
        ]
        if not core_lives(places):
            for ring in rings:
                try:
                    record_count += _drain(ring, settings)
                except LogLocked:
                    pass  # a core that begins: wait for it
                except (CoreError, OSError, ValueError) as error:
                    _log.warning("ring_not_drained path=%s reason=%s", ring.path, error)
                    refused.add(ring.path)
        if not rings or time.monotonic() > deadline:
            return record_count
        time.sleep(POLL_S)


def _writer_lives(ring: FoundRing) -> bool:
    """Whether the lock of the ring is its writer's, not that of who drains it."""
    if not ring.writer_alive:
        return False
    try:
        return bool(psutil.Process(ring.pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True


def _is_written(log_path: Path, places: Places) -> bool:
    """Whether a log has a writer. Core holds it a moment longer: wait for that."""
    deadline = time.monotonic() + CORE_DRAINS_S
    while is_locked(log_path):
        has_writer = any(
            ring.log_path.resolve() == log_path and _writer_lives(ring)
            for ring in find_rings(places.spool_dirs)
        )
        is_ours = core_lives(places)
        if has_writer or not is_ours or time.monotonic() > deadline:
            return True
        time.sleep(POLL_S)
    return False


def _is_below(log_path: Path, wanted: Sequence[Path]) -> bool:
    return any(log_path.resolve().is_relative_to(path) for path in wanted)


def settle(log_path: Path, places: Places, settings: CoreSettings) -> None:
    """Commit what the writers of a log of ours left open when they were killed.

    A log whose writer lives, or that a living core looks after, is left alone: that is
    one that it holds or uploads. A core that began after the last ring was gone knows
    nothing of an offline run.
    """
    if any(
        ring.log_path.resolve() == log_path.resolve()
        for ring in find_rings(places.spool_dirs)
    ):
        return
    uploaded = (entry.log_path for entry in Backlog(places.backlog_dir).entries())
    if core_lives(places) and log_path in uploaded:
        return
    try:
        identity = identify(log_path)
        if identity is not None and identity.target is not None:
            settle_log(log_path, identity.run.run_id, Machine.here(), settings)
    except (CoreError, OSError, ValueError) as error:
        _log.warning("log_not_settled path=%s reason=%s", log_path, error)


def _drain(ring: FoundRing, settings: CoreSettings) -> int:
    orphan = OrphanRing.claim(ring.path)
    if orphan is None:
        return 0
    record_count = 0
    try:
        run_log = RunLog.open(
            ring.log_path, ring.run_id, Machine.here(), settings, will_be_resent=True
        )
        try:
            while (batch := orphan.next_batch()) is not None:
                record_count += run_log.stage([batch]).record_count
                run_log.write_staged()
            run_log.sync()
        finally:
            run_log.close()
        orphan.discard()
    finally:
        orphan.close()
    return record_count
