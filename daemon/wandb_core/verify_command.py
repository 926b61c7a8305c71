"""`wandb verify` as a command: which logs, which server, what to say."""

import argparse
import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

from wandb_proto.places import Places

from wandb_core.errors import CoreError
from wandb_core.settings import CoreSettings
from wandb_core.sync import find_logs
from wandb_core.sync_command import server_tools
from wandb_core.verify import LoggedRun, Verdict, verify


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("run", help="run id, run directory or log")
    parser.add_argument("--base-url", default="", help="server (WANDB_BASE_URL)")
    parser.add_argument("-e", "--entity", default="", help="instead of the log's own")
    parser.add_argument("-p", "--project", default="", help="instead of the log's own")


def verify_run(
    chosen: argparse.Namespace,
    places: Places,
    environ: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """Run the command; 0: all rows are the same on both sides, 1: they are not.

    Raises:
        CoreError: a bad setting, or no answer from the server.
    """
    settings = CoreSettings.from_environment(environ)
    root = Path(environ.get("WANDB_DIR") or ".") / "wandb"
    paths = logs_of(chosen.run, root)
    if not paths:
        say(f"{chosen.run}: no log of this run in {root}")
        return 2
    try:
        run = LoggedRun(paths, settings.row_bytes_max)
    except ValueError as error:
        say(f"{chosen.run}: {error}")
        return 2
    tools = server_tools(chosen.base_url, places, environ, settings, start=True)
    key = tools.credentials()
    if key is None:
        say(f"No API key for {tools.target.base_url}; run: wandb login")
        return 2
    project = chosen.project or run.run.project or "uncategorized"

    async def compare(api_key: str) -> Verdict:
        async with tools.connect(tools.target, api_key) as client:
            entity = chosen.entity or run.run.entity
            if not entity:
                viewer = await client.viewer()
                entity = viewer.entity if viewer else ""
            return await verify(run, client, entity or None, project, run.run.run_id)

    try:
        verdict = asyncio.run(compare(key))
    except (CoreError, OSError) as error:
        say(f"run {run.run.run_id} cannot be compared: {error}")
        return 2
    for line in told(run, verdict):
        say(line)
    return 1 if verdict.difference else 0


def logs_of(run: str, root: Path) -> list[Path]:
    """The logs that a run id, a run directory or a log stands for.

    A run that was resumed has several: all of them, where they lie beside each other.
    """
    path = Path(run)
    if path.is_file():
        name, root = path.name, path.parent.parent
    elif path.is_dir():
        inside = sorted(path.glob("*.wandb"))
        if not inside:
            return []
        name, root = inside[0].name, path.resolve().parent
    else:
        name = f"run-{run}.wandb"
    return [log for log in find_logs(root) if log.name == name]


def told(run: LoggedRun, verdict: Verdict) -> list[str]:
    """The lines for people."""
    here = f"here         {verdict.row_count:>12,} rows  {verdict.digest}"
    there = (
        f"at the server{verdict.server_row_count:>12,} rows  {verdict.server_digest}"
    )
    lines = [f"run {run.run.run_id}, {len(run.paths)} log(s)", here, there]
    if verdict.difference is None:
        return [*lines, "the same"]
    lines.append(f"first difference: {verdict.difference}")
    if not run.is_uploaded:
        lines.append("The upload is not finished: wandb core start")
    return lines
