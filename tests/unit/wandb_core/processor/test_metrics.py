"""Section 5 of the step semantics: define_metric."""

import math
from typing import Any

import pytest
from wandb_core.processor.metric_rules import name_path

from tests.support.run_calls import (
    Played,
    comparable,
    define,
    log_call,
    play,
    play_each,
    set_summary,
)


def logs(*rows: dict[str, Any]) -> list[Any]:
    return [log_call(row) for row in rows]


def test_last_number_of_the_step_metric_is_added_to_rows_without_it() -> None:
    played = play(
        define("loss", "epoch"),
        *logs({"loss": 1}, {"epoch": 7}, {"loss": 2}, {"other": 1}),
        *logs({"epoch": 8, "loss": 3}, {"epoch": None, "x": 1}, {"loss": 4}),
        *logs({"epoch": "text"}, {"loss": None}, {"epoch": True}, {"loss": 6}),
    )

    assert [row for _, row in played.user_rows] == [
        {"loss": 1, "epoch": 0}, {"epoch": 7}, {"loss": 2, "epoch": 7}, {"other": 1},
        {"epoch": 8, "loss": 3}, {"epoch": None, "x": 1}, {"loss": 4, "epoch": 8},
        {"epoch": "text"}, {"loss": None, "epoch": 8}, {"epoch": True},
        {"loss": 6, "epoch": 8},
    ]  # fmt: skip


def test_step_metric_known_before_its_definition_is_added() -> None:
    played = play(
        *logs({"n": {"epoch": 7}}), define("loss", "n.epoch"), *logs({"loss": 1})
    )

    assert played.user_rows[1] == (1, {"loss": 1, "n": {"epoch": 7}})


def test_without_step_sync_nothing_is_added() -> None:
    played = play(
        define("loss", "epoch", step_sync=False), *logs({"epoch": 7}, {"loss": 2})
    )

    assert played.user_rows[1] == (1, {"loss": 2})


def test_two_metrics_add_their_step_metric_once() -> None:
    played = play(define("t/*", "step"), *logs({"step": 1}, {"t/a": 1, "t/b": 2}))

    assert played.user_rows[1] == (1, {"t/a": 1, "t/b": 2, "step": 1})
    assert len(played.log[-3].history.item) == 6


@pytest.mark.parametrize(
    ("modes", "expected"),
    [
        ("min", {"min": 4}),
        ("min,max", {"min": 4, "max": 6}),
        ("mean", {"mean": 5}),
        ("first,last", {"last": 6, "first": 5}),
        (
            "min,max,mean,last,first",
            {"min": 4, "max": 6, "mean": 5, "last": 6, "first": 5},
        ),
        ("copy", 6),
        ("best", 6),
        ("", 6),
    ],
)  # fmt: skip
def test_summary_modes(modes: str, expected: Any) -> None:
    for how in (play, play_each):
        played = how(
            define("a", summary=modes),
            *logs({"a": 5}, {"a": 4.0}, {"a": None}, {"a": 6}),
        )

        assert played.summary == {"a": expected}


def test_mode_none_keeps_the_key_out_of_the_summary() -> None:
    played = play(define("a", summary="none"), *logs({"a": 5, "b": 1}))

    assert played.summary == {"b": 1}
    assert played.user_rows == [(0, {"a": 5, "b": 1})]


def test_derived_aggregate_is_one_object_at_its_path() -> None:
    played = play(define("n.x", summary="min,max,mean,last"), *logs({"n": {"x": 5}}))

    [item] = [i for i in played.log[-2].summary.update if i.nested_key[0] == "n"]

    assert list(item.nested_key) == ["n", "x"]
    assert item.value_json == '{"min":5,"max":5,"mean":5,"last":5}'


def test_nan_poisons_min_max_and_mean() -> None:
    played = play(
        define("a", summary="min,max,mean,last,first"),
        *logs({"a": 1}, {"a": math.nan}, {"a": -5}),
    )

    assert comparable(played.summary) == {
        "a": {"min": "NaN", "max": "NaN", "mean": "NaN", "last": -5, "first": 1}
    }


def test_only_numbers_are_aggregated() -> None:
    played = play(
        define("*", summary="min,mean,last,first"),
        *logs({"a": "text"}, {"a": True}, {"a": 2}, {"b": [1]}),
    )

    assert played.summary == {
        "a": {"min": 2, "mean": 2, "last": 2, "first": "text"},
        "b": {"last": [1], "first": [1]},
    }


