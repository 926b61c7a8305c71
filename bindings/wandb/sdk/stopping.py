"""What core tells the user of a run, and the requests to stop among it.

```
 page or Api ─► server ─► core ─► stop  ─┐
 the server refuses the run  ─►  fatal ──┴► stop_fn, else KeyboardInterrupt (as Ctrl-C)
        only with stop_on_fatal_error
```
"""

import _thread
import signal
import threading
from collections.abc import Callable
from typing import Any

from wandb._terminal import termerror, termlog, termwarn

_TELL = {"info": termlog, "warning": termwarn}


class Listener:
    """Shows what core or the spool have to say; called in any thread."""

    def __init__(
        self, stop_fn: Callable[[], Any] | None, stop_on_fatal_error: bool
    ) -> None:
        """
        Args:
            stop_fn: called to stop the script, instead of interrupting its main
                thread.
            stop_on_fatal_error: stop it, too, when its data cannot be uploaded.
        """
        self._stop_fn = stop_fn
        self._stops_when_fatal = stop_on_fatal_error

    def __call__(self, level: str, text: str) -> None:
        """Show the text; `stop` and `fatal` may end the script."""
        if level == "stop":
            termwarn(text)
            self._stop()
            return
        _TELL.get(level, termerror)(text)
        if level == "fatal" and self._stops_when_fatal:
            termwarn("The script is stopped, as stop_on_fatal_error says.")
            self._stop()

    def _stop(self) -> None:
        if self._stop_fn is None:
            _interrupt_main_thread()
            return
        try:
            self._stop_fn()
        except Exception as problem:  # the boundary of a user's callback
            termerror(f"stop_fn failed: {type(problem).__name__}: {problem}")


def _interrupt_main_thread() -> None:
    """Raise KeyboardInterrupt there, also where Ctrl-C is ignored.

    Under nohup and in the background of a script SIGINT is ignored, and
    `interrupt_main` with it; the page's stop is meant for such scripts above all.
    """
    if callable(signal.getsignal(signal.SIGINT)):
        _thread.interrupt_main()
        return
    import ctypes

    main = ctypes.c_ulong(threading.main_thread().ident or 0)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        main, ctypes.py_object(KeyboardInterrupt)
    )
