"""Facts about the git repository around a script, read from its files.

No subprocess: `git` may be missing, slow on network drives, or refuse a repository of
another owner.
"""

import configparser
import re
from dataclasses import dataclass
from pathlib import Path

PARENTS_MAX = 64


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a repository is, what is checked out and where it came from."""

    root: Path
    commit: str
    remote_url: str
    """Without credentials; "" if there is none."""

    @property
    def name(self) -> str:
        """Name of the remote repository, else of the directory."""
        tail = re.split(r"[/:]", self.remote_url.rstrip("/"))[-1]
        return tail.removesuffix(".git") or self.root.name


def find_repository(start: Path, remote: str = "origin") -> Repository | None:
    """The repository that holds `start`, or None; unreadable counts as none."""
    try:
        place = start.resolve()
        for directory in (place, *list(place.parents)[:PARENTS_MAX]):
            if (directory / ".git").exists():
                git_dir = _git_dir(directory / ".git")
                shared = _shared_dir(git_dir)
                return Repository(
                    root=directory,
                    commit=_commit(git_dir, shared),
                    remote_url=_remote_url(shared / "config", remote),
                )
    except (OSError, ValueError, configparser.Error):
        return None
    return None


def without_credentials(url: str) -> str:
    """`https://user:token@host/x.git` -> `https://host/x.git`."""
    return re.sub(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#]*@", r"\1", url)


def _git_dir(dot_git: Path) -> Path:
    if dot_git.is_dir():
        return dot_git
    text = dot_git.read_text(encoding="utf-8").strip()  # worktree or submodule
    return (dot_git.parent / text.removeprefix("gitdir:").strip()).resolve()


def _shared_dir(git_dir: Path) -> Path:
    pointer = git_dir / "commondir"
    if not pointer.exists():
        return git_dir
    return (git_dir / pointer.read_text(encoding="utf-8").strip()).resolve()


def _commit(git_dir: Path, shared: Path) -> str:
    head = (git_dir / "HEAD").read_text(encoding="utf-8").strip()
    if not head.startswith("ref:"):
        return head
    name = head.removeprefix("ref:").strip()
    for directory in (git_dir, shared):
        if (directory / name).is_file():
            return (directory / name).read_text(encoding="utf-8").strip()
    packed = shared / "packed-refs"
    if packed.is_file():
        for line in packed.read_text(encoding="utf-8").splitlines():
            if line.endswith(" " + name):
                return line.split(" ", 1)[0]
    return ""


def _remote_url(config: Path, remote: str) -> str:
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, allow_no_value=True
    )
    text = config.read_text(encoding="utf-8", errors="replace")
    parser.read_string("\n".join(line.strip() for line in text.splitlines()))
    url = parser.get(f'remote "{remote}"', "url", fallback="") or ""
    return without_credentials(url.strip().strip('"'))
