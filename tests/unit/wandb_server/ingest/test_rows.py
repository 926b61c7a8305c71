"""Rows as columns, facts of keys."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_server.ingest.columns import RowColumns
from wandb_server.ingest.console import read_console_line
from wandb_server.ingest.fact_bytes import FactReader, to_bytes
from wandb_server.ingest.fact_tables import add_up, to_facts, to_table
from wandb_server.ingest.key_facts import join_facts
from wandb_server.ingest.rows import (
    holds_key,
    join_rows,
    parse_rows,
    same_json,
    value_at,
)
from wandb_server.ingest.segments import join_ranges
from wandb_server.ingest.values import (
    TEXT_CHARACTERS_MAX,
    clean_text,
    values_of,
)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab._", max_size=3), inner, max_size=3)
    ),
    max_leaves=4,
)
documents = st.dictionaries(st.text("ab._", max_size=3), trees, max_size=5)


def parsed(rows: list[Any], first: int = 0) -> Any:
    return parse_rows(
        (at, at, json.dumps(row).encode()) for at, row in enumerate(rows, first)
    )


def described(facts: Any) -> list[str]:
    return sorted(
        f"{key} {sorted(fact.types.items())} {fact.monotonic} {fact.last!r} "
        f"{fact.first_number!r} {fact.last_number!r}"
        for key, fact in facts.items()
    )


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(documents, max_size=8), cut=st.integers(0, 8))
def test_joined_pieces_equal_the_whole(rows: list[Any], cut: int) -> None:
    whole = parsed(rows)
    joined = join_rows(parsed(rows[:cut]), parsed(rows[cut:], min(cut, len(rows))))

    assert joined.row.tolist() == whole.row.tolist()
    assert joined.points.keys() == whole.points.keys()
    for key, points in whole.points.items():
        assert joined.points[key].index.tolist() == points.index.tolist()
        assert joined.points[key].kind.tolist() == points.kind.tolist()
        assert repr(joined.points[key].value.tolist()) == repr(points.value.tolist())
    assert described(joined.facts) == described(whole.facts)
    reader, stored = FactReader(), to_bytes(to_table(joined.facts))
    table = reader.read(stored)
    assert reader.read(stored).keys is table.keys
    for damaged in (stored[:-1], stored + b"x", stored[:5]):
        with pytest.raises(ValueError):  # noqa: PT011
            FactReader().read(damaged)
    assert described(to_facts(table)) == described(joined.facts)
    assert [key.types for key in add_up([table, table])] == [
        {name: 2 * count for name, count in fact.types.items()}
        for _, fact in sorted(whole.facts.items())
    ]
    assert join_facts({}, whole.facts) == join_facts(whole.facts, {})


numbers = st.integers() | st.floats()
plain_rows = st.fixed_dictionaries({"a": numbers, "b": numbers})
mixed_rows = st.lists(
    plain_rows | st.dictionaries(st.sampled_from("abc"), leaves, max_size=3), max_size=9
)


@settings(max_examples=200, deadline=None)
@given(rows=mixed_rows, values_per_block=st.integers(1, 9))
def test_columns_are_what_a_walk_over_every_cell_finds(
    rows: list[dict[str, Any]], values_per_block: int
) -> None:
    """Goal: rows of any shapes, sealed in blocks of any size, lose and mix nothing."""
    columns = RowColumns(values_per_block)
    for index, row in enumerate(rows):
        columns.add(index, row)
    points, facts = columns.finish()

    for key in "abc":
        cells = [(at, row[key]) for at, row in enumerate(rows) if key in row]
        kept = [(at, v) for at, v in cells if isinstance(v, int | float)]
        assert (key in facts) == bool(cells)
        assert (key in points) == bool(kept)
        if cells:
            last = cells[-1][1]
            assert repr(facts[key].last) == repr(
                math.copysign(math.inf, last)
                if type(last) is int and abs(last) >= 2**63
                else last
            )
            assert facts[key].types.get("number", 0) == len(kept)
            assert sum(facts[key].types.values()) == len(cells)
        if kept:
            floats = [float(v) for _, v in kept]
            finite = [v for v in floats if math.isfinite(v)]
            assert points[key].index.tolist() == [at for at, _ in kept]
            assert repr(points[key].value.tolist()) == repr(floats)
            assert points[key].kind.tolist() == [
                0 if math.isfinite(v) else 1 if math.isnan(v) else 2 if v > 0 else 3
                for v in floats
            ]
            assert facts[key].monotonic == (finite == sorted(finite))
            ends = (facts[key].first_number, facts[key].last_number)
            assert ends == ((finite[0], finite[-1]) if finite else (None, None))


@settings(max_examples=40, deadline=None)
@given(row=documents)
def test_every_parsed_key_is_held_by_its_row(row: dict[str, Any]) -> None:
    for key in parsed([row]).facts:
        assert holds_key(row, key)
        value_at(row, key)
    assert not holds_key(row, "absent.key")
    assert value_at(row, "absent.key") is None


@given(value=trees, other=trees)
def test_same_json_is_equality_of_json(value: Any, other: Any) -> None:
    assert same_json(value, json.loads(json.dumps(value)))
    assert same_json(value, other) == same_json(other, value)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (math.nan, math.nan, True),
        ([math.nan], [1], False),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (None, False, False),
        ("1", 1, False),
    ],
)
def test_same_json_cases(left: Any, right: Any, same: bool) -> None:
    assert same_json(left, right) is same


def test_numbers_of_every_kind_are_points() -> None:
    rows = [
        {"a": 1, "b": {"c": True}, "d": 10**400},
        {"a": math.nan, "b": {"c": "x"}, "d": -math.inf},
        {"a": None, "b.c": 4, "b": {"c": 5}, "d": 2},
    ]
    found = parsed(rows)

    assert found.points["a"].kind.tolist() == [0, 1]
    assert found.points["a"].index.tolist() == [0, 1]
    assert found.points["b.c"].value.tolist() == [1.0, 5.0]
    assert found.points["d"].kind.tolist() == [2, 3, 0]
    assert found.facts["a"].types == {"number": 2, "nil": 1}


def test_lines_that_are_no_objects_are_empty_rows() -> None:
    found = parse_rows([(0, 0, b"[1]"), (1, 1, b"oops"), (2, 2, b"[" * 100_000)])
    assert (found.row_count, found.points) == (3, {})


def test_long_last_values_are_not_kept() -> None:
    facts = parsed([{"s": "x" * 5000, "n": 10**30}]).facts
    assert facts["s"].last is None
    assert facts["n"].last == 1e30


def test_joined_ranges_cover_exactly_the_lines() -> None:
    ranges = [("a", 3, 4), ("a", 1, 2), ("a", 2, 3), ("b", 0, 1), ("a", 9, 10)]
    assert list(join_ranges(ranges)) == [("a", 1, 4), ("a", 9, 10), ("b", 0, 1)]
    assert list(join_ranges([])) == []


def test_config_is_unwrapped_and_flattened_to_its_depth() -> None:
    config = {
        "lr": {"value": 0.1},
        "deep": {"value": {"a": {"b": {"c": {"d": 1}}}}},
        "plain": 3,
        "_wandb": {"value": {"t": 1}},
        "nan": {"value": math.nan},
        "long": {"value": "x" * 5000},
    }
    found = {v.key: v for v in values_of("config", json.dumps(config))}

    assert set(found) == {"lr", "deep.a.b.c", "plain", "nan", "long"}
    assert (found["lr"].kind, found["lr"].number) == ("number", 0.1)
    assert (found["deep.a.b.c"].kind, found["deep.a.b.c"].text) == ("map", '{"d":1}')
    assert (found["nan"].kind, found["nan"].number) == ("nan", None)
    assert len(found["long"].text or "") == TEXT_CHARACTERS_MAX


def test_texts_that_are_no_objects_have_no_values() -> None:
    for text in ("", "[]", "x", "[" * 100_000):
        assert values_of("summary", text) == []


@given(st.text())
def test_clean_text_can_be_stored_anywhere(text: str) -> None:
    assert "\0" not in clean_text(text + "\0\ud800")
    clean_text(text + "\ud800").encode()


@pytest.mark.parametrize(
    ("text", "labelled", "expected"),
    [
        ("2026-11-20T17:50:40.322582 hi", False, (None, None, "hi")),
        ("ERROR 2026-11-20T17:50:40.322582 hi", False, ("error", None, "hi")),
        ("2026-11-20T17:50:40.322582 [r0] hi", True, (None, "r0", "hi")),
        ("2026-11-20T17:50:40.322582 [r0] hi", False, (None, None, "[r0] hi")),
        ("2026-11-20T17:50:40.322582 ", False, (None, None, "")),
        (
            '{"ts":"t","content":"c","level":"error","label":"l"}',
            False,
            ("error", "l", "c"),
        ),
        ('{"a": 1}', False, (None, None, '{"a": 1}')),
        ("{oops", False, (None, None, "{oops")),
        ("plain", True, (None, None, "plain")),
    ],
)
def test_console_lines(text: str, labelled: bool, expected: tuple[Any, ...]) -> None:
    line = read_console_line(7, text, labelled=labelled)
    assert (line.level, line.label, line.text) == expected
    assert line.number == 7
