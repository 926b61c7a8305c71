"""login, logout, status: which server, which key, which settings."""

import json
import sys

import click
from wandb_proto import credentials

from wandb import _terminal
from wandb._terminal import termlog
from wandb.errors import Error
from wandb.sdk.server_choice import choose_server
from wandb.sdk.wandb_login import login as log_in
from wandb.sdk.wandb_setup import setup

_SECRETS = frozenset(("api_key",))


@click.command()
@click.argument("key", required=False)
@click.option("--cloud", is_flag=True, hidden=True)
@click.option("--host", "--base-url", "host", help="Address of the server; kept.")
@click.option("--relogin", is_flag=True, help="Ask for the key even if there is one.")
@click.option(
    "--verify/--no-verify", default=True, help="Ask the server about the key."
)
def login(
    key: str | None, cloud: bool, host: str | None, relogin: bool, verify: bool
) -> None:
    """Keep an API key for the server, in netrc."""
    if cloud:
        raise click.UsageError(
            "--cloud names no server here: give --host with an address."
        )
    if not log_in(key=key, host=host, relogin=relogin, verify=verify):
        sys.exit(1)


@click.command()
@click.option("--host", "--base-url", "host", help="Server; default: the one in use.")
def logout(host: str | None) -> None:
    """Forget the API key that is kept for the server."""
    session = setup()
    server = choose_server(session.settings, session.places, session.environ)
    url = (host or server.base_url).rstrip("/")
    try:
        path = credentials.remove_key(session.environ, url)
    except OSError as problem:
        raise Error(f"The netrc file cannot be changed: {problem}") from problem
    termlog(f"No key for {url} is kept." if path is None else f"Forgotten: {url}")
    if server.key_from_environment and host is None:
        termlog("WANDB_API_KEY is still set.")


@click.command()
@click.option("--settings/--no-settings", default=True, help="Show what is set.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(settings: bool, as_json: bool) -> None:
    """Show which server is used and what is set."""
    session = setup()
    server = choose_server(session.settings, session.places, session.environ)
    given = {
        name: "***" if name in _SECRETS else value
        for name, value in sorted(session.settings)
        if name in session.settings.given
    }
    if as_json:
        shown = {
            "base_url": server.base_url,
            "local": server.local,
            "api_key_found": bool(server.api_key),
            "offline_because": server.offline_because or None,
            "settings": given,
        }
        _terminal.show(json.dumps(shown, indent=2, default=str))
        return
    kind = "on this machine" if server.local else "configured"
    _terminal.show(f"server   {server.base_url} ({kind})")
    _terminal.show(f"API key  {'found' if server.api_key else 'none'}")
    if server.offline_because:
        _terminal.show(f"offline because {server.offline_because} is set")
    for name, value in given.items() if settings else ():
        _terminal.show(f"{name}  {value}")
