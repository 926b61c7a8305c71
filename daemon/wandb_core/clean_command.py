"""`wandb clean` as a command: what to delete, a question, deleting."""

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from wandb_proto.places import Places

from wandb_core.backlog import Backlog
from wandb_core.cleaning import FoundRun, find_runs
from wandb_core.orphan_rings import find_rings
from wandb_core.sync_command import root_of

_log = logging.getLogger(__name__)

MIN_HOURS = 24
SHOWN_MAX = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options, named as in the official command."""
    parser.add_argument("--wandb-dir", default="", help="default: ./wandb")
    parser.add_argument(
        "--min-hours", type=float, default=MIN_HOURS, help="leave younger runs"
    )
    parser.add_argument(
        "--include-unsynced", action="store_true", help="also what is only here"
    )
    parser.add_argument("--force", action="store_true", help="do not ask")


def clean(
    chosen: argparse.Namespace,
    places: Places,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """Run the command; returns the exit code."""
    root = Path(chosen.wandb_dir) if chosen.wandb_dir else root_of(environ)
    return clean_runs(
        root,
        places,
        say,
        min_hours=chosen.min_hours,
        include_unsynced=chosen.include_unsynced,
        force=chosen.force,
    )


def clean_synced(
    chosen: argparse.Namespace,
    places: Places,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """`wandb sync --clean`: the same with the options of that command."""
    return clean_runs(
        root_of(environ),
        places,
        say,
        min_hours=chosen.clean_old_hours,
        include_unsynced=False,
        force=chosen.clean_force,
    )


def clean_runs(
    root: Path,
    places: Places,
    say: Callable[[str], None],
    *,
    min_hours: float,
    include_unsynced: bool,
    force: bool,
) -> int:
    """Delete the runs below `root` that may go; returns the exit code."""
    before = time.time() - min_hours * 3600
    waiting = {ring.log_path.resolve() for ring in find_rings(places.spool_dirs)}
    runs = [
        run
        for run in find_runs(root)
        if run.started_at < before
        and (run.is_synced or include_unsynced)
        and waiting.isdisjoint(log.resolve() for log in run.logs)
    ]
    if not runs:
        say(f"{root}: no runs to delete.")
        return 0
    _show(runs, say)
    if not force and not _confirmed(len(runs), say):
        return 1
    return _remove(runs, Backlog(places.backlog_dir), say)


def _show(runs: Sequence[FoundRun], say: Callable[[str], None]) -> None:
    for run in runs[:SHOWN_MAX]:
        note = "" if run.is_synced else "   NOT SYNCED: it is nowhere else"
        say(f"  {run.path.name}  {run.byte_count / 1e6:.1f} MB{note}")
    if len(runs) > SHOWN_MAX:
        say(f"  … and {len(runs) - SHOWN_MAX} more")


def _confirmed(count: int, say: Callable[[str], None]) -> bool:
    if not sys.stdin.isatty():
        say("Nothing was deleted: say --force where nobody can be asked.")
        return False
    return input(f"Delete {count} runs? [y/N] ").strip().lower() in ("y", "yes")


def _remove(
    runs: Sequence[FoundRun], backlog: Backlog, say: Callable[[str], None]
) -> int:
    failed = byte_count = 0
    for run in runs:
        try:
            run.remove()
        except OSError as error:
            failed += 1
            say(f"{run.path}: cannot be deleted: {error}")
            continue
        byte_count += run.byte_count
        for log in run.logs:
            with suppress(OSError):
                backlog.remove(log)
    say(f"Deleted {len(runs) - failed} runs, {byte_count / 1e6:.1f} MB.")
    return 1 if failed else 0
