"""`output.log` on disk equals the console, whatever changes and whoever dies."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wandb_core.console import ConsoleLine
from wandb_core.uploader.console_text import TAIL_LINES_MAX, ConsoleText


def line(number: int, text: str) -> ConsoleLine:
    return ConsoleLine(number, False, 0.0, text)


def many(first: int, count: int) -> list[ConsoleLine]:
    return [line(number, f"line {number}") for number in range(first, first + count)]


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "run-1.wandb"


def published(console: ConsoleText) -> list[str]:
    path = console.publish()
    assert path is not None
    assert path.name == "output.log"
    return path.read_text().splitlines()


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 30), st.text("ab\u00e9", max_size=5)), max_size=6
        )
    ),
    st.integers(0, 20),
)
def test_file_equals_the_console(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[list[tuple[int, str]]],
    filler: int,
) -> None:
    """Lines are new or changed; new ones follow the last without a gap."""
    console = ConsoleText(tmp_path_factory.mktemp("run") / "run-1.wandb")
    wanted: list[str] = ["first"]
    console.apply([line(0, "first")])
    for change in changes:
        lines: dict[int, str] = {}
        for place, text in change:
            number = min(place, len(wanted))
            wanted[number : number + 1] = [text]
            lines[number] = text
        console.apply([line(n, lines[n]) for n in sorted(lines)])
        start = len(wanted)
        console.apply(many(start, filler * 10))
        wanted += [f"line {n}" for n in range(start, start + filler * 10)]

    assert published(console) == wanted


def test_line_above_many_others_may_still_change(log_path: Path) -> None:
    console = ConsoleText(log_path)
    console.apply([line(0, "0 %"), *many(1, TAIL_LINES_MAX * 2)])
    console.apply([line(0, "100 % done")])
    console.apply(many(TAIL_LINES_MAX * 2 + 1, 3))

    lines = published(console)

    assert lines[0] == "100 % done"
    assert lines[1:] == [f"line {n}" for n in range(1, TAIL_LINES_MAX * 2 + 4)]


@pytest.mark.parametrize("count", [3, TAIL_LINES_MAX * 3])
def test_next_process_goes_on_where_the_fold_was_kept(
    log_path: Path, count: int
) -> None:
    """It is told lines again that the first one had written behind that."""
    first = ConsoleText(log_path)
    first.apply(many(0, count))
    first.flush()
    first.apply([line(count - 1, "changed"), *many(count, 40)])

    second = ConsoleText(log_path)
    second.restore(count)
    second.apply([line(count - 1, "changed"), *many(count, 50)])

    assert published(second) == [
        *(f"line {n}" for n in range(count - 1)),
        "changed",
        *(f"line {n}" for n in range(count, count + 50)),
    ]


@pytest.mark.parametrize("left", [None, b"", b"line 0\nline 1"])
def test_file_that_is_gone_or_short_is_not_used(
    log_path: Path, left: bytes | None
) -> None:
    console = ConsoleText(log_path)
    if left is not None:
        console.path.write_bytes(left)

    console.restore(5)
    console.apply(many(5, 2))

    assert console.is_broken
    assert console.publish() is None


def test_file_of_somebody_else_is_left_as_it_is(log_path: Path) -> None:
    theirs = log_path.parent / "files" / "output.log"
    theirs.parent.mkdir()
    theirs.write_text("theirs\n")
    console = ConsoleText(log_path)
    console.apply(many(0, 3))

    assert published(console) == ["theirs"]
    assert not console.path.exists()


def test_run_without_output_has_no_file(log_path: Path) -> None:
    console = ConsoleText(log_path)

    assert console.publish() is None
    assert not console.path.exists()


def test_disk_that_cannot_be_written_costs_only_this_file(tmp_path: Path) -> None:
    console = ConsoleText(tmp_path / "nowhere" / "run-1.wandb")

    console.apply(many(0, 3))
    console.apply(many(3, TAIL_LINES_MAX * 2))

    assert console.is_broken
    assert console.publish() is None
