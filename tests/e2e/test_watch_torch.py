"""`watch`, and scalars of torch tensors, with a real torch.

The scripts run in the interpreter that WANDB_TORCH_PYTHON names (`make compat` installs
one), else in ours if it has torch; without torch the tests are skipped.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from wandb_core.run_state import RunState
from wandb_core.transaction_log import LogReader
from wandb_proto import json_codec

from tests.conftest import isolated_environment

SUPPORT = Path(__file__).parents[1] / "support"
NAMES = ("a.bias", "a.weight", "b.bias", "b.weight")
GRADIENTS = [f"gradients/{name}" for name in NAMES]
ALL = [*GRADIENTS, *(f"parameters/{name}" for name in NAMES)]

EXPECTED: dict[str, Any] = {
    "every_nth_pass": [[0, 0, 1, 1, 1, 2, 2], ALL],
    "several_models": ["gradients/graph_1weight", "gradients/weight"],
    # NaN in all gradients that the loss reaches through b; of a by relu not.
    "not_finite": [[*GRADIENTS[:2], *ALL[4:]], True],
    "without_gradient": GRADIENTS[:2],
    "sparse": [200, 196, 4],
    "copies": [0, 1],
    "graphs_are_freed": [True, True],
    "model_is_freed": [True, 1],
    "compiled": [3, 1, GRADIENTS[:2]],
    "shared_parameters": ["gradients/0.bias", "gradients/0.weight", "gradients/1.bias"],
    "replicas": [1, 4],
    "thawed": [2, 4],
    "stopped": [1, 0, 0],
    "failing": True,
    "interrupted": [4],
    "checked_inputs": [
        "log must be one of 'gradients', 'parameters', 'all', or None, not 'x'",
        "log_freq must be an integer above 0, not 0",
        "log_freq must be an integer above 0, not True",
        "Expected a pytorch model (torch.nn.Module). Received <class 'int'>",
    ],
    "odd_tensors": [
        {
            "nan": [2, 1.0, 3.0],
            "same": [5, 2.0, 2.0],
            "huge": [2, -3.0000000054977558e38, 3.0000000054977558e38],
        },
        True,
        [None, None],
        [4.0, 4.0],
    ],
    "scalars": [True, True, [0.0, 1.0, 2.0], False, False],
}


def ran(python: str, *arguments: str, env: dict[str, str], cwd: Path) -> str:
    done = subprocess.run(
        [python, *arguments],
        env=env | {"OMP_NUM_THREADS": "1"},
        cwd=cwd, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def results(
    torch_python: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What each check printed."""
    root = tmp_path_factory.mktemp("watch")
    env = isolated_environment(root)
    checks = str(SUPPORT / "watch_checks.py")
    found: dict[str, Any] = json.loads(ran(torch_python, checks, env=env, cwd=root))
    return found


@pytest.mark.parametrize("check", EXPECTED)
def test_watch_and_scalars_do_what_they_should(
    results: dict[str, Any], check: str
) -> None:
    assert results[check] == EXPECTED[check]


def test_histograms_are_those_of_numpy(results: dict[str, Any]) -> None:
    """At most one in a thousand elements is on the other side of an edge."""
    assert results["against_numpy"] < 1e-3


# ---- the official client as oracle

TRAINING = """
import os, sys
import torch
import wandb
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(1, 1)
        self.c.requires_grad_(False)
    def forward(self, values):
        return self.b(torch.relu(self.a(values)))

torch.manual_seed(0)
os.chdir(sys.argv[1])
model = Net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
with wandb.init(project="p", id="watch", mode="offline") as run:
    run.watch(model, log="all", log_freq=3)
    for number in range(8):
        optimizer.zero_grad()
        loss = model(torch.ones(5, 3) * (number + 1)).square().mean()
        loss.backward()
        optimizer.step()
        run.log({"loss": loss.detach(), "number": number})
"""


def rows_of(python: str, env: dict[str, str], cwd: Path) -> list[dict[str, Any]]:
    cwd.mkdir()
    script = cwd / "train.py"
    script.write_text(TRAINING, encoding="utf-8")
    ran(python, str(script), str(cwd), env=env, cwd=cwd)
    [log] = cwd.glob("wandb/offline-run-*/*.wandb")
    state, rows = RunState(), []
    with LogReader(log) as reader:
        while entries := reader.read():
            for entry in entries:
                state.apply(entry.record)
                if entry.record.WhichOneof("record_type") == "history":
                    line = state.history_line(entry.record.history)
                    rows.append(json_codec.loads(line))
    return rows


def test_rows_are_those_of_the_official_client(
    torch_python: str, official_python: str, places_env: dict[str, str], tmp_path: Path
) -> None:
    where = "import torch, os; print(os.path.dirname(os.path.dirname(torch.__file__)))"
    packages = ran(torch_python, "-c", where, env=places_env, cwd=tmp_path).strip()
    borrowed = places_env | {
        "PYTHONPATH": packages,
        "WANDB_ERROR_REPORTING": "false",
    }
    probe = "import torch, wandb; assert wandb.__version__ == '0.31.0'"
    if subprocess.run([official_python, "-c", probe], env=borrowed).returncode:
        pytest.skip("the official interpreter cannot borrow torch")

    theirs = rows_of(official_python, borrowed, tmp_path / "official")
    ours = rows_of(torch_python, places_env, tmp_path / "ours")

    assert len(ours) == len(theirs) == 8
    for expected, row in zip(theirs, ours, strict=True):
        keys = {key for key in expected if not key.startswith("_")}
        assert {key for key in row if not key.startswith("_")} == keys
        for key in keys:
            same(row[key], expected[key], key)
    assert "gradients" not in ours[1]
    assert any(key.startswith("gradients/") for key in ours[2])


def same(found: Any, expected: Any, key: str) -> None:
    if not isinstance(expected, dict):
        assert found == pytest.approx(expected), key
        return
    assert found["_type"] == expected["_type"]
    assert found["values"] == expected["values"], key
    assert found["bins"] == pytest.approx(expected["bins"], abs=1e-5), key
