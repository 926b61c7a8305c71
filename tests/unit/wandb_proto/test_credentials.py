"""Keys in the netrc file: ours replaced, everybody else's kept."""

import stat
from pathlib import Path

import pytest
from wandb_proto import credentials

KEY = "local-" + "a" * 40
OTHER = "machine api.example login me password secret\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


def test_a_written_key_is_read_back_by_base_url(environ: dict[str, str]) -> None:
    credentials.write_key(environ, "http://localhost:8080", KEY)

    assert credentials.read_key(environ, "http://localhost:8080") == KEY
    assert credentials.read_key(environ, "http://localhost:8081") is None


def test_other_entries_and_comments_are_kept(environ: dict[str, str]) -> None:
    path = credentials.netrc_path(environ)
    path.write_text(
        f"# mine\n{OTHER}machine localhost:8080\n  login user\n  password old\n{OTHER}"
    )

    credentials.write_key(environ, "http://localhost:8080", KEY)

    text = path.read_text()
    assert text.count(OTHER) == 2
    assert text.startswith("# mine\n")
    assert "old" not in text
    assert credentials.read_key(environ, "http://localhost:8080") == KEY


def test_the_file_is_private_even_if_it_was_not(environ: dict[str, str]) -> None:
    path = credentials.netrc_path(environ)
    path.write_text(OTHER)
    path.chmod(0o644)

    credentials.write_key(environ, "http://h", KEY)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_linked_netrc_stays_a_link(environ: dict[str, str], tmp_path: Path) -> None:
    real = tmp_path / "dotfiles-netrc"
    real.write_text(OTHER)
    (tmp_path / ".netrc").symlink_to(real)

    credentials.write_key(environ, "http://h", KEY)

    assert (tmp_path / ".netrc").is_symlink()
    assert KEY in real.read_text()


def test_netrc_variable_wins(environ: dict[str, str], tmp_path: Path) -> None:
    environ["NETRC"] = str(tmp_path / "elsewhere")

    assert credentials.write_key(environ, "http://h", KEY) == tmp_path / "elsewhere"
    assert not (tmp_path / ".netrc").exists()


def test_a_missing_or_strange_file_counts_as_absent(environ: dict[str, str]) -> None:
    assert credentials.read_key(environ, "http://h") is None

    credentials.netrc_path(environ).write_bytes(b"\xff\xfe machine password")

    assert credentials.read_key(environ, "http://h") is None


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (KEY, None),
        ("b" * 40, None),
        ("header.payload.signature", None),
        ("wandb_v1_" + "c" * 40, None),
        ("short", "API key must have 40+ characters, has 5."),
        ("a b" * 20, "API key may only contain"),
    ],
)
def test_keys_are_judged_as_the_official_client_does(
    key: str, problem: str | None
) -> None:
    found = credentials.key_problem(key)

    assert found is None if problem is None else (found or "").startswith(problem)
