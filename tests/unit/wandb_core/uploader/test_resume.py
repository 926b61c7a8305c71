"""Decisions about runs that exist already."""

import json

import pytest
from wandb_core.server_client import ResumeStatus
from wandb_core.uploader.cursor import EVENTS, HISTORY, OUTPUT
from wandb_core.uploader.resume import (
    FRESH,
    ResumeRefused,
    decide,
    merge_config,
    merge_summary,
    unwrap_config,
)


def status(*, started: bool = True, last_step: int | None = 4) -> ResumeStatus:
    return ResumeStatus(
        "id", "e", "p", "name", started, 5, 2, 7, last_step, 1.0, "{}", "{}", "", ()
    )


@pytest.mark.parametrize("resume", ["allow", "never"])
def test_unknown_run_is_new(resume: str) -> None:
    assert decide(resume, "r", None, None) == FRESH


@pytest.mark.parametrize("resume", ["allow", "must"])
def test_known_run_is_resumed_behind_its_last_step(resume: str) -> None:
    decision = decide(resume, "r", status(), None)

    assert (decision.resumed, decision.starting_step) == (True, 5)
    assert decision.base == {HISTORY: 5, EVENTS: 2, OUTPUT: 7}


@pytest.mark.parametrize(("local", "step"), [(2, 5), (9, 10), (-1, 5)])
def test_logs_that_wait_on_this_disk_count_too(local: int, step: int) -> None:
    assert decide("must", "r", status(), local).starting_step == step


def test_run_that_only_this_disk_knows_exists() -> None:
    assert decide("must", "r", None, 3).starting_step == 4
    with pytest.raises(ResumeRefused):
        decide("never", "r", None, -1)


def test_refusals_say_what_to_do() -> None:
    with pytest.raises(ResumeRefused, match="check id and project"):
        decide("must", "r", None, None)
    with pytest.raises(ResumeRefused, match="choose another id"):
        decide("never", "r", status(), None)


def test_run_that_was_only_made_is_not_resumed_but_its_lines_are_kept() -> None:
    decision = decide("allow", "r", status(started=False), None)

    assert not decision.resumed
    assert decision.base[HISTORY] == 5


def test_configs_are_merged_and_both_environments_kept() -> None:
    earlier = {
        "lr": {"value": 1},
        "old": {"value": 2},
        "_wandb": {"value": {"e": {"w1": {}}, "m": [1], "x": 1}},
    }
    ours = {"lr": {"value": 5}, "_wandb": {"value": {"e": {"w2": {}}, "m": [2]}}}

    merged = json.loads(merge_config(json.dumps(earlier), json.dumps(ours)))

    assert merged["lr"] == {"value": 5}
    assert merged["old"] == {"value": 2}
    assert merged["_wandb"]["value"] == {"e": {"w1": {}, "w2": {}}, "m": [2], "x": 1}


@pytest.mark.parametrize("earlier", ["", "null", "[]", "{", '"x"'])
def test_earlier_values_that_make_no_sense_change_nothing(earlier: str) -> None:
    assert merge_config(earlier, '{"a":{"value":NaN}}') == '{"a":{"value":NaN}}'
    assert merge_summary(earlier, '{"a":NaN}') == '{"a":NaN}'
    assert unwrap_config(earlier) == "{}"


def test_summary_keeps_keys_of_the_earlier_life() -> None:
    assert json.loads(merge_summary('{"a":1,"b":1}', '{"b":2}')) == {"a": 1, "b": 2}


def test_unwrapped_config_has_no_private_part() -> None:
    wrapped = '{"a":{"value":{"b":NaN}},"_wandb":{"value":{}},"odd":3}'

    assert unwrap_config(wrapped) == '{"a":{"b":NaN}}'
