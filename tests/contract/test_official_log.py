"""Our log and the official one are the same format, with the official client as oracle.

`WANDB_OFFICIAL_PYTHON` names the interpreter of a virtual environment with the official
package; it is never imported here.
"""

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wandb_core.model import LogDamage, LoggedRecord
from wandb_core.run_state import RunState
from wandb_core.transaction_log import LogWriter, read_all
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from tests.support.run_calls import (
    Played,
    comparable,
    define,
    exiting,
    log_call,
    play_each,
    set_summary,
    without_reserved,
)

PYTHON = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
pytestmark = pytest.mark.skipif(
    not PYTHON, reason="WANDB_OFFICIAL_PYTHON names no official client"
)

SCRIPT = """
import json, sys, wandb
calls = json.load(open("calls.json"))
run = wandb.init(project="p", id="abc", name="a name", notes="some notes",
                 tags=["x", "y"], group="g", job_type="j", config=calls["config"])
for call in calls["define"]:
    run.define_metric(**call)
for call in calls["log"]:
    run.log(call["data"], step=call["step"], commit=call["commit"])
for key, value in calls["summary"].items():
    run.summary[key] = value
run.config.update(calls["config_update"])
for is_stderr, text in calls["console"]:
    (sys.stderr if is_stderr else sys.stdout).write(text)
run.finish(exit_code=3)
"""


