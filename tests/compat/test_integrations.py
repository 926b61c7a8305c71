"""Training libraries from PyPI, unmodified, ending with values read back.

The scripts run in the interpreter that WANDB_COMPAT_PYTHON names (`make compat` makes
one with all of them), else in ours; those whose library is in neither are skipped.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compat import scripts
from tests.support.stack import Stack, shared_stack


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One system for all scripts: each has a project or a run name of its own."""
    with shared_stack(KERAS_BACKEND="torch") as running:
        yield running


def python_with(library: str) -> str:
    """An interpreter that has the library, or skip."""
    chosen = os.environ.get("WANDB_COMPAT_PYTHON", "")
    if chosen:
        code = (
            f"import sys, importlib.util as u; sys.exit(not u.find_spec('{library}'))"
        )
        if subprocess.run([chosen, "-c", code], check=False).returncode == 0:
            return chosen
    elif importlib.util.find_spec(library) is not None:
        return sys.executable
    pytest.skip(f"{library} is not installed: make compat installs it")


def train(stack: Stack, library: str, code: str) -> str:
    """Run a script to its end; what it wrote on stderr."""
    script = stack.cwd / f"{library}_script.py"
    script.write_text(code, encoding="utf-8")
    done = stack.call(python_with(library), str(script), WANDB_BASE_URL=stack.url)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr


def run_named(stack: Stack, name: str, project: str = "compat") -> dict[str, Any]:
    """What the server has of the run."""
    found = (
        "[{'state': r.state, 'config': r.config, 'summary': dict(r.summary),"
        " 'rows': list(r.scan_history())}"
        f" for r in api.runs({project!r}) if r.name == {name!r}]"
    )
    (run,) = stack.ask(found)
    assert run["state"] == "finished"
    return dict(run)


def artifacts_of(stack: Stack, name: str) -> list[str]:
    """The names of the versions that the run logged, without the versions."""
    found = (
        f"[a.name.partition(':')[0] for r in api.runs('compat') if r.name == {name!r}"
        " for a in r.logged_artifacts()]"
    )
    return [str(name) for name in stack.ask(found)]


def values(run: dict[str, Any], key: str) -> list[Any]:
    """The values of one key, in order."""
    return [row[key] for row in run["rows"] if row.get(key) is not None]


def test_transformers(stack: Stack) -> None:
    train(stack, "transformers", scripts.TRANSFORMERS)

    run = run_named(stack, "tiny", "huggingface")
    assert values(run, "train/global_step") == [1, 2, 3, 4, 4, 5, 6, 7, 8, 8, 8]
    assert len(values(run, "train/loss")) == 8
    assert len(values(run, "eval/loss")) == 2
    assert run["config"]["num_train_epochs"] == 2
    assert run["config"]["hidden_size"] == 8
    assert run["summary"]["train/epoch"] == 2


def test_lightning(stack: Stack) -> None:
    train(stack, "lightning", scripts.LIGHTNING)

    run = run_named(stack, "line")
    assert values(run, "epoch") == [0] * 4 + [1] * 4 + [2] * 4
    assert values(run, "trainer/global_step")[:12] == list(range(12))
    assert len(values(run, "loss")) == 12
    assert run["config"]["width"] == 1
    assert run["summary"]["samples"]["_type"] == "table-file"
    assert any(key.startswith("gradients/") for row in run["rows"] for key in row)


def test_xgboost(stack: Stack) -> None:
    train(stack, "xgboost", scripts.XGBOOST)

    run = run_named(stack, "xgboost")
    losses = values(run, "valid-logloss")
    assert values(run, "epoch") == list(range(8))
    assert losses[0] > losses[-1]
    assert run["summary"]["valid-logloss"]["min"] == min(losses)
    assert run["summary"]["valid-auc"]["max"] == max(values(run, "valid-auc"))
    assert run["summary"]["best_score"] == max(values(run, "valid-auc"))
    assert run["config"]["learner"]["objective"]["name"] == "binary:logistic"
    assert any(n.endswith("_model.json") for n in artifacts_of(stack, "xgboost"))


