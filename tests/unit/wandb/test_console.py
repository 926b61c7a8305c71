"""Console capture."""

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass

import pytest
from wandb.sdk.console import Console


class _Text(io.StringIO):
    """Takes attributes, as the streams of a real process do."""


@dataclass(frozen=True)
class _Terminal:
    """Two streams in the place of the process's own, for as long as a test writes."""

    out: _Text
    err: _Text
    console: Console


@contextmanager
def _terminal() -> Iterator[_Terminal]:
    terminal = _Terminal(_Text(), _Text(), Console())
    with redirect_stdout(terminal.out), redirect_stderr(terminal.err):
        yield terminal


def test_writes_are_heard_and_still_shown() -> None:
    heard: list[tuple[bool, str]] = []
    with _terminal() as terminal:
        tap = lambda is_stderr, text: heard.append((is_stderr, text))  # noqa: E731
        terminal.console.add(tap)
        print("a")
        print("b", file=sys.stderr)
        sys.stdout.writelines(["c", "d"])
        terminal.console.remove(tap)
        print("late")

    assert heard == [
        (False, "a"),
        (False, "\n"),
        (True, "b"),
        (True, "\n"),
        (False, "c"),
        (False, "d"),
    ]
    assert terminal.out.getvalue() == "a\ncdlate\n"
    assert terminal.err.getvalue() == "b\n"
    assert "write" not in vars(terminal.out)


def test_failed_write_is_the_callers_and_is_not_heard() -> None:
    heard: list[str] = []
    with _terminal() as terminal:
        terminal.console.add(lambda _, text: heard.append(text))

        with pytest.raises(TypeError):
            sys.stdout.write(5)  # type: ignore[arg-type]
        terminal.out.close()
        with pytest.raises(ValueError, match="closed"):
            sys.stdout.write("x")

    assert heard == []


def test_write_inside_a_recording_is_not_recorded_again() -> None:
    heard: list[str] = []

    def tap(_: bool, text: str) -> None:
        heard.append(text)
        sys.stdout.write("inside")

    with _terminal() as terminal:
        terminal.console.add(tap)
        sys.stdout.write("x")

    assert heard == ["x"]
    assert terminal.out.getvalue() == "xinside"


def test_somebody_elses_wrap_on_top_stays() -> None:
    heard: list[str] = []
    with _terminal() as terminal:
        tap = lambda _, text: heard.append(text)  # noqa: E731
        terminal.console.add(tap)
        ours = sys.stdout.write
        shouted = lambda text: ours(text.upper())  # noqa: E731
        sys.stdout.write = shouted  # type: ignore[method-assign]

        sys.stdout.write("x")
        terminal.console.remove(tap)
        sys.stdout.write("y")

        assert sys.stdout.write is shouted
    assert heard == ["X"]
    assert terminal.out.getvalue() == "XY"


def test_several_taps_hear_the_same() -> None:
    first: list[str] = []
    second: list[str] = []
    with _terminal() as terminal:
        terminal.console.add(lambda _, text: first.append(text))
        terminal.console.add(lambda _, text: second.append(text))

        sys.stdout.write("x")

    assert first == second == ["x"]


def test_missing_stream_is_no_problem() -> None:
    console = Console()
    tap = lambda _, text: None  # noqa: E731
    with redirect_stdout(None), redirect_stderr(io.BytesIO()):  # type: ignore[type-var]
        console.add(tap)
        console.remove(tap)
