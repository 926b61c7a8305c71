"""The rules of steps, commits and merging, through the whole system.

One script does all the runs; each run is one row of the worked example in the protocol
notes (`step-semantics`, section 1) or a rule beside it; `wandb.Api` reads it back.
"""

import json
from typing import Any

import pytest

from tests.support.stack import Stack

CASES: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "plain": ("log({'a': 0})", [{"_step": 0, "a": 0}]),
    "step-gone-by": (
        "log({'a': 0}); log({'b': 0}, step=0); log({'c': 1})",
        [{"_step": 0, "a": 0}, {"_step": 1, "c": 1}],
    ),
    "same-step-joins": (
        "log({'c': 5}, step=5); log({'d': 5}, step=5); log({'e': 'nostep'})",
        [{"_step": 5, "c": 5, "d": 5, "e": "nostep"}],
    ),
    "step-then-plain": (
        "log({'c': 5}, step=5); log({}); log({'f': 6})",
        [{"_step": 5, "c": 5}, {"_step": 6, "f": 6}],
    ),
    "step-and-commit": (
        "log({'g': 10}, step=10, commit=True); log({'h': 10}, step=10)",
        [{"_step": 10, "g": 10}],
    ),
    "three-parts": (
        "log({'i': 11}, step=11, commit=False); log({'j': 1}, commit=False);"
        "log({'k': 1}, commit=True)",
        [{"_step": 11, "i": 11, "j": 1, "k": 1}],
    ),
    "empty-row": (
        "log({'k': 1}, step=11, commit=True); log({}, commit=True)",
        [{"_step": 11, "k": 1}, {"_step": 12}],
    ),
    "open-row-at-the-end": (
        "log({}); log({'l': 1}, commit=False)",
        [{"_step": 0}, {"_step": 1, "l": 1}],
    ),
    "next-step-closes": (
        "log({'a': 1}, step=1); log({'b': 2}, step=2)",
        [{"_step": 1, "a": 1}, {"_step": 2, "b": 2}],
    ),
    "far-steps": ("log({'a': 1}, step=10**12)", [{"_step": 10**12, "a": 1}]),
    "negative-step": ("log({'a': 1}, step=-1); log({'b': 1})", [{"_step": 0, "b": 1}]),
    "leaf-wise-merge": (
        "log({'n': {'a': 1}}, commit=False); log({'n': {'b': 2}})",
        [{"_step": 0, "n": {"a": 1, "b": 2}}],
    ),
    "dots-are-literal": (
        "log({'n': {'a': 1}}, commit=False); log({'n.a': 3})",
        [{"_step": 0, "n": {"a": 1}, "n.a": 3}],
    ),
    "scalar-and-dict": (
        "log({'n': 1}, commit=False); log({'n': {'b': 2}})",
        [{"_step": 0, "n": {"b": 2}}],
    ),
    "dropped-keys": (
        "log({'': 1, '_step': 7, '_runtime': 9, '_own': 2, 'a': {'': 3}})",
        [{"_step": 0, "_own": 2, "a": {"": 3}}],
    ),
    "values": (
        "import numpy, enum, datetime;"
        "log({'t': (1, 2), 's': {3}, 'f': numpy.float32(0.1), 'i': 2**70,"
        " 'b': True, 'none': None, 'd': datetime.date(2026, 1, 2), 'text': object})",
        [
            {
                "_step": 0,
                "t": [1, 2],
                "s": [3],
                "f": 0.10000000149011612,
                "i": float(2**70),
                "b": True,
                "none": None,
                "d": "2026-01-02",
                "text": "builtins.object",
            }
        ],
    ),
    "step-sync": (
        "run.define_metric('epoch'); run.define_metric('v/*', step_metric='epoch');"
        "log({'epoch': 3}); log({'v/loss': 1})",
        [{"_step": 0, "epoch": 3}, {"_step": 1, "v/loss": 1, "epoch": 3}],
    ),
}

SCRIPT = """
import json, sys, wandb
for name, code in json.loads(sys.argv[1]).items():
    run = wandb.init(project="steps", id=name, settings={"console": "off"})
    exec(code, {"log": run.log, "run": run, "wandb": wandb})
    print(name, run.step)
    run.finish()
"""

READ_BACK = "{run.id: list(run.scan_history()) for run in api.runs('steps')}"

ADDED = ("_timestamp", "_runtime")


