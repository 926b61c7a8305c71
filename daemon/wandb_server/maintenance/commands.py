"""`wandb server backup | restore | check | gc`: what they do and what they say."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

from wandb_server.data_dir import Machine, hold_data_dir
from wandb_server.errors import AlreadyRunning
from wandb_server.maintenance.backup import back_up, restore
from wandb_server.maintenance.checking import check
from wandb_server.maintenance.opening import open_stores
from wandb_server.operations import open_archive
from wandb_server.settings import ServerSettings

Say = Callable[[str], None]
UNITS = ("bytes", "kB", "MB", "GB", "TB")


def make_backup(
    settings: ServerSettings, environ: Mapping[str, str], target: Path, say: Say
) -> int:
    """Back up everything, beside a running server or without one."""

    async def work() -> None:
        async with open_stores(settings, environ) as stores:
            report = await back_up(stores, target)
        say(
            f"{target}: {report.rows} rows, {report.objects} objects "
            f"({size_text(report.object_bytes)})."
        )
        if report.missing:
            say(
                f"{report.missing} objects were deleted while the backup was made; "
                "their runs are in it without them."
            )

    asyncio.run(work())
    return 0


def restore_backup(
    settings: ServerSettings, environ: Mapping[str, str], source: Path, say: Say
) -> int:
    """Fill empty stores from a backup; no server may run over them."""

    async def work() -> None:
        async with open_stores(settings, environ) as stores:
            report = await restore(stores, source)
        say(
            f"Restored {report.rows} rows and {report.objects} objects "
            f"({size_text(report.object_bytes)}) from {source}."
        )

    with alone(settings):
        asyncio.run(work())
    return 0


def check_stores(settings: ServerSettings, environ: Mapping[str, str], say: Say) -> int:
    """Read everything that is stored; 1 if something is not what was written."""

    async def work() -> int:
        began = time.monotonic()
        async with open_stores(settings, environ) as stores:
            report = await check(stores, say)
        say(
            f"{report.objects} objects ({size_text(report.object_bytes)}) and "
            f"{report.segments} segments read in {time.monotonic() - began:.1f} s: "
            f"{len(report.problems)} problems."
        )
        return 1 if report.problems else 0

    return asyncio.run(work())


def collect_garbage(
    settings: ServerSettings, environ: Mapping[str, str], say: Say
) -> int:
    """Delete what nobody refers to; over the embedded stores, with no server."""

    async def work() -> int:
        archive = await open_archive(
            settings.database_url,
            settings.object_url,
            data_dir=settings.data_dir,
            environ=environ,
        )
        try:
            return await archive.collect_garbage()
        finally:
            await archive.close()

    with alone(settings):
        say(freed_text(asyncio.run(work())))
    return 0


def freed_text(freed_bytes: int) -> str:
    """What collecting garbage tells."""
    return f"{size_text(freed_bytes)} freed."


def size_text(size_bytes: int) -> str:
    """With a unit that people read."""
    size, unit = float(size_bytes), 0
    while size >= 1000 and unit < len(UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f"{size:.3g} {UNITS[unit]}" if unit else f"{size_bytes} bytes"


def alone(settings: ServerSettings) -> ExitStack:
    """Hold the data directory, as a server does, until the block ends.

    Raises:
        AlreadyRunning: a server holds it.
    """
    ending = ExitStack()
    try:
        held = hold_data_dir(settings.data_dir, Machine.this())
    except AlreadyRunning as error:
        raise AlreadyRunning(f"{error} Stop it first: wandb server stop") from error
    ending.callback(held.release)
    return ending
