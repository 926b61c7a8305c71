import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_core.console import ConsoleLine, ConsoleLines
from wandb_core.console.terminal import COLUMNS_MAX, WINDOW_ROWS


def texts(*writes: str) -> list[str]:
    """Final text of every line after some writes to stdout."""
    lines = ConsoleLines()
    final: dict[int, str] = {}
    for number, text in enumerate(writes):
        lines.write(False, text, float(number))
        final |= {line.number: line.text for line in lines.take_lines()}
    return [final[number] for number in range(lines.count)]


@pytest.mark.parametrize(
    ("writes", "expected"),
    [
        (["a", "\n"], ["a"]),
        (["a\nb"], ["a", "b"]),
        (["a\n\n\nb\n"], ["a", "", "", "b"]),
        (["\n"], []),
        (["a\n", "\n\n"], ["a"]),
        (["a  \n  b  "], ["a", "  b"]),
        (["abc\r   \nd"], ["   ", "d"]),
        (["abc\r x   "], [" x "]),
        (["a   ", "b"], ["a   b"]),
        ([""], []),
        (["l3\rEDIT"], ["EDIT"]),
        (["longer", "\r", "ab"], ["abnger"]),
        (["1%\r", "2%\r", "3%\n", "done\n"], ["3%", "done"]),
        (["a\r\nb\r\n"], ["a", "b"]),
        (["one\ntwo\x1b[A!"], ["one!", "two"]),
        (["one\ntwo\x1b[A\rX\x1b[B\rY"], ["Xne", "Ywo"]),
        (["ab\n\x1b[A\x1b[A\x1b[A\rX"], ["Xb"]),
        (["a\x1b[B\x1b[Bb"], ["a", "", " b"]),
        (["a\n\x1b[B\x1b[Bb\x1b[A\x1b[A\rX\n"], ["a", "X", "", "b"]),
        (["a\nbcdef\x1b[AX"], ["a    X", "bcdef"]),
        (["\x1b[31mred\x1b[0m"], ["\x1b[31mred\x1b[0m"]),
        (["x\x1b[2Ky\x1b[2Az\tq\b"], ["x\x1b[2Ky\x1b[2Az\tq\b"]),
        (["one\ntwo", "\x1b", "[", "A!"], ["one!", "two"]),
        (["one", "\x1b", "x"], ["one\x1bx"]),
    ],
)
def test_what_the_lines_become(writes: list[str], expected: list[str]) -> None:
    assert texts(*writes) == expected


def test_progress_bars_of_two_positions_keep_their_lines() -> None:
    writes = ["\r0: 0%", "\n\r1: 0%\x1b[A", "\r0: 50%", "\n\r1: 50%\x1b[A", "\n\n"]

    assert texts(*writes) == ["0: 50%", "1: 50%"]


def test_long_line_is_cut_not_wrapped() -> None:
    assert texts("x" * 5000, "y", "\nz") == ["x" * COLUMNS_MAX, "z"]
    assert texts("x" * 5000, "\rab") == ["ab" + "x" * (COLUMNS_MAX - 2)]


def test_lines_above_the_window_are_frozen() -> None:
    many = "".join(f"{number}\n" for number in range(40))

    final = texts(many, "\x1b[A" * 100 + "\rX")

    first_in_window = 41 - WINDOW_ROWS
    assert final[first_in_window].startswith("X")
    assert final[first_in_window - 1] == str(first_in_window - 1)


def test_streams_share_numbers_and_never_mix() -> None:
    lines = ConsoleLines()

    lines.write(False, "out", 1.0)
    lines.write(True, "err", 2.0)
    lines.write(False, " more\nnext", 3.0)

    assert lines.take_lines() == [
        ConsoleLine(0, False, 1.0, "out more"),
        ConsoleLine(1, True, 2.0, "err"),
        ConsoleLine(2, False, 3.0, "next"),
    ]
    assert lines.count == 3


def test_changed_line_keeps_number_and_time_of_its_creation() -> None:
    lines = ConsoleLines()
    lines.write(False, "a\n10%", 1.0)
    lines.take_lines()

    lines.write(False, "\r90%", 9.0)

    assert lines.take_lines() == [ConsoleLine(1, False, 1.0, "90%")]
    assert lines.take_lines() == []


def test_changes_come_in_contiguous_ranges() -> None:
    lines = ConsoleLines()
    lines.write(False, "a\nb\nc\n", 0.0)
    assert [(first, len(texts)) for first, texts in lines.take_changes()] == [(0, 3)]

    lines.write(False, "\x1b[A\x1b[A\x1b[AA\x1b[B\x1b[BC\nd", 1.0)

    assert lines.take_changes() == [
        (0, ["1970-01-01T00:00:00.000000 A"]),
        (2, ["1970-01-01T00:00:00.000000 cC", "1970-01-01T00:00:01.000000 d"]),
    ]


def test_plain_form() -> None:
    moment = 1795197040.322582

    assert ConsoleLine(0, False, moment, "t").plain() == "2026-11-20T17:50:40.322582 t"
    assert (
        ConsoleLine(0, True, moment, "some message").plain("rank0")
        == "ERROR 2026-11-20T17:50:40.322582 [rank0] some message"
    )
    assert ConsoleLine(0, False, 0.0, "").plain() == "1970-01-01T00:00:00.000000 "
    assert ConsoleLine(0, False, 1e300, "x").plain() == "1970-01-01T00:00:00.000000 x"


def test_structured_form() -> None:
    lines = ConsoleLines()
    lines.write(True, 'say "a"\n', 0.0)
    lines.write(False, "b", 0.0)

    [(first, [error, out])] = lines.take_changes(label="l", structured=True)

    assert first == 0
    assert error == (
        '{"ts":"1970-01-01T00:00:00.000000","content":"say \\"a\\"",'
        '"level":"error","label":"l"}'
    )
    assert ConsoleLine(1, False, 0.0, "b").structured() == (
        '{"ts":"1970-01-01T00:00:00.000000","content":"b"}'
    )
    assert out.endswith('"content":"b","label":"l"}')


pieces = st.lists(
    st.tuples(
        st.booleans(),
        st.lists(
            st.sampled_from(["a", "bc", "\n", "\r", "\x1b[A", "\x1b[B", "\x1b", "["]),
            max_size=8,
        ).map("".join),
    ),
    max_size=30,
)


@settings(deadline=None)
@given(pieces, st.integers(0, 30))
def test_restored_lines_go_on_as_if_nothing_had_happened(
    writes: list[tuple[bool, str]], cut: int
) -> None:
    whole, first = ConsoleLines(), ConsoleLines()
    for number, (is_stderr, text) in enumerate(writes[:cut]):
        whole.write(is_stderr, text, float(number))
        first.write(is_stderr, text, float(number))
    whole.take_lines()

    second = ConsoleLines()
    second.restore(first.state())

    assert second.take_lines() == []
    for number, (is_stderr, text) in enumerate(writes[cut:]):
        whole.write(is_stderr, text, float(number))
        second.write(is_stderr, text, float(number))
    assert second.take_lines() == whole.take_lines()
    assert second.count == whole.count
    assert second.state() == whole.state()


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), max_size=10))
def test_writes_may_be_cut_anywhere(writes: list[str]) -> None:
    text = "".join(writes)

    assert texts(*writes) == texts(text)
