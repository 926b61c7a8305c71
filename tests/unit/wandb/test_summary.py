"""`run.summary`."""

import math
from typing import Any

import pytest
from wandb.sdk.wandb_summary import LocalStore, RecordedSummary, Summary


def _summary(*answers: dict[str, Any] | None) -> tuple[Summary, list[Any]]:
    changes: list[Any] = []
    left = list(answers)

    def ask() -> dict[str, Any] | None:
        return left.pop(0) if left else None

    store = RecordedSummary(
        lambda update, remove: changes.append((update, remove)), ask
    )
    return Summary(store), changes


def test_assignments_are_recorded_at_once_with_their_path() -> None:
    summary, changes = _summary()

    summary["a"] = 1
    summary.update({"b": {"c": 2}})
    summary["b"]["d"] = 3
    del summary["a"]

    assert changes == [
        ([(("a",), 1)], []),
        ([(("b",), {"c": 2})], []),
        ([(("b", "d"), 3)], []),
        ([], [("a",)]),
    ]


def test_reading_asks_core_for_the_merged_values() -> None:
    answer = {"loss": 0.5, "nest": {"x": 1}, "h": {"_type": "histogram", "bins": []}}
    summary, _ = _summary(*[answer] * 9)

    assert summary["loss"] == 0.5
    assert summary.loss == 0.5
    assert summary["nest"]["x"] == 1
    assert summary["h"] == answer["h"]
    assert summary.get("none") is None
    assert "loss" in summary
    assert set(summary.keys()) == {"loss", "nest", "h"}
    with pytest.raises(KeyError):
        _ = summary["none"]


def test_without_core_what_was_set_here_is_known() -> None:
    summary, _ = _summary()

    summary["a"] = {"b": 1}
    summary["a"]["c"] = 2

    assert summary["a"]._as_dict() == {"b": 1, "c": 2}
    assert dict(summary) == {"a": summary["a"]} or len(summary) == 1


def test_dict_of_a_summary_has_its_values() -> None:
    summary = Summary(LocalStore())
    summary.update({"a": 1, "b": 2})

    assert dict(summary) == {"a": 1, "b": 2}


def test_explicit_nan_at_the_top_takes_the_key_away() -> None:
    summary = Summary(LocalStore())

    summary["a"] = 1.0
    summary["a"] = math.nan

    assert "a" not in summary


def test_deleting_what_is_not_there_is_a_key_error() -> None:
    summary, _ = _summary({})

    with pytest.raises(KeyError):
        del summary["a"]