def official(tmp_path: Path, *arguments: str) -> str:
    """Run the official client's interpreter in a home of its own."""
    environ = {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_ERROR_REPORTING": "false",
    }
    answer = subprocess.run(
        [PYTHON, *arguments],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def official_log(tmp_path: Path, **calls: Any) -> Path:
    """The log that the official client writes of some calls."""
    plan: dict[str, Any] = {"define": [], "log": [], "summary": {}, "console": []}
    plan |= {"config": {}, "config_update": {}}
    (tmp_path / "calls.json").write_text(json.dumps(plan | calls))
    (tmp_path / "script.py").write_text(SCRIPT)
    official(tmp_path, "script.py")
    [path] = tmp_path.glob("wandb/offline-run-*/run-abc.wandb")
    return path


def fold(path: Path) -> tuple[RunState, list[dict[str, Any]], list[LoggedRecord]]:
    """State, rows and records of an undamaged log."""
    state, rows, records = RunState(), [], []
    damages: list[LogDamage] = []
    for logged in read_all(path, damages):
        records.append(logged)
        state.apply(logged.record)
        if logged.record.WhichOneof("record_type") == "history":
            line = state.history_line(logged.record.history)
            rows.append(json_codec.loads(line))
    assert damages == []
    return state, rows, records


def inspect(tmp_path: Path, path: Path) -> list[dict[str, Any]]:
    """The records of a log as the official reader sees them."""
    code = "import sys; from wandb.cli.cli import cli; cli(sys.argv[1:])"
    output = official(tmp_path, "-c", code, "leet", "inspect", str(path), "--json")
    return [json.loads(line) for line in output.splitlines()]


def call(
    data: dict[str, Any], step: int | None = None, commit: bool | None = None
) -> dict[str, Any]:
    return {"data": data, "step": step, "commit": commit}


def played(calls: list[dict[str, Any]], *before: pb.Record) -> Played:
    """The same calls through our processor."""
    return play_each(*before, *(log_call(**call) for call in calls), exiting(3))


def test_official_log_is_read_and_folded(tmp_path: Path) -> None:
    path = official_log(
        tmp_path,
        config={"lr": 0.1, "n": {"a": [1, {"b": None}]}, "dot.key": 1},
        config_update={"late": 5},
        define=[{"name": "loss", "step_metric": "epoch", "summary": "min,max"}],
        log=[
            call({"epoch": 1, "loss": 0.5, "n": {"a": 1, "b.c": "x"}}),
            call({"loss": float("nan"), "i": float("inf"), "l": [1, float("nan")]}),
            call({"late": True, "none": None, "big": 2**70}, 20, True),
        ],
        summary={"whole": {"p": {"q": 1}}, "nan": float("nan")},
        console=[(False, "50%\r100%\nsecond\n"), (True, "problem\n")],
    )

    state, rows, records = fold(path)

    assert [logged.record.num for logged in records] == list(range(1, len(records) + 1))
    assert [comparable(without_reserved(row)) for row in rows] == [
        {"epoch": 1, "loss": 0.5, "n": {"a": 1, "b.c": "x"}},
        {"epoch": 1, "loss": "NaN", "i": float("inf"), "l": [1, "NaN"]},
        {"late": True, "none": None, "big": float(2**70)},
    ]
    assert [row["_step"] for row in rows] == [0, 1, 20]
    assert all(0 <= row["_runtime"] < 100 for row in rows)
    assert comparable(without_reserved(json_codec.loads(state.summary_json()))) == {
        "epoch": 1, "loss": {"min": "NaN", "max": "NaN"}, "n": {"a": 1, "b.c": "x"},
        "i": float("inf"), "l": [1, "NaN"], "late": True, "big": float(2**70),
        "whole": {"p": {"q": 1}},
    }  # fmt: skip
    assert state.config_value() == {
        "lr": 0.1, "n": {"a": [1, {"b": None}]}, "dot.key": 1, "late": 5,
    }  # fmt: skip
    own = json_codec.loads(state.config_json())["_wandb"]["value"]
    assert own["cli_version"] == own["t"]["5"]
    assert own["python_version"] == own["t"]["4"]
    assert own["t"]["3"]
    assert own["m"] == [
        {"1": "loss", "5": 2, "6": [1, 3], "7": [1, 2]},
        {"1": "epoch", "6": [], "7": []},
    ]  # fmt: skip
    assert json_codec.loads(state.metadata_json())["python"].startswith("CPython")
    assert state.run is not None
    assert (state.run.run_id, state.run.display_name) == ("abc", "a name")
    assert list(state.run.tags) == ["x", "y"]
    assert state.exit is not None
    assert state.exit.exit_code == 3
    assert [(line.is_stderr, line.text) for line in state.console.take_lines()] == [
        (False, "100%"), (False, "second"), (True, "problem"),
    ]  # fmt: skip


def test_same_calls_give_the_same_rows_and_summary(tmp_path: Path) -> None:
    """Random calls of every kind, through the official client and our processor.

    Left out is what we do otherwise on purpose: None and texts under a summary mode
    (official: a minimum of 0, a NaN mean), several globs for one key (official: any of
    them), and globs for keys with literal dots (official: none).
    """
    choice = random.Random(7)
    numbers = [1, -2, 0.5, 3.0, 7, 1e300, float("inf"), 2**70]

    def value() -> Any:
        return choice.choice([*numbers, True, "text", [1, 2.5], None])

    calls = []
    step = 0
    for _ in range(150):
        data: dict[str, Any] = {}
        for key in choice.sample(["a", "t/x"], 1):
            data[key] = choice.choice(numbers[:5])
        for key in choice.sample(["b", "epoch", "_own"], 1):
            data[key] = value()
        if choice.random() < 0.4:
            inner = {key: value() for key in choice.sample("abc", 2)}
            data["n"] = {"deep": inner, "x": choice.choice(numbers), "y": value()}
        step += choice.randint(-1, 2)
        at = choice.choice([None, None, step])
        calls.append(call(data, at, choice.choice([None, None, True, False])))
    defined: list[dict[str, Any]] = [
        {"name": "t/*", "step_metric": "epoch", "summary": "min,max,mean"},
        {"name": "a", "summary": "last,first"},
        {"name": "b", "summary": "none"},
        {"name": "n.*", "step_metric": "a"},
        {"name": "n.x", "summary": "last"},
    ]

    path = official_log(tmp_path, define=defined, log=calls)
    _, rows, _ = fold(path)
    ours = played(calls, *(define(**arguments) for arguments in defined))

    theirs = [(row["_step"], comparable(without_reserved(row))) for row in rows]
    assert [(step, comparable(row)) for step, row in ours.user_rows] == theirs
    state, _, _ = fold(path)
    their_summary = without_reserved(json_codec.loads(state.summary_json()))
    our_summary = ours.summary
    their_mean = their_summary["t/x"].pop("mean")
    assert our_summary["t/x"].pop("mean") == pytest.approx(their_mean)
    assert comparable(our_summary) == comparable(their_summary)


UP, DOWN = "\x1b[A", "\x1b[B"
MANY = "".join(f"line {number}\n" for number in range(50))
CONSOLE = {
    "plain": ["plain\n", "a\r\nb\r\n", "\n\n", "é漢字😀\rX\n", "last without newline"],
    "progress": ["1%\r", "20%\r", "3%", "\n", "longer\rab\n", "abc\r   \n", "x  \n"],
    "literal": ["\x1b[31mred\x1b[0m\n", "x\x1b[2Ky\x1b[2Az\tq\b\n", "y" * 5000 + "\n"],
    "two bars": ["0: 0%\n\r1: 0%", UP, "\r0: 50%\n\r1: 50%", UP, "\r\n\n"],
    "up and down": [f"one\ntwo{UP}!{DOWN}?\n", f"up{UP}{UP}\rXX{DOWN}{DOWN}\nend"],
    "blanks": [
        "abc\r   \n",
        "abc\r x   \n",
        "  a   ",
        "b  \n",
        "\t \n   ",
        "\r\n   \n",
    ],
    "split": ["one\ntwo", "\x1b", "[A!", "\n\n", "\x1b", "x"],
    "down makes lines": [f"a{DOWN * 3}b\nc", f"\n{DOWN * 2}d{UP * 2}\rX\n"],
    "nothing below": ["a\n", DOWN * 5, "\n\n"],
    "only newlines": ["\n\n"],
    "frozen": [MANY, UP * 60 + "\rTOP", DOWN * 10 + "\rMID", DOWN * 40 + "\rLOW"],
    "scrolled by downs": [MANY, DOWN * 10 + UP * 60 + "\rTOP"],
    "scrolled empty rows": [MANY, "\n" * 40 + "y"],
    "scrolled out": [MANY, "\n" * 40 + UP * 60 + "y"],
    "first row": ["a" + DOWN * 40 + "b\n"],
}


CONSOLE_SCRIPT = """
import json, sys, wandb
for number, writes in enumerate(json.load(open("console.json"))):
    run = wandb.init(project="p", id=f"run{number}")
    for text in writes:
        sys.stdout.write(text)
    run.finish()
"""


def test_console_lines_are_those_of_the_official_terminal(tmp_path: Path) -> None:
    """One run for each case, in one process."""
    (tmp_path / "console.json").write_text(json.dumps(list(CONSOLE.values())))
    (tmp_path / "script.py").write_text(CONSOLE_SCRIPT)
    official(tmp_path, "script.py")

    for number, case in enumerate(CONSOLE):
        [path] = tmp_path.glob(f"wandb/offline-run-*/run-run{number}.wandb")
        output = path.parent / "files" / "output.log"
        written = output.read_text() if output.exists() else ""
        state, _, _ = fold(path)
        lines = state.console.take_lines()
        assert "".join(line.text + "\n" for line in lines) == written, case


def test_official_reader_lists_our_log(tmp_path: Path) -> None:
    config, output = pb.Record(), pb.Record()
    config.config.update.add(key="lr", value_json="0.1")
    output.output_raw.line = "text\n"
    ours = play_each(
        config,
        output,
        define("loss", "epoch", "min"),
        log_call({"loss": 1.5, "n": {"a": "x" * 70_000}}),
        log_call({"nan": float("nan")}, 7),
        set_summary("best", value={"k": 1}),
        exiting(3),
    )
    path = tmp_path / "run-abc.wandb"
    with LogWriter.create(path) as writer:
        for record in ours.log:
            writer.append([record.SerializeToString()])

    seen = inspect(tmp_path, path)

    assert [record["num"] for record in seen] == [record.num for record in ours.log]
    assert [record["type"] for record in seen] == [
        record.WhichOneof("record_type") for record in ours.log
    ]
    rows = [record["history"] for record in seen if record["type"] == "history"]
    assert [row["step"]["num"] for row in rows] == [0, 7]
    assert rows[0]["item"]["loss"] == 1.5
    assert rows[0]["item"]["n.a"] == "x" * 70_000
    assert rows[1]["item"]["nan"] == "NaN"
    assert seen[-2]["exit"] == {"exit_code": 3}
