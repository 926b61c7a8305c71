"""verify: whether a server answers as clients need it, or a run is whole on it."""

import sys
from collections.abc import Callable

import click

import wandb
from wandb import _terminal
from wandb.errors import CommError


def check_server(host: str | None) -> None:
    """Ask the server who we are and what it has; exit code 1 if something fails."""
    api = wandb.Api({"base_url": host.rstrip("/")} if host else None)
    _terminal.show(f"server {api.settings['base_url']}")
    checks: list[tuple[str, Callable[[], object]]] = [
        ("answers and knows the key", lambda: api.viewer["username"]),
        ("names a default entity", lambda: api.viewer["entity"]),
        ("lists projects", lambda: f"{len(api.projects())} of them"),
    ]
    failed = False
    for what, ask in checks:
        try:
            answer = ask()
        except (CommError, KeyError, ValueError) as problem:
            failed = True
            _terminal.show(f"  failed  {what}: {problem}")
        else:
            _terminal.show(f"  ok      {what}: {answer}")
    if failed:
        sys.exit(1)


def asks_for_server(arguments: tuple[str, ...]) -> bool:
    """Whether `wandb verify …` is about a server and not about a run."""
    return not arguments or arguments[0].startswith("--host")


def host_of(arguments: tuple[str, ...]) -> str | None:
    """The address behind `--host`.

    Raises:
        UsageError: there is none.
    """
    if not arguments:
        return None
    _, _, value = arguments[0].partition("=")
    rest = [value] if value else list(arguments[1:])
    if len(rest) != 1:
        raise click.UsageError("wandb verify --host ADDRESS")
    return rest[0]
