"""Find and keep API keys by base URL, in the netrc file that official clients use.

An entry is `machine <host[:port]>` / `login user` / `password <key>`. The file is
`$NETRC`, else `~/.netrc` (or `~/_netrc` if only that exists), mode 0600.
"""

import itertools
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

KEY_CHARACTERS_MIN = 40

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\S+')


def netrc_path(environ: Mapping[str, str]) -> Path:
    """The netrc file to read and write; it may not exist yet."""
    if chosen := environ.get("NETRC"):
        return Path(chosen).expanduser()
    home = Path(environ.get("HOME") or Path.home())
    usual, windows = home / ".netrc", home / "_netrc"
    return windows if windows.exists() and not usual.exists() else usual


def machine_of(base_url: str) -> str:
    """`http://localhost:8080` -> `localhost:8080`: the name of the netrc entry."""
    return urlsplit(base_url).netloc.rpartition("@")[2]


def read_key(environ: Mapping[str, str], base_url: str) -> str | None:
    """The key kept for this server, or None. An unreadable file counts as absent."""
    try:
        text = netrc_path(environ).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    machine = machine_of(base_url)
    words = [word for line in text.splitlines() for word in _words(line)]
    inside = False
    for word, following in itertools.pairwise(words):
        if word == "machine":
            inside = following == machine
        elif word == "default":
            inside = False
        elif word == "password" and inside:
            return following
    return None


def write_key(environ: Mapping[str, str], base_url: str, key: str) -> Path:
    """Replace the entry of this server, keep all others; returns the file.

    The file is replaced in one step and has mode 0600 afterwards.

    Raises:
        OSError: the file cannot be written.
    """
    machine = machine_of(base_url)
    entry = f"machine {machine}\n  login user\n  password {key}\n"
    path = _real_path(environ)
    _replace(path, _without_machine(_read(path), machine) + entry)
    return path


def remove_key(environ: Mapping[str, str], base_url: str) -> Path | None:
    """Drop the entry of this server, keep all others; None if there was none.

    Raises:
        OSError: the file cannot be written.
    """
    path = _real_path(environ)
    old = _read(path)
    kept = _without_machine(old, machine_of(base_url))
    if read_key(environ, base_url) is None:
        return None
    _replace(path, kept)
    return path


def key_problem(key: str) -> str | None:
    """Why this cannot be an API key, or None. Same rule as the official client."""
    if key.count(".") == 2 and all(key.split(".")):
        return None  # a JWT
    secret = key.partition("-")[2] or key
    if not re.fullmatch(r"[\w-]+", secret):
        return "API key may only contain letters, digits, underscores and dashes."
    if len(secret) < KEY_CHARACTERS_MIN:
        return f"API key must have {KEY_CHARACTERS_MIN}+ characters, has {len(secret)}."
    return None


def _real_path(environ: Mapping[str, str]) -> Path:
    path = netrc_path(environ)
    return path.resolve() if path.is_symlink() else path


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _replace(path: Path, text: str) -> None:
    """In one step, mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".netrc-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(temporary, 0o600)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _words(line: str) -> list[str]:
    words = []
    for word in _TOKEN.findall(line):
        if word.startswith("#"):
            break
        words.append(word)
    return words


def _without_machine(text: str, machine: str) -> str:
    """Drop the entry's lines, whether it stands on one line or several."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines(keepends=True):
        words = _words(line)
        if words and words[0] in ("machine", "default", "macdef"):
            inside = words[0] == "machine" and words[1:2] == [machine]
        if not inside:
            kept.append(line if line.endswith("\n") else line + "\n")
    return "".join(kept)
