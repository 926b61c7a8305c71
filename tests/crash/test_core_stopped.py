"""Core is stopped (SIGSTOP): log() keeps its speed, then overflows; one core only."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from wandb_core.transaction_log import read_all
from wandb_proto.core_place import read_address
from wandb_proto.places import Places

from tests.support.core_process import stop_any_core
from tests.support.waiting import wait_until

CALLS = 200_000
"""More than two rings of 8 MiB."""

TRAINING = f"""
import json, sys, time, wandb
run = wandb.init(id="r", settings={{"console": "off", "x_disable_meta": True}})
print(flush=True)
sys.stdin.readline()
took = []
clock = time.perf_counter
for number in range({CALLS}):
    begin = clock()
    run.log({{"n": number, "a": 0.25, "b": 1.5, "c": 2.5, "d": 3.5, "e": 1e-3}})
    took.append(clock() - begin)
counts = run._stream.counts
print(json.dumps({{
    "p50_us": sorted(took)[len(took) // 2] * 1e6,
    "longest_s": max(took),
    "total_s": sum(took),
    "dropped": counts.dropped,
    "overflowed": counts.overflowed,
}}), flush=True)
sys.stdin.readline()
"""

OTHER = """
import wandb
run = wandb.init(id="other", settings={"console": "off", "finish_timeout": 1})
run.log({"n": 1})
"""


@pytest.fixture
def env(places_env: dict[str, str]) -> Iterator[dict[str, str]]:
    found = places_env | {"WANDB_MODE": "offline", "WANDB_SILENT": "true"}
    yield found
    stop_any_core(found)


def values(root: Path, run_id: str) -> list[int]:
    """What the run logged as "n", in the order of the log."""
    return [
        int(item.value_json)
        for path in root.glob(f"wandb/offline-*/run-{run_id}.wandb")
        for logged in read_all(path)
        for item in logged.record.history.item
        if item.nested_key == ["n"]
    ]


def test_a_stopped_core_slows_nobody_down_and_loses_nothing(
    env: dict[str, str], tmp_path: Path
) -> None:
    """The ring is full after a moment; 5 s later the rest goes to a file. Meanwhile
    another process begins a run: it must not start another core."""
    places = Places.from_environment(env)
    with start(TRAINING, env, tmp_path) as training:
        assert training.stdin is not None
        assert training.stdout is not None
        training.stdout.readline()
        address = read_address(places)
        assert address is not None
        os.kill(address.pid, signal.SIGSTOP)
        try:
            with start(OTHER, env, tmp_path) as other:
                training.stdin.write("\n")
                training.stdin.flush()
                found = json.loads(training.stdout.readline())
                other.communicate(timeout=40)
                assert other.returncode == 0
            overflow = list(tmp_path.glob("wandb/*/*.overflow"))
        finally:
            os.kill(address.pid, signal.SIGCONT)
        training.communicate("\n", timeout=60)
        assert training.returncode == 0

    assert found["dropped"] == 0
    assert found["overflowed"] > 0
    assert overflow
    assert found["p50_us"] < 100
    assert 4 < found["longest_s"] < 9
    wait_until(lambda: values(tmp_path, "other") == [1], 20)
    assert values(tmp_path, "r") == list(range(CALLS))
    assert not list(tmp_path.glob("wandb/*/*.overflow"))
    assert places.core_log.read_text().count("core_starts") == 1


def start(code: str, env: dict[str, str], cwd: Path) -> subprocess.Popen[str]:
    """A script with pipes."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=env, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
