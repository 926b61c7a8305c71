"""The command line: `wandb` and `wb`.

Commands of core and the server are theirs: `wandb core …`, `wandb server …` and `wandb
sync …` hand over to `python -m wandb_core` and `python -m wandb_server` as they are.
"""

import os
import sys
from pathlib import Path

import click
from wandb_proto import VERSION

from wandb import _terminal
from wandb._terminal import termerror, termlog
from wandb.errors import Error
from wandb.sdk.server_choice import choose_server
from wandb.sdk.wandb_login import login as log_in
from wandb.sdk.wandb_settings import Settings, write_to_file
from wandb.sdk.wandb_setup import setup

_PASSED_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "help_option_names": [],
}


class _Commands(click.Group):
    """Turns our errors into one line and exit code 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Error as problem:
            termerror(str(problem))
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="wandb")
def main() -> None:
    """Track experiments: an open, independent implementation of W&B."""


@main.command()
@click.argument("key", required=False)
@click.option("--host", "--base-url", "host", help="Address of the server; kept.")
@click.option("--relogin", is_flag=True, help="Ask for the key even if there is one.")
@click.option(
    "--verify/--no-verify", default=True, help="Ask the server about the key."
)
def login(key: str | None, host: str | None, relogin: bool, verify: bool) -> None:
    """Keep an API key for the server, in netrc."""
    if not log_in(key=key, host=host, relogin=relogin, verify=verify):
        sys.exit(1)


@main.command()
def offline() -> None:
    """Keep the runs of this directory on this machine until `wandb sync`."""
    path = _keep({"mode": "offline"})
    termlog(f"W&B offline in {path.parent}. Run `wandb online` to upload again.")


@main.command()
def online() -> None:
    """Upload the runs of this directory."""
    path = _keep({"mode": "online"})
    termlog(f"W&B online in {path.parent}.")


@main.command()
@click.option("--project", "-p", help="Project of the runs in this directory.")
@click.option("--entity", "-e", help="User or team that they belong to.")
@click.option("--reset", is_flag=True, help="Forget the settings of this directory.")
@click.option("--mode", "-m", help="online, offline or disabled.")
def init(
    project: str | None, entity: str | None, reset: bool, mode: str | None
) -> None:
    """Keep project, entity and mode for the runs of this directory."""
    names = {"project": project, "entity": entity, "mode": mode}
    if reset:
        path = _keep(dict.fromkeys(names))
        termlog(f"Forgotten: {path}")
        return
    given = {name: value for name, value in names.items() if value}
    if not given:
        raise click.UsageError("Nothing to keep: give --project, --entity or --mode.")
    Settings(**given)  # refuses what cannot be
    path = _keep(dict(given))
    termlog(f"Kept in {path}")


@main.command()
@click.option("--settings/--no-settings", default=True, help="Show what is set.")
def status(settings: bool) -> None:
    """Show which server is used and what is set."""
    session = setup()
    server = choose_server(session.settings, session.places, session.environ)
    kind = "on this machine" if server.local else "configured"
    _terminal.show(f"server   {server.base_url} ({kind})")
    _terminal.show(f"API key  {'found' if server.api_key else 'none'}")
    if server.offline_because:
        _terminal.show(f"offline because {server.offline_because} is set")
    if settings:
        for name, value in sorted(session.settings):
            if name in session.settings.given:
                _terminal.show(f"{name}  {value}")


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sync(arguments: tuple[str, ...]) -> None:
    """Upload runs that are on this machine only: wandb sync PATHS…"""
    _hand_over("wandb_core", "sync", *arguments)


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(arguments: tuple[str, ...]) -> None:
    """Compare a run's log with what the server has: wandb verify RUN"""
    _hand_over("wandb_core", "verify", *arguments)


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def core(arguments: tuple[str, ...]) -> None:
    """The daemon of this machine: wandb core start | stop | status [--json]"""
    if arguments[:1] == ("deliver",):  # from a host that has no core
        _hand_over("wandb._left_rings", *arguments)
    _hand_over("wandb_core", *arguments)


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def server(arguments: tuple[str, ...]) -> None:
    """The server of this machine: wandb server start | stop | open | status"""
    _hand_over("wandb_server", *arguments)


def _hand_over(module: str, *arguments: str) -> None:
    """Become the other program; its options, output and exit code are its own."""
    command = [sys.executable, "-m", module, *(arguments or ("--help",))]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, command)


def _keep(changes: dict[str, str | None]) -> Path:
    path = Path(setup().settings.wandb_dir) / "settings"
    try:
        write_to_file(path, changes)
    except OSError as problem:
        raise Error(f"{path} cannot be written: {problem}") from problem
    return path


if __name__ == "__main__":
    main()
