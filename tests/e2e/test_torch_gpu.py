"""Scalars and watching on a GPU. Skipped where torch finds none.

What does not depend on the device is tested without one: test_device_values.py (order,
durability, with a stand-in for the device) and test_watch_torch.py (reductions,
packing, on the CPU).
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

SCRIPT = Path(__file__).parents[1] / "support" / "gpu_checks.py"
STEPS = 50


@pytest.fixture(scope="module")
def gpu_python(torch_python: str) -> str:
    """An interpreter whose torch finds a GPU, or skip."""
    probe = "import torch, sys; sys.exit(not torch.cuda.is_available())"
    if subprocess.run([torch_python, "-c", probe], capture_output=True).returncode:
        pytest.skip("torch.cuda is not available: this machine has no GPU for torch")
    return torch_python


@pytest.fixture(scope="module")
def logged(
    gpu_python: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the script printed, and the rows that it logged."""
    root = tmp_path_factory.mktemp("gpu")
    done = subprocess.run(
        [gpu_python, str(SCRIPT), str(root)],
        env=isolated_environment(root),
        capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [log] = root.glob("wandb/offline-run-*/*.wandb")
    state, rows = RunState(), []
    with LogReader(log) as reader:
        while entries := reader.read():
            for entry in entries:
                state.apply(entry.record)
                if entry.record.WhichOneof("record_type") == "history":
                    line = state.history_line(entry.record.history)
                    rows.append(json_codec.loads(line))
    return json.loads(done.stdout.splitlines()[-1]), rows


def test_values_are_those_of_the_moment_of_log(logged: Any) -> None:
    _, rows = logged

    found = [[r["x"], r["twice"], r["flag"], r["i"]] for r in rows[:STEPS]]
    assert found == [[n, 2 * n, True, n] for n in range(STEPS)]
    assert rows[STEPS]["plain"] == 1.0
    assert rows[STEPS + 1]["late"] == STEPS


def test_log_does_not_wait_for_the_device(logged: Any) -> None:
    results, _ = logged

    assert results["log_ms"] < 200


def test_a_call_makes_one_copy(logged: Any) -> None:
    results, _ = logged

    assert results["copies_of_log"] == 1
    assert results["copies_of_watch"] == 1


def test_histograms_of_the_device_are_those_of_the_host(logged: Any) -> None:
    results, rows = logged

    names = [
        f"gradients/{layer}.{kind}" for layer in "02" for kind in ("weight", "bias")
    ]
    row = next(row for row in rows if names[0] in row)
    for name, ends in zip(names, results["gradient_ends"], strict=True):
        bins = row[name]["bins"]
        assert [bins[0], bins[-1]] == pytest.approx(ends, rel=1e-2, abs=1e-6)
        assert sum(row[name]["values"]) > 0
