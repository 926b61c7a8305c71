"""mode="disabled": the same surface, nothing recorded."""

from pathlib import Path

import pytest
import wandb
from wandb.sdk.lib import RunDisabled
from wandb.sdk.lib.config_util import ConfigError
from wandb.sdk.wandb_metric import Metric


def test_disabled_run_keeps_config_and_summary_only(edge: Path) -> None:
    run = wandb.init(mode="disabled", project="p", config={"lr": 0.1})

    wandb.log({"a": 1, "n": {"b": 2}})
    run.log({"a": 3}, step=9)

    assert wandb.run is run
    assert isinstance(run, RunDisabled)
    assert run.summary["a"] == 3
    assert run.step == 0
    assert wandb.config.lr == 0.1
    assert (run.project, run.entity, run.url, run.tags) == ("dummy", "", None, ())
    assert run.name == f"dummy-{run.id}"
    assert run.path == f"dummy/dummy/{run.id}"
    assert isinstance(run.define_metric("a"), Metric)
    assert run.disabled
    assert run.log_artifact("x").wait().version is not None
    with pytest.raises(ConfigError):
        run.config.lr = 0.2
    with pytest.raises(TypeError):
        run.log([1])  # type: ignore[arg-type]
    run.finish()
    run.log({"a": 4})
    assert wandb.run is None
    assert list(edge.iterdir()) == []


def test_disabled_run_works_as_context_manager_and_quietly(
    edge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with wandb.init(mode="disabled") as run:
        run.watch(object())
        run.alert("a", "b")
        run.name = "x"

    assert wandb.run is None
    assert capsys.readouterr().err == ""


def test_init_twice_returns_the_active_run_with_a_message(
    edge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = wandb.init(mode="disabled")

    assert wandb.init(mode="disabled") is first
    assert "still active" in capsys.readouterr().err
    second = wandb.init(mode="disabled", reinit=True)
    assert second is not first
    third = wandb.init(mode="disabled", reinit="create_new")
    assert wandb.run is second
    third.finish()
    assert wandb.run is second
    second.finish()


def test_init_refuses_what_cannot_be(edge: Path) -> None:
    for keywords in (
        {"project": "a/b"},
        {"id": "a:b"},
        {"tags": ["t" * 65]},
        {"mode": "sometimes"},
        {"resume": "perhaps"},
        {"settings": {"no_such_setting": 1}},
        {"fork_from": "x?_step=1"},
        {"config_include_keys": ["a"], "config_exclude_keys": ["b"]},
    ):
        with pytest.raises(wandb.UsageError):
            wandb.init(**{"mode": "disabled", **keywords})
    with pytest.raises(TypeError):
        wandb.init(no_such_argument=1)  # type: ignore[call-arg]
    assert wandb.run is None


def test_what_comes_later_is_told_once(
    edge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        wandb.init(mode="disabled", monitor_gym=True).finish()

    assert capsys.readouterr().err.count("monitor_gym") == 1


def test_included_keys_only(edge: Path) -> None:
    run = wandb.init(
        mode="disabled", config={"a": 1, "b": 2}, config_include_keys=["a"]
    )

    assert run.config.as_dict() == {"a": 1}
    run.finish()
