"""Facts about a git repository, read from its files."""

import subprocess
from pathlib import Path

import pytest
from wandb.sdk.git import find_repository, without_credentials


def _git(where: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    done = subprocess.run(
        command, cwd=where, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    _git(root, "init", "-q")
    (root / "f").write_text("x")
    _git(root, "add", "f")
    _git(root, "commit", "-q", "-m", "x")
    _git(root, "remote", "add", "origin", "https://me:secret@example.org/team/tool.git")
    return root


def test_repository_is_found_from_below(repository: Path) -> None:
    below = repository / "a" / "b"
    below.mkdir(parents=True)

    found = find_repository(below)

    assert found is not None
    assert found.root == repository.resolve()
    assert found.commit == _git(repository, "rev-parse", "HEAD")
    assert found.remote_url == "https://example.org/team/tool.git"
    assert found.name == "tool"


def test_packed_and_detached_heads_are_read(repository: Path) -> None:
    commit = _git(repository, "rev-parse", "HEAD")
    _git(repository, "pack-refs", "--all")

    assert find_repository(repository).commit == commit  # type: ignore[union-attr]

    _git(repository, "checkout", "-q", "--detach")
    assert find_repository(repository).commit == commit  # type: ignore[union-attr]


def test_worktree_is_read(repository: Path, tmp_path: Path) -> None:
    _git(repository, "worktree", "add", "-q", str(tmp_path / "other"))

    found = find_repository(tmp_path / "other")

    assert found is not None
    assert found.commit == _git(repository, "rev-parse", "HEAD")
    assert found.remote_url == "https://example.org/team/tool.git"


def test_no_or_damaged_repository_is_none(tmp_path: Path) -> None:
    assert find_repository(tmp_path) is None

    (tmp_path / ".git").mkdir()
    assert find_repository(tmp_path) is None


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://user:token@host/x.git", "https://host/x.git"),
        ("https://token@host/x", "https://host/x"),
        ("ssh://git@host/x", "ssh://host/x"),
        ("git@host:team/x.git", "git@host:team/x.git"),
        ("", ""),
    ],
)
def test_credentials_are_stripped(url: str, clean: str) -> None:
    assert without_credentials(url) == clean
