"""`define_metric`: its checks and its record."""

from typing import Any

import pytest
from wandb.errors import Error
from wandb.sdk.wandb_metric import Metric


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": ""}, "define_metric() requires non-empty name argument"),
        ({"name": 5}, "Unhandled define_metric() arg: name"),
        ({"name": "a", "step_metric": 5}, "Unhandled define_metric() arg: step_metric"),
        ({"name": "a", "hidden": "yes"}, "Unhandled define_metric() arg: hidden"),
        ({"name": "a", "step_sync": 1}, "Unhandled define_metric() arg: step_sync"),
        ({"name": "a", "overwrite": 1}, "Unhandled define_metric() arg: overwrite"),
        ({"name": "a*b"}, "Unhandled define_metric() arg: name (glob suffixes only)"),
        ({"name": "a", "summary": "best"}, "Unhandled define_metric() arg: summary op"),
    ],
)
def test_impossible_arguments_are_refused(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(Error) as caught:
        Metric.checked(**arguments)

    assert str(caught.value).startswith(text)


def test_step_sync_follows_from_a_step_metric() -> None:
    assert Metric.checked("a", step_metric="epoch").step_sync is True
    assert Metric.checked("a", step_metric="epoch", step_sync=False).step_sync is False
    assert Metric.checked("a").step_sync is None


def test_step_metric_may_be_a_metric() -> None:
    epoch = Metric.checked("epoch")

    assert Metric.checked("a", step_metric=epoch).step_metric == "epoch"


def test_record_of_an_exact_name() -> None:
    metric = Metric.checked("val/loss", "epoch", summary="min, max,mean", hidden=True)

    record = metric.to_record()

    assert (record.name, record.glob_name) == ("val/loss", "")
    assert record.step_metric == "epoch"
    assert record.options.defined
    assert record.options.step_sync
    assert record.options.hidden
    assert record.summary.min
    assert record.summary.max
    assert record.summary.mean
    assert not record.summary.last


def test_record_of_a_glob_is_not_marked_as_defined() -> None:
    record = Metric.checked("train/*", overwrite=True).to_record()

    assert (record.name, record.glob_name) == ("", "train/*")
    assert not record.options.defined
    assert record._control.overwrite


def test_copy_is_accepted_with_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    assert Metric.checked("a", summary="copy").summary == ("copy",)

    assert "deprecated" in capsys.readouterr().err
