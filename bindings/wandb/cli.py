"""The command line: `wandb` and `wb`.

Commands of core and the server are theirs: `wandb core …`, `wandb server …`, `wandb
sync …` and `wandb clean …` hand over to `python -m wandb_core` and `python -m
wandb_server` as they are. The others are in `wandb.commands`, loaded when asked for.
"""

import importlib
import os
import sys

import click
from wandb_proto import VERSION

from wandb._terminal import termerror
from wandb.errors import Error

_PASSED_ON = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "help_option_names": [],
}
_PLACES = {
    "artifact": "artifact",
    "disabled": "workspace",
    "enabled": "workspace",
    "init": "workspace",
    "login": "account",
    "logout": "account",
    "offline": "workspace",
    "online": "workspace",
    "projects": "projects",
    "pull": "run_files",
    "purge-cache": "cache",
    "restore": "run_files",
    "status": "account",
}
"""Module of `wandb.commands` of each command; there its name has `_` for `-`."""
_OLD_NAMES = {"off": "offline", "on": "online"}


class _Commands(click.Group):
    """Loads commands when asked for; turns our errors into one line and exit code 1."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_PLACES})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = _OLD_NAMES.get(cmd_name, cmd_name)
        if name not in _PLACES:
            return super().get_command(ctx, name)
        module = importlib.import_module(f"wandb.commands.{_PLACES[name]}")
        command: click.Command = getattr(module, name.replace("-", "_"))
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except (Error, ValueError) as problem:
            termerror(str(problem))
            ctx.exit(1)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="wandb")
def main() -> None:
    """Track experiments: an open, independent implementation of W&B."""


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sync(arguments: tuple[str, ...]) -> None:
    """Upload runs that are on this machine only: wandb sync PATHS…"""
    _hand_over("wandb_core", "sync", *arguments)


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def clean(arguments: tuple[str, ...]) -> None:
    """Delete runs on this machine that are at the server: --min-hours, --force, …"""
    from wandb.sdk.wandb_setup import setup

    place = ("--wandb-dir", setup().settings.wandb_dir)
    _hand_over("wandb_core", "clean", *place, *arguments)


@main.command(context_settings=_PASSED_ON)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def verify(arguments: tuple[str, ...]) -> None:
    """Compare a run with the server (verify RUN), or check it (verify --host …)."""
    from wandb.commands import server_check

    if server_check.asks_for_server(arguments):
        server_check.check_server(server_check.host_of(arguments))
        return
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


if __name__ == "__main__":
    main()