def test_aggregate_without_any_number_is_not_in_the_summary() -> None:
    assert play(define("a", summary="min"), *logs({"a": "x"})).summary == {}


def test_infinity_is_a_number() -> None:
    played = play(define("a", summary="min,max"), *logs({"a": 1}, {"a": math.inf}))

    assert played.summary == {"a": {"min": 1, "max": math.inf}}


def test_exact_name_goes_before_a_glob_and_long_globs_before_short() -> None:
    played = play(
        define("*", summary="last"),
        define("train/*", summary="min"),
        define("train/loss", summary="max"),
        *logs({"train/loss": 1, "train/acc": 1, "other": 1, "_own": 1}),
    )

    assert played.summary == {
        "train/loss": {"max": 1}, "train/acc": {"min": 1}, "other": {"last": 1},
        "_own": 1,
    }  # fmt: skip


def test_globs_match_the_dotted_key() -> None:
    played = play(
        define("n.*", summary="max"), define(r"l\.*", summary="min"),
        *logs({"n": {"x": {"y": 1}}, "n.lit": 1, "l.it": 1, "l": {"z": 1}}),
    )  # fmt: skip

    assert played.summary == {
        "n": {"x": {"y": {"max": 1}}}, "n.lit": {"max": 1}, "l.it": {"min": 1},
        "l": {"z": 1},
    }  # fmt: skip


def test_dots_in_names_are_paths_and_escaped_ones_are_not() -> None:
    assert name_path("nest.x") == ("nest", "x")
    assert name_path(r"lit\.dot") == ("lit.dot",)
    assert name_path(r"a.b\.c.d") == ("a", "b.c", "d")
    played = play(
        define("nest.x", summary="max"), define(r"lit\.dot", summary="max"),
        *logs({"nest": {"x": 1}, "nest.x": 2, "lit.dot": 3}),
    )  # fmt: skip

    assert played.summary == {
        "nest": {"x": {"max": 1}}, "nest.x": 2, "lit.dot": {"max": 3},
    }  # fmt: skip


def test_repeated_definition_adds_modes() -> None:
    played = play(
        define("a", summary="min"), *logs({"a": 3}, {"a": 5}),
        define("a", summary="max"), *logs({"a": 4}),
    )  # fmt: skip

    assert played.summary == {"a": {"min": 3, "max": 5}}


def test_overwrite_replaces_the_definition() -> None:
    played = play(
        define("a", summary="min"), *logs({"a": 3}),
        define("a", overwrite=True), *logs({"a": 4}),
    )  # fmt: skip

    assert played.summary == {"a": 4}


def test_definition_after_values_aggregates_from_there() -> None:
    played = play(*logs({"a": 1}), define("a", summary="min"), *logs({"a": 4}))

    assert played.summary == {"a": {"min": 4}}


def test_explicit_summary_ends_the_aggregation() -> None:
    for how in (play, play_each):
        played = how(
            define("*", summary="min"), *logs({"a": 3, "n": {"x": 1}, "b": 1}),
            set_summary("a", value=9), set_summary("n", value=9),
        )  # fmt: skip
        assert played.summary == {"a": 9, "n": 9, "b": {"min": 1}}

        played.play(log_call({"a": 5, "n": {"x": 7}, "b": 2}))
        assert played.summary == {"a": 5, "n": {"x": 7}, "b": {"min": 1}}


def test_metric_table_reaches_the_config() -> None:
    played = play(define("loss", "epoch", "min"))

    assert played.state.metrics.as_config() == [
        {"1": "loss", "5": 2, "6": [1, 3], "7": [1]}, {"1": "epoch", "6": [], "7": []},
    ]  # fmt: skip


def test_step_metric_that_is_only_named_does_not_hide_a_glob() -> None:
    played: Played = play(define("*", "epoch", "max"), *logs({"epoch": 1, "a": 1}))

    assert played.summary == {"epoch": {"max": 1}, "a": {"max": 1}}


def test_definition_without_options_hides_a_glob() -> None:
    played = play(define("a"), define("*", "s", "max"), *logs({"a": 1, "b": 1}))

    assert played.summary == {"a": 1, "b": {"max": 1}, "s": {"max": 0}}
