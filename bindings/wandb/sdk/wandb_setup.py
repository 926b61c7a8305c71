"""The edge of the process: environment and settings read once, active runs, the exit.

```
first init/setup/login ──► Session ── environ, settings: read now, kept until teardown
                             ├─ runs that are active, newest last
                             ├─ console capture
                             └─ exit hooks: atexit, sys.excepthook, sys.exit
```
"""

import atexit
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from wandb_proto.places import Places

from wandb import _terminal
from wandb.sdk.console import Console
from wandb.sdk.wandb_settings import Settings, from_environment, from_file

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

EXIT_CODE_INTERRUPTED = 255


class Session:
    """What this process knows between its first init and its end."""

    def __init__(self, environ: Mapping[str, str], settings: Settings) -> None:
        self.environ = dict(environ)
        self.places = Places.from_environment(self.environ)
        self.settings = settings.over(_surroundings(self.environ, settings))
        self.runs: list[Run] = []
        self.console = Console()
        self.exit_hooks = ExitHooks()
        self.lock = threading.RLock()
        self.apply_verbosity(self.settings)

    @staticmethod
    def apply_verbosity(settings: Settings) -> None:
        """Let the terminal show what these settings let through."""
        _terminal.set_verbosity(
            silent=settings.silent,
            errors=settings.show_errors,
            warnings=settings.show_warnings,
            infos=settings.show_info and not settings.quiet,
        )

    def add(self, run: "Run") -> None:
        """A run has started."""
        with self.lock:
            self.runs.append(run)
        self.exit_hooks.install(self.finish_all)

    def remove(self, run: "Run") -> None:
        """A run has ended."""
        with self.lock:
            if run in self.runs:
                self.runs.remove(run)

    def finish_all(self, exit_code: int | None) -> None:
        """End every run that is still active, newest first."""
        for run in reversed(list(self.runs)):
            run.finish(exit_code)

    def abandon_runs(self) -> None:
        """In a forked child: the runs so far are the parent's to end."""
        self.lock = threading.RLock()
        self.runs = []


class ExitHooks:
    """Learns with which code the process ends, and ends the runs then."""

    def __init__(self) -> None:
        self.pid = 0
        self.exit_code = 0
        self._finish: Any = None
        self._previous_hook: Any = None
        self._previous_exit: Any = None

    def install(self, finish: Any) -> None:
        """Call `finish(exit code)` when this process ends. Idempotent."""
        self.pid = os.getpid()
        if self._finish is not None:
            return
        self._finish = finish
        self._previous_hook, sys.excepthook = sys.excepthook, self._on_exception
        self._previous_exit, sys.exit = sys.exit, self._on_exit
        atexit.register(self._at_end)

    def remove(self) -> None:
        """Take the hooks away, unless somebody has put theirs on top."""
        if self._finish is None:
            return
        if sys.excepthook == self._on_exception:
            sys.excepthook = self._previous_hook
        if sys.exit == self._on_exit:
            sys.exit = self._previous_exit
        atexit.unregister(self._at_end)
        self._finish = None

    def _on_exit(self, code: Any = None) -> Any:
        if code is None or isinstance(code, int):
            self.exit_code = code or 0
        else:
            self.exit_code = 1
        self._previous_exit(code)

    def _on_exception(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        interrupted = issubclass(kind, KeyboardInterrupt)
        self.exit_code = EXIT_CODE_INTERRUPTED if interrupted else 1
        self._previous_hook(kind, error, trace)

    def _at_end(self) -> None:
        if self._finish is not None and self.pid == os.getpid():
            try:
                self._finish(self.exit_code)
            except KeyboardInterrupt:  # finish has said where the data lie
                self.exit_code = EXIT_CODE_INTERRUPTED
            if self.exit_code == EXIT_CODE_INTERRUPTED:
                _remember_interrupt()


def _remember_interrupt() -> None:
    """Let the process end as Ctrl-C ends it (130 or by the signal).

    Python remembers an unhandled KeyboardInterrupt until source text is evaluated,
    which making a dataclass does, as in any module that is imported while the script
    ends. Evaluating a text that raises one makes it remember again.
    """
    with suppress(KeyboardInterrupt):
        exec("raise KeyboardInterrupt")  # noqa: S102


_session: Session | None = None
_fork_watched = False


def setup(settings: Settings | dict[str, Any] | None = None) -> Session:
    """The session of this process, made at the first call.

    `settings` apply to later runs, below what `init` is given.

    Raises:
        SettingsError: a variable, a settings file or an argument that cannot be.
    """
    global _session, _fork_watched
    if _session is None:
        _session = Session(os.environ, as_settings(settings))
        if not _fork_watched and hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=_after_fork)
            _fork_watched = True
    elif settings is not None:
        _session.settings = as_settings(settings).over(_session.settings)
        _session.apply_verbosity(_session.settings)
    return _session


def teardown(exit_code: int | None = None) -> None:
    """End all runs and forget environment and settings; core goes on uploading."""
    global _session
    if _session is not None:
        _session.finish_all(exit_code)
        _session.exit_hooks.remove()
        _session = None


def finish(exit_code: int | None = None) -> None:
    """End the current run; without one, do nothing."""
    import wandb

    if wandb.run is not None:
        wandb.run.finish(exit_code)


def as_settings(given: Settings | Mapping[str, Any] | None) -> Settings:
    """What a `settings=` argument holds."""
    if given is None:
        return Settings()
    return given if isinstance(given, Settings) else Settings(**dict(given))


def _surroundings(environ: Mapping[str, str], settings: Settings) -> Settings:
    """Environment over workspace file over the user's file."""
    variables = from_environment(environ)
    config_dir = Places.from_environment(environ).config_dir
    user = from_file(config_dir / "settings")
    workspace_dir = settings.over(variables).wandb_dir
    workspace = from_file(Path(workspace_dir) / "settings")
    return variables.over(workspace.over(user))


def _after_fork() -> None:
    if _session is not None:
        _session.abandon_runs()
