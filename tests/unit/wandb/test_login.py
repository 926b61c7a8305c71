"""`wandb.login` and the commands that keep choices."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import wandb
from click.testing import CliRunner
from wandb import cli
from wandb.errors import AuthenticationError, UsageError
from wandb.sdk.public_settings import public_settings
from wandb.sdk.wandb_settings import from_file
from wandb_proto import VERSION, credentials

KEY = "k" * 40
OTHER = "o" * 40


class _Answers(http.server.BaseHTTPRequestHandler):
    """A server that knows one key."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        known = credentials_of(KEY) == self.headers["Authorization"]
        viewer = {"id": "1", "entity": "team", "username": "me"} if known else None
        body = json.dumps({"data": {"viewer": viewer}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def credentials_of(key: str) -> str:
    import base64

    return "Basic " + base64.b64encode(f"api:{key}".encode()).decode()


@pytest.fixture
def server(edge: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A configured server; yields its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{running.server_port}"
        monkeypatch.setenv("WANDB_BASE_URL", url)
        yield url
        running.shutdown()
        thread.join()


def _kept(edge: Path, url: str) -> str | None:
    return credentials.read_key({"NETRC": str(edge.parent / "netrc")}, url)


def test_given_key_is_checked_and_kept(
    server: str, edge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert wandb.login(key=KEY) is True

    assert _kept(edge, server) == KEY
    assert f"logged in as: me (team) to {server}" in capsys.readouterr().err
    assert wandb.api.api_key == KEY
    assert wandb.login() is True


def test_refused_and_impossible_keys_are_errors_and_not_kept(
    server: str, edge: Path
) -> None:
    with pytest.raises(AuthenticationError, match="not accepted"):
        wandb.login(key=OTHER)
    with pytest.raises(AuthenticationError, match="40"):
        wandb.login(key="short")
    assert _kept(edge, server) is None

    assert wandb.login(key=OTHER, verify=False) is True
    assert _kept(edge, server) == OTHER


def test_key_of_the_environment_is_not_written(
    server: str, edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", KEY)

    assert wandb.login() is True

    assert _kept(edge, server) is None


def test_without_key_and_without_a_terminal_it_says_what_to_do(server: str) -> None:
    assert wandb.login(prompt=False) is False
    with pytest.raises(UsageError, match="wandb login"):
        wandb.login()


def test_host_is_kept_in_the_users_settings(server: str, edge: Path) -> None:
    wandb.login(key=KEY, host=server + "/")

    assert from_file(edge.parent / "config" / "settings").base_url == server


def test_unreachable_server_is_an_authentication_error(
    edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")

    with pytest.raises(AuthenticationError, match="cannot be reached"):
        wandb.login(key=KEY)


def test_local_server_needs_no_prompt(edge: Path) -> None:
    credentials.write_key(
        {"NETRC": str(edge.parent / "netrc")}, "http://localhost:8080", "local-" + KEY
    )

    assert wandb.login() is True


def test_public_settings_follow_overrides(server: str) -> None:
    settings = public_settings({"project": "p", "entity": None}, 5.0, KEY)

    assert (settings.base_url, settings.project) == (server, "p")
    assert (settings.entity, settings.api_key, settings.timeout_s) == (None, KEY, 5.0)
    assert public_settings({}).timeout_s == 20.0


def test_command_login(server: str, edge: Path) -> None:
    good = CliRunner().invoke(cli.main, ["login", KEY])
    bad = CliRunner().invoke(cli.main, ["login", OTHER, "--relogin"])

    assert good.exit_code == 0
    assert _kept(edge, server) == KEY
    assert bad.exit_code == 1


def test_commands_keep_mode_project_and_entity(edge: Path) -> None:
    runner = CliRunner()

    assert runner.invoke(cli.main, ["offline"]).exit_code == 0
    assert from_file(edge / "wandb" / "settings").mode == "offline"
    assert runner.invoke(cli.main, ["online"]).exit_code == 0
    assert runner.invoke(cli.main, ["init", "-p", "p", "-e", "e"]).exit_code == 0
    kept = from_file(edge / "wandb" / "settings")
    assert (kept.mode, kept.project, kept.entity) == ("online", "p", "e")
    assert runner.invoke(cli.main, ["init", "--reset"]).exit_code == 0
    assert from_file(edge / "wandb" / "settings").given == frozenset()
    assert runner.invoke(cli.main, ["init"]).exit_code == 2
    assert runner.invoke(cli.main, ["init", "-m", "sometimes"]).exit_code == 1


def test_command_status_shows_server_and_settings(server: str, edge: Path) -> None:
    shown = CliRunner().invoke(cli.main, ["status"]).output

    assert f"{server} (configured)" in shown
    assert "API key  none" in shown
    assert f"base_url  {server}" in shown


def test_version_and_help_name_what_there_is() -> None:
    runner = CliRunner()

    assert VERSION in runner.invoke(cli.main, ["--version"]).output
    listed = runner.invoke(cli.main, ["--help"]).output
    for command in ("login", "offline", "online", "status", "sync", "core", "server"):
        assert f"  {command} " in listed
    for later in ("sweep", "agent", "launch"):
        assert f"  {later} " not in listed
