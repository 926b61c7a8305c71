"""Configs and summaries of several writers of one run."""

import json
from typing import Any

from wandb_server.ingest.merges import merge_configs, merge_summaries


def test_texts_that_are_no_objects_lose_to_one_that_is() -> None:
    for merge in (merge_summaries, merge_configs):
        for text in ("", "[]", "x", "[" * 100_000):
            assert merge('{"a":1}', text) == '{"a":1}'
            assert merge(text, '{"a":1}') == '{"a":1}'
            assert merge(text, text) == text


def test_each_writer_keeps_its_keys_of_the_config() -> None:
    merged = config(
        {"lr": {"value": 1}, "rank0": {"value": 0}},
        {"lr": {"value": 2}, "rank1": {"value": {"a": 1}}},
    )

    assert merged == {
        "lr": {"value": 2},
        "rank0": {"value": 0},
        "rank1": {"value": {"a": 1}},
    }


def test_environments_of_all_writers_stay() -> None:
    merged = config(private(e={"a": {"host": "x"}}), private(e={"b": {"host": "y"}}))

    assert merged["_wandb"]["value"]["e"] == {"a": {"host": "x"}, "b": {"host": "y"}}


def test_metrics_of_all_writers_keep_their_axes() -> None:
    """The place of an axis changes when definitions of others come before it."""
    stored = [{"1": "epoch"}, {"1": "val", "5": 1}, {"2": "a/*", "5": 1}]
    received = [{"1": "step"}, {"1": "loss", "5": 1}, {"1": "val", "5": 1}]

    merged = config(private(m=stored), private(m=received))

    assert merged["_wandb"]["value"]["m"] == [
        *received,
        {"1": "epoch"},
        {"2": "a/*", "5": 4},
    ]


def test_a_writer_without_metrics_removes_none() -> None:
    stored = [{"1": "epoch"}, {"1": "val", "5": 1}]

    merged = config(private(m=stored, t={"3": [1]}), private(m=[], t={"3": [2]}))

    assert merged["_wandb"]["value"]["m"] == stored
    assert merged["_wandb"]["value"]["t"] == {"3": [2]}


def test_axes_that_point_nowhere_are_left_alone() -> None:
    merged = config(private(m=[{"1": "x", "5": 9}]), private(m=["nonsense"]))

    assert merged["_wandb"]["value"]["m"] == [{"1": "x", "5": 9}]


def config(stored: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """Both merged."""
    merged: dict[str, Any] = json.loads(
        merge_configs(json.dumps(stored), json.dumps(received))
    )
    return merged


def private(**parts: Any) -> dict[str, Any]:
    """A config with only `_wandb`."""
    return {"_wandb": {"value": {"e": {}, **parts}}}
