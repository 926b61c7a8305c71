"""purge-cache: make room on this machine."""

import os
import re
import sys
import time
from pathlib import Path

import click

from wandb import _terminal
from wandb._terminal import termlog
from wandb.sdk.wandb_setup import setup

_SECONDS = {
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
    "M": 30 * 86400,
    "y": 365 * 86400,
}


@click.command(name="purge-cache")
@click.option("--age", help="Only what is older: 10s, 5m, 8h, 7d, 6M or 1y.")
@click.option("--force", is_flag=True, help="Do not ask.")
def purge_cache(age: str | None, force: bool) -> None:
    """Delete downloaded artifacts and other cached files."""
    before = time.time() - _seconds(age) if age else None
    found = [
        (path, size, changed_at)
        for path, size, changed_at in _cached_files()
        if before is None or changed_at < before
    ]
    megabytes = sum(size for _, size, _ in found) / 1e6
    if not found:
        termlog("Nothing to delete.")
        return
    question = f"Delete {len(found)} cached files ({megabytes:.1f} MB)?"
    if not force and not confirm(question):
        sys.exit(1)
    for path, _, _ in found:
        path.unlink(missing_ok=True)
    termlog(f"Deleted {len(found)} files, {megabytes:.1f} MB.")


def confirm(question: str) -> bool:
    """Ask; no where nobody can answer."""
    if not sys.stdin.isatty():
        _terminal.termerror(f"{question} Say --force where nobody can be asked.")
        return False
    return click.confirm(question)


def cache_dir() -> Path:
    """Where downloaded files are kept: WANDB_CACHE_DIR, else the user's cache."""
    session = setup()
    home = Path(session.environ.get("HOME") or Path.home())
    usual = session.environ.get("XDG_CACHE_HOME") or str(home / ".cache")
    return Path(session.settings.cache_dir or Path(usual) / "wandb")


def _cached_files() -> "list[tuple[Path, int, float]]":
    found = []
    for folder, _, names in os.walk(cache_dir()):
        for name in names:
            path = Path(folder) / name
            try:
                facts = path.lstat()
            except OSError:
                continue  # deleted meanwhile
            found.append((path, facts.st_size, facts.st_mtime))
    return found


def _seconds(age: str) -> float:
    parts = re.fullmatch(r"(\d+)\s*([smhdMy])", age.strip())
    if parts is None:
        raise click.UsageError(f"--age is 10s, 5m, 8h, 7d, 6M or 1y, not {age!r}")
    return int(parts[1]) * _SECONDS[parts[2]]