def test_rows_are_what_the_rules_say(stack: Stack) -> None:
    codes = {name: code for name, (code, _) in CASES.items()}

    told = stack.run(SCRIPT, json.dumps(codes))
    rows = stack.ask(READ_BACK)

    found = {name: [_without_added(row) for row in rows[name]] for name in CASES}
    assert found == {name: expected for name, (_, expected) in CASES.items()}
    steps = dict(line.split() for line in told.stdout.splitlines())
    assert steps["three-parts"] == "12"
    assert steps["same-step-joins"] == "6"
    assert steps["far-steps"] == str(10**12)
    assert "less than the current step 1" in told.stderr


def _without_added(row: dict[str, Any]) -> dict[str, Any]:
    assert all(isinstance(row[key], int | float) for key in ADDED)
    return {key: value for key, value in row.items() if key not in ADDED}


SUMMARIES: dict[str, tuple[str, dict[str, Any]]] = {
    "last": ("log({'a': 1}); log({'a': 2})", {"a": 2}),
    "none-is-ignored": ("log({'a': 1}); log({'a': None})", {"a": 1}),
    "leaf-wise": ("log({'n': {'a': 1, 'b': 2}}); log({'n': {'a': 3}})",
                  {"n": {"a": 3, "b": 2}}),
    "modes": (
        "run.define_metric('a', summary='min,max,mean,last,first');"
        "log({'a': 4}); log({'a': 6}); log({'a': 5})",
        {"a": {"min": 4, "max": 6, "mean": 5, "last": 5, "first": 4}},
    ),
    "mode-none": ("run.define_metric('a', summary='none'); log({'a': 4, 'b': 1})",
                  {"b": 1}),
    "nested-name": ("run.define_metric('n.x', summary='max');"
                    "log({'n': {'x': 2}}); log({'n': {'x': 1}})",
                    {"n": {"x": {"max": 2}}}),
    "explicit": ("log({'a': 1}); run.summary['a'] = 9; run.summary['b'] = {'c': 1};"
                 "run.summary['b']['d'] = 2", {"a": 9, "b": {"c": 1, "d": 2}}),
    "logged-after": ("run.summary['a'] = 9; log({'a': 1})", {"a": 1}),
    "removed": ("log({'a': 1, 'b': 2}); del run.summary['a']", {"b": 2}),
}  # fmt: skip


def test_summaries_are_what_the_rules_say(stack: Stack) -> None:
    codes = {name: code for name, (code, _) in SUMMARIES.items()}

    stack.run(SCRIPT, json.dumps(codes))
    found = stack.ask("{run.id: dict(run.summary) for run in api.runs('steps')}")

    for name, (_, expected) in SUMMARIES.items():
        own = {k: v for k, v in found[name].items() if not k.startswith("_")}
        assert own == expected, name
        assert found[name]["_wandb"]["runtime"] >= 0


WRONG = """
import sys, wandb
run = wandb.init(project="wrong", mode="offline")
for call, kind in (
    ("run.log([1])", TypeError),
    ("run.log('text')", TypeError),
    ("run.log({1: 2})", TypeError),
    ("run.log({'a': 1}, step=1.5)", TypeError),
    ("run.log({'a': 1}, step='1')", TypeError),
    ("run.log({'a': 1}, step=True)", TypeError),
    ("run.define_metric('')", wandb.Error),
    ("run.config.update({'a': 1}); run.config['a'] = 2",
     wandb.sdk.lib.config_util.ConfigError),
):
    try:
        exec(call)
    except kind:
        print("refused")
    else:
        print("taken", call)
run.log({"a": object()})
run.finish()
try:
    run.log({"a": 1})
except wandb.UsageError as error:
    print(error)
"""


def test_wrong_arguments_are_refused_at_the_call(stack: Stack) -> None:
    done = stack.run(WRONG)

    *refused, finished = done.stdout.splitlines()
    assert refused == ["refused"] * 8
    assert "is finished" in finished


@pytest.mark.parametrize("mode", ["offline"])
def test_offline_run_is_equal_after_sync(stack: Stack, mode: str) -> None:
    codes = {"same-step-joins": CASES["same-step-joins"][0]}

    told = stack.run(SCRIPT, json.dumps(codes), WANDB_MODE=mode)
    directory = next(stack.cwd.glob("wandb/offline-run-*"))
    assert str(directory) in told.stderr
    stack.wandb("sync", str(directory))

    rows = stack.ask("list(api.run('steps/same-step-joins').scan_history())")
    assert [_without_added(row) for row in rows] == CASES["same-step-joins"][1]
