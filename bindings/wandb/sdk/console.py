"""Console capture: what the training writes to stdout and stderr is recorded, too.

Only `sys.stdout.write` and `sys.stderr.write` are wrapped: the streams themselves stay,
so `isatty`, `encoding`, `fileno` and everything else are untouched, and what the user
sees is what the stream's own `write` makes of it. A write is recorded after it has
succeeded, as it was given. Recording never raises and never records itself.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

Tap = Callable[[bool, str], None]
"""Called with (is_stderr, text) after each write."""


class Console:
    """The two wrapped streams of a process and who listens to them.

    Wrapped while at least one tap is there. One is enough: it lives in the session.
    """

    def __init__(self) -> None:
        self._taps: tuple[Tap, ...] = ()
        self._wrapped: list[_WrappedStream] = []
        self._inside = threading.local()

    def add(self, tap: Tap) -> None:
        """Let the tap hear every write from now on."""
        self._taps = (*self._taps, tap)
        if not self._wrapped:
            for is_stderr, stream in ((False, sys.stdout), (True, sys.stderr)):
                wrapped = _WrappedStream.wrap(stream, self._listener(is_stderr))
                if wrapped is not None:
                    self._wrapped.append(wrapped)

    def remove(self, tap: Tap) -> None:
        """Stop calling the tap; the last one gone unwraps the streams."""
        self._taps = tuple(other for other in self._taps if other != tap)
        if not self._taps:
            for wrapped in self._wrapped:
                wrapped.unwrap()
            self._wrapped = []

    def _listener(self, is_stderr: bool) -> Callable[[Any], None]:
        def listen(text: Any) -> None:
            if not isinstance(text, str) or not text:
                return
            if getattr(self._inside, "busy", False):
                return  # our own warning in the middle of a recording
            self._inside.busy = True
            try:
                for tap in self._taps:
                    tap(is_stderr, text)
            finally:
                self._inside.busy = False

        return listen


class _WrappedStream:
    """One stream with a `write` of ours in front of its own."""

    def __init__(self, stream: TextIO, write: Any, had_own: bool) -> None:
        self._stream = stream
        self._write = write
        self._had_own = had_own
        self._before: Any = None
        self._active = True

    @classmethod
    def wrap(
        cls, stream: TextIO | None, listen: Callable[[Any], None]
    ) -> "_WrappedStream | None":
        """Wrap the stream, or None where there is none or it takes no attribute."""
        write = getattr(stream, "write", None)
        if stream is None or write is None:
            return None
        had_own = "write" in getattr(stream, "__dict__", {})
        wrapped = cls(stream, write, had_own)

        def write_and_listen(text: Any, *rest: Any, **more: Any) -> Any:
            written = write(text, *rest, **more)
            if wrapped._active:
                listen(text)
            return written

        try:
            stream.write = write_and_listen  # type: ignore[method-assign]
        except (AttributeError, TypeError):
            return None
        wrapped._before = write_and_listen
        return wrapped

    def unwrap(self) -> None:
        """Give the stream its own `write` back, unless somebody wrapped it since."""
        self._active = False
        current = getattr(self._stream, "__dict__", {}).get("write")
        if current is not self._before:
            return  # wrapped again by somebody else: ours only passes on now
        if self._had_own:
            self._stream.write = self._write  # type: ignore[method-assign]
        else:
            del self._stream.write