def test_lightgbm(stack: Stack) -> None:
    train(stack, "lightgbm", scripts.LIGHTGBM)

    run = run_named(stack, "lightgbm")
    losses = values(run, "valid_binary_logloss")
    assert values(run, "iteration") == list(range(6))
    assert losses == sorted(losses, reverse=True)
    assert run["summary"]["valid_binary_logloss"] == {"min": losses[-1]}
    assert run["summary"]["best_score"]["valid"]["binary_logloss"] == losses[-1]
    assert run["config"]["num_leaves"] == 4
    assert any(n.startswith("model_") for n in artifacts_of(stack, "lightgbm"))


def test_catboost(stack: Stack) -> None:
    train(stack, "catboost", scripts.CATBOOST)

    run = run_named(stack, "catboost")
    assert values(run, "iteration@metric-period-1") == list(range(1, 7))
    assert len(values(run, "validation-Logloss")) == 6
    assert run["summary"]["best_iteration"] == 5
    assert run["config"]["depth"] == 2


def test_keras(stack: Stack) -> None:
    train(stack, "keras", scripts.KERAS)

    run = run_named(stack, "keras")
    assert values(run, "epoch/epoch") == [0, 1, 2]
    assert values(run, "batch/batch_step") == [1, 3, 4, 6, 7, 9]
    assert values(run, "epoch/learning_rate") == pytest.approx([0.05] * 3)
    assert values(run, "epoch/val_loss")[0] > values(run, "epoch/val_loss")[-1]
    names = artifacts_of(stack, "keras")
    assert sum(name.endswith("_model") for name in names) == 3
    assert sum(name.endswith("_pred") for name in names) == 3
    assert "val" in names


def test_accelerate(stack: Stack) -> None:
    train(stack, "accelerate", scripts.ACCELERATE)

    run = run_named(stack, "accelerate")
    assert [row["_step"] for row in run["rows"]] == list(range(5))
    assert values(run, "loss")[0] > values(run, "loss")[-1]
    assert run["config"]["lr"] == 0.1


def test_optuna(stack: Stack) -> None:
    train(stack, "optuna_integration", scripts.OPTUNA)

    run = run_named(stack, "optuna")
    assert len(values(run, "distance")) == 6
    assert values(run, "distance") == pytest.approx([x**2 for x in values(run, "x")])
    assert run["config"]["direction"] == ["MINIMIZE"]


def test_tensorboard(stack: Stack) -> None:
    train(stack, "tensorboard", scripts.TENSORBOARD)

    run = run_named(stack, "tensorboard")
    steps = [0, 10, 20, 30, 40]
    rows = [row for row in run["rows"] if row.get("loss") is not None]
    assert [(row["global_step"], row["new"]) for row in rows] == list(
        zip(steps, steps, strict=True)
    )
    assert values(run, "loss") == pytest.approx([1 / (step + 1) for step in steps])
    assert values(run, "both_a/both") == steps
    both = [row for row in run["rows"] if row.get("both_b/both") is not None]
    assert [row["global_step"] for row in both] == steps
    summary = run["summary"]
    assert sum(summary["weights"]["values"]) == 10
    assert summary["picture"]["count"] == 1
    assert summary["words/text_summary"] == "hello"


def test_stable_baselines3(stack: Stack) -> None:
    train(stack, "stable_baselines3", scripts.SB3)

    run = run_named(stack, "sb3")
    assert values(run, "global_step")[-1] >= 1000
    assert len(values(run, "train/policy_loss")) >= 2
    assert run["config"]["algo"] == "A2C"
    assert any(key.startswith("gradients/") for row in run["rows"] for key in row)


def test_sklearn(stack: Stack) -> None:
    train(stack, "sklearn", scripts.SKLEARN)

    run = run_named(stack, "sklearn")
    charts = {
        key.removesuffix("_table")
        for key, value in run["summary"].items()
        if isinstance(value, dict) and value.get("_type") == "table-file"
    }
    assert charts == {
        "calibration_curve", "class_proportions", "confusion_matrix", "elbow_curve",
        "feature_importances", "learning_curve", "outlier_candidates",
        "precision_recall", "residuals", "roc", "silhouette_plot", "summary_metrics",
    }  # fmt: skip
    assert run["summary"]["confusion_matrix_table"]["nrows"] == 4
    assert run["summary"]["feature_importances_table"]["nrows"] == 4
