"""All that users see of us on their terminal: lines on stderr, each with a prefix.

Nothing here raises: a closed or missing stderr must not stop a training.
"""

import logging
import sys
from dataclasses import dataclass, field

_logger = logging.getLogger("wandb")

_RESET = "\x1b[0m"
_COLOURS = {"log": "\x1b[1;34m", "warn": "\x1b[33m", "error": "\x1b[31m"}
_TOLD_MAX = 10_000


@dataclass(slots=True)
class _Verbosity:
    """What the settings let through, and which lines were told already."""

    silent: bool = False
    levels: frozenset[str] = frozenset(("log", "warn", "error"))
    told: set[str] = field(default_factory=set)


_verbosity = _Verbosity()


def set_verbosity(
    *, silent: bool, errors: bool = True, warnings: bool = True, infos: bool = True
) -> None:
    """Choose which lines come through from now on; `silent` stops all of them."""
    shown = (("error", errors), ("warn", warnings), ("log", infos))
    _verbosity.silent = silent
    _verbosity.levels = frozenset(level for level, wanted in shown if wanted)


def shows(level: str) -> bool:
    """Whether lines of this level (log, warn or error) come through."""
    return not _verbosity.silent and level in _verbosity.levels


def termlog(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Tell the user something; with repeat=False only once per process."""
    _write("log", string, newline, repeat, prefix)


def termwarn(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Warn the user; with repeat=False only once per process."""
    _write("warn", f"WARNING {string}", newline, repeat, prefix)


def termerror(
    string: str = "", newline: bool = True, repeat: bool = True, prefix: bool = True
) -> None:
    """Tell the user what failed; with repeat=False only once per process."""
    _write("error", f"ERROR {string}", newline, repeat, prefix)


def termsetup(settings: object = None, logger: object = None) -> None:
    """Take `silent` and `show_*` from a settings object, as the official function."""
    if settings is not None:
        set_verbosity(
            silent=bool(getattr(settings, "silent", False)),
            errors=bool(getattr(settings, "show_errors", True)),
            warnings=bool(getattr(settings, "show_warnings", True)),
            infos=bool(getattr(settings, "show_info", True)),
        )


def show(line: str) -> None:
    """Print a line of a command's answer to stdout."""
    print(line)  # noqa: T201


def ask_secret(question: str) -> str | None:
    """What the user types without echo; None where nobody can type."""
    import getpass

    if not (sys.stdin and sys.stdin.isatty()):
        return None
    try:
        return getpass.getpass(f"wandb: {question}").strip() or None
    except (EOFError, OSError):
        return None


def _write(level: str, text: str, newline: bool, repeat: bool, prefix: bool) -> None:
    if not repeat:
        if text in _verbosity.told:
            return
        if len(_verbosity.told) < _TOLD_MAX:
            _verbosity.told.add(text)
    _logger.debug("terminal level=%s text=%s", level, text)
    if not shows(level):
        return
    stream = sys.stderr
    try:
        start = _prefix(level, stream.isatty()) if prefix else ""
        lines = "\n".join(start + line for line in text.split("\n"))
        stream.write(lines + ("\n" if newline else ""))
        stream.flush()
    except (AttributeError, OSError, ValueError):
        return  # no stderr, or a closed one


def _prefix(level: str, colours: bool) -> str:
    return f"{_COLOURS[level]}wandb{_RESET}: " if colours else "wandb: "
