"""Configs of sweeps: what is refused, and by which words; what is only warned of."""

import json
import re
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.operations.sweeps.sweep_config import read_config

FINE: dict[str, Any] = {
    "method": "random",
    "metric": {"name": "loss"},
    "parameters": {"x": {"min": 0.0, "max": 1.0}},
}


def x(**spec: Any) -> dict[str, Any]:
    return {**FINE, "parameters": {"x": spec}}


REFUSED: dict[str, tuple[Any, str]] = {
    "no mapping": ([1], "config: must be a mapping"),
    "no method": ({**FINE, "method": None}, "method: None is none of grid, random"),
    "method": ({**FINE, "method": "gird"}, "method: 'gird' is none of grid, random"),
    "controller": (
        {**FINE, "controller": {"type": "local"}},
        "controller: this server hands out runs by itself",
    ),
    "no parameters": ({**FINE, "parameters": {}}, "parameters: must name at least one"),
    "bare value": ({**FINE, "parameters": {"x": 3}}, "parameters.x: must be a mapping"),
    "empty spec": (x(), "parameters.x.min: is missing"),
    "only min": (x(min=1), "parameters.x.max: is missing"),
    "no values": (x(values=[]), "parameters.x.values: must be a list of at least"),
    "text": (x(min="1e-4", max=1), "parameters.x.min: '1e-4' is not a finite number; "),
    "order": (x(min=2, max=1), "parameters.x.min: 2 is above max, which is 1"),
    "kind": (x(distribution="unifrom"), "parameters.x.distribution: 'unifrom' is none"),
    "sigma": (x(mu=0, sigma=0), "parameters.x.sigma: 0 must be above 0"),
    "q": (x(distribution="q_normal", q=-1), "parameters.x.q: -1 must be above 0"),
    "whole": (
        x(distribution="int_uniform", min=0.5, max=2),
        "parameters.x.min: 0.5 is no whole number",
    ),
    "exponent": (
        x(distribution="log_uniform", min=1, max=1000),
        "parameters.x.max: e to the power of 1000 is no number",
    ),
    "logarithm": (
        x(distribution="log_uniform_values", min=0, max=1),
        "parameters.x.min: 0 must be above 0",
    ),
    "weights": (
        x(values=[1, 2], probabilities=[1]),
        "parameters.x.probabilities: must be a list of 2",
    ),
    "sum": (
        x(values=[1, 2], probabilities=[0.5, 0.6]),
        "parameters.x.probabilities: must add up to 1, not to 1.1",
    ),
    "nested": (
        {**FINE, "parameters": {"m": {"parameters": {"d": {"values": 3}}}}},
        "parameters.m.parameters.d.values: must be a list",
    ),
    "endless grid": (
        {**FINE, "method": "grid"},
        "parameters.x: has endlessly many values",
    ),
    "weighted grid": (
        {**x(values=[1, 2], probabilities=[0.5, 0.5]), "method": "grid"},
        "parameters.x.probabilities: mean nothing to a grid",
    ),
    "bayes": (
        {**FINE, "method": "bayes", "metric": None},
        "metric: is missing: method bayes needs",
    ),
    "metric": ({**FINE, "metric": {"goal": "minimize"}}, "metric.name: must name"),
    "goal": ({**FINE, "metric": {"name": "a", "goal": "min"}}, "metric.goal: 'min' is"),
    "target": ({**FINE, "metric": {"name": "a", "target": "x"}}, "metric.target: 'x'"),
    "cap": ({**FINE, "run_cap": 0}, "run_cap: 0 must be a whole number, 1 or more"),
    "true cap": ({**FINE, "run_cap": True}, "run_cap: True must be a whole number"),
    "early": (
        {**FINE, "early_terminate": {"type": "median"}},
        "early_terminate.type: 'median' is not hyperband",
    ),
    "iterations": (
        {**FINE, "early_terminate": {"type": "hyperband"}},
        "early_terminate.min_iter: is missing",
    ),
    "eta": (
        {**FINE, "early_terminate": {"type": "hyperband", "min_iter": 1, "eta": 1}},
        "early_terminate.eta: 1 must be a number above 1",
    ),
    "early without metric": (
        {
            **FINE,
            "metric": None,
            "early_terminate": {"type": "hyperband", "min_iter": 1},
        },
        "metric: is missing: early_terminate needs",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_meant_is_refused_by_the_name_of_its_field(what: str) -> None:
    config, message = REFUSED[what]

    with pytest.raises(QueryError, match=re.escape(message)):
        read_config(json.dumps(config))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "config: is neither YAML nor JSON"),
        ("&a {method: grid, parameters: *a}", "config: holds itself"),
        ("!!python/object/apply:os.getcwd []", "config: is neither YAML nor JSON"),
        ("[" * 20_000, "config: is "),
        ("x" * 1_000_001, "config: is longer than 1,000,000 characters"),
    ],
)
def test_text_that_is_no_config_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError, match=re.escape(message)):
        read_config(text)


def test_aliases_do_not_multiply_without_end() -> None:
    """Ten lists of ten of the one before: 10**10 values in 500 characters."""
    lines = ["a0: &a0 [1]"]
    for number in range(1, 11):
        tens = ", ".join([f"*a{number - 1}"] * 10)
        lines.append(f"a{number}: &a{number} [{tens}]")

    with pytest.raises(QueryError, match="more than 200,000 values"):
        read_config("\n".join(lines))


def test_what_has_no_effect_is_warned_of() -> None:
    config = read_config(
        json.dumps(
            {
                **FINE,
                "early_termnate": {},
                "parameters": {
                    "x": {"values": [1], "min": 3},
                    "lr": {"distribution": "log_uniform", "min": 0.001, "max": 0.1},
                },
            }
        )
    )

    unknown, key, exponents = config.warnings
    assert unknown == "early_termnate has no effect; did you mean early_terminate?"
    assert key.startswith("parameters.x.min has no effect: categorical knows values")
    assert "from 1.001 to 1.10517" in exponents
    assert "log_uniform_values" in exponents


def test_kinds_are_told_from_what_is_given() -> None:
    names = {
        "constant": {"value": 3},
        "categorical": {"values": [1, 2]},
        "int": {"min": 1, "max": 2},
        "uniform": {"min": 1, "max": 2.5},
        "normal": {"mu": 1},
    }
    config = read_config(json.dumps({**FINE, "parameters": names}))

    kinds = {
        one.name: repr(one.distribution).partition("(")[0] for one in config.parameters
    }
    assert kinds == {
        "constant": "Choice", "categorical": "Choice", "int": "IntUniform",
        "uniform": "Continuous", "normal": "Continuous",
    }  # fmt: skip
    assert not config.warnings
