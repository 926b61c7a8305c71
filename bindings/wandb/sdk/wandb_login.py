"""`wandb.login`: make sure that there is an API key for the server.

The local server needs no prompt: its first start makes a user and a key and keeps the
key in netrc.
"""

import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from wandb_proto import credentials

from wandb import _terminal
from wandb._terminal import termlog, termwarn
from wandb.errors import AuthenticationError, CommError, UsageError
from wandb.sdk.server_choice import ServerChoice, choose_server
from wandb.sdk.viewer import ask_viewer
from wandb.sdk.wandb_settings import Settings, write_to_file
from wandb.sdk.wandb_setup import Session, setup

LOCAL_START_S_MAX = 60.0


def login(
    key: str | None = None,
    relogin: bool | None = None,
    host: str | None = None,
    force: bool | None = None,
    timeout: int | None = None,
    verify: bool = True,
    referrer: str | None = None,
    prompt: bool = True,
    anonymous: Any = None,
) -> bool:
    """Whether there is a key for the server now; asks for one where somebody can type.

    A key that is given or typed is kept in netrc, a `host` in the user's settings file.

    Raises:
        UsageError: no key, and nobody to ask for one.
        AuthenticationError: the key cannot be one, or the server does not accept it.
    """
    session = setup()
    if host:
        _keep_host(session, host)
    server = choose_server(session.settings, session.places, session.environ)
    if server.local and key is None:
        return _login_locally(session, server, timeout)
    chosen = key or (None if relogin else server.api_key)
    if chosen is None:
        if not prompt:
            return False
        chosen = _ask_for_key(server)
    if problem := credentials.key_problem(chosen):
        raise AuthenticationError(problem)
    viewer = _verify(server.base_url, chosen) if verify else None
    if key is not None or chosen != server.api_key:
        _keep_key(session, server.base_url, chosen)
    if viewer is not None:
        termlog(f"Currently logged in as: {viewer} to {server.base_url}", repeat=False)
    return True


def ensure_configured() -> None:
    """Read environment and settings now. Kept for ray."""
    setup()


@dataclass(frozen=True, slots=True)
class InternalApi:
    """`wandb.api`, of which other packages read the key."""

    @property
    def api_key(self) -> str | None:
        """The key for the configured server."""
        session = setup()
        return choose_server(session.settings, session.places, session.environ).api_key

    @property
    def settings(self) -> Settings:
        """The settings of the process."""
        return setup().settings


internal_api = InternalApi()


def _login_locally(session: Session, server: ServerChoice, timeout: int | None) -> bool:
    if server.api_key is None:
        _start_local_server(timeout or LOCAL_START_S_MAX)
        server = choose_server(session.settings, session.places, session.environ)
    if server.api_key is None:
        termwarn("The local server could not be started: see `wandb server status`.")
        return False
    termlog(f"Using the server on this machine: {server.base_url}", repeat=False)
    return True


def _start_local_server(timeout_s: float) -> None:
    command = [sys.executable, "-m", "wandb_server", "start", "--quiet"]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        termwarn(f"The local server did not start: {problem}")
        return
    if done.returncode != 0:
        termwarn(done.stderr.decode(errors="replace").strip()[-1000:])


def _ask_for_key(server: ServerChoice) -> str:
    typed = _terminal.ask_secret(f"API key for {server.base_url}: ")
    if not typed:
        raise UsageError("No API key configured. Use `wandb login` to log in.")
    return typed


def _verify(base_url: str, key: str) -> str:
    try:
        return ask_viewer(base_url, key)
    except AuthenticationError:
        raise
    except CommError as problem:
        raise AuthenticationError(
            f"Failed to authenticate with {base_url}: {problem}", problem
        ) from problem


def _keep_key(session: Session, base_url: str, key: str) -> None:
    try:
        path = credentials.write_key(session.environ, base_url, key)
    except OSError as problem:
        termwarn(f"The API key cannot be kept: {problem}")
        return
    termlog(f"The API key for {base_url} is kept in {path}", repeat=False)


def _keep_host(session: Session, host: str) -> None:
    changed = session.settings.merged({"base_url": host})
    path = session.places.config_dir / "settings"
    try:
        write_to_file(path, {"base_url": changed.base_url})
    except OSError as problem:
        termwarn(f"{path} cannot be written: {problem}")
    session.settings = changed
