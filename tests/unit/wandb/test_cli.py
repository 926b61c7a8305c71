"""The command line: what is kept, forgotten, deleted and shown."""

import json
import os
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from wandb import cli
from wandb.sdk import wandb_setup
from wandb.sdk.wandb_settings import from_file
from wandb_proto import credentials

KEY = "k" * 40
COMMANDS = """
login logout init status sync offline online disabled enabled verify pull restore
clean purge-cache projects core server
"""


def wandb(*arguments: str, code: int = 0) -> str:
    """Run a command in this process; its output."""
    wandb_setup.teardown()
    done = CliRunner().invoke(cli.main, list(arguments))
    assert done.exit_code == code, done.output
    return done.output


def test_every_command_of_the_surface_is_there() -> None:
    shown = wandb("--help")

    for name in COMMANDS.split():
        assert f"\n  {name} " in shown


@pytest.mark.parametrize(
    ("command", "mode"),
    [
        ("offline", "offline"), ("online", "online"), ("disabled", "disabled"),
        ("enabled", "online"), ("off", "offline"), ("on", "online"),
    ],
)  # fmt: skip
def test_modes_are_kept_for_the_directory(edge: Path, command: str, mode: str) -> None:
    wandb(command)

    assert from_file(edge / "wandb" / "settings").mode == mode


def test_logout_forgets_only_this_server(edge: Path) -> None:
    environ = {"NETRC": str(edge.parent / "netrc")}
    credentials.write_key(environ, "http://a.example", KEY)
    credentials.write_key(environ, "http://b.example:8080", KEY)

    assert "Forgotten" in wandb("logout", "--host", "http://a.example")
    assert "No key" in wandb("logout", "--host", "http://a.example")

    assert credentials.read_key(environ, "http://a.example") is None
    assert credentials.read_key(environ, "http://b.example:8080") == KEY


def test_status_shows_no_secret(edge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setenv("WANDB_BASE_URL", "http://a.example")

    assert KEY not in wandb("status")
    shown = wandb("status", "--json")
    assert KEY not in shown
    facts = json.loads(shown)
    assert facts["base_url"] == "http://a.example"
    assert facts["api_key_found"]


def test_purge_cache_deletes_what_is_old(
    edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_CACHE_DIR", str(edge / "cache"))
    old, new = edge / "cache/artifacts/old", edge / "cache/artifacts/new"
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.write_bytes(b"x" * 1000)
    os.utime(old, (time.time() - 3 * 86400,) * 2)

    assert "--force" in wandb("purge-cache", "--age", "2d", code=1)
    wandb("purge-cache", "--age", "2d", "--force")
    assert (old.exists(), new.exists()) == (False, True)
    wandb("purge-cache", "--force")

    assert not new.exists()
    assert "Nothing" in wandb("purge-cache", "--force")
    assert "8h" in wandb("purge-cache", "--age", "soon", code=2)


def test_verify_of_no_server_fails(edge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr("wandb.apis.public.graphql_client.ATTEMPTS_MAX", 1)

    shown = wandb("verify", "--host", "http://127.0.0.1:1", code=1)

    assert "failed" in shown
