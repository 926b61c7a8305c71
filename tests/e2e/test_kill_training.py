"""SIGKILL of the training process: what log() returned from is on the server, once."""

import os
import random
import subprocess
import sys
import time

from tests.support.stack import Stack
from tests.support.waiting import wait_until

TRAINING = """
import os, sys, wandb
run = wandb.init(project="killed", id=sys.argv[1], settings={"console": "off"})
acknowledge = int(sys.argv[2])
step = 0
while True:
    run.log({"value": step, "half": step / 2})
    os.write(acknowledge, step.to_bytes(8, "little"))
    step += 1
"""

KILLS = 20
STATES = "{run.id: run.state for run in api.runs('killed')}"
VALUES = """{
    run.id: [row["value"] for row in run.scan_history()] for run in api.runs("killed")
}"""


def test_every_acknowledged_row_is_on_the_server_exactly_once(stack: Stack) -> None:
    """The killed process tells each returned log() to a pipe: that is the oracle."""
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}", file=sys.stderr)
    chance = random.Random(seed)

    returned = {
        f"kill{kill}": _train_and_kill(stack, f"kill{kill}", chance.uniform(0.0, 0.15))
        for kill in range(KILLS)
    }

    stack.wandb("core", "start")
    wait_until(lambda: stack.ask(STATES) == dict.fromkeys(returned, "crashed"), 60)
    values = stack.ask(VALUES)
    for run_id, count in returned.items():
        assert count > 0
        steps = values[run_id]
        # One more row may have been stored than was told: killed between the two.
        assert steps[:count] == list(range(count))
        assert steps[count:] in ([], [count])


def _train_and_kill(stack: Stack, run_id: str, after_s: float) -> int:
    """How many log() calls returned before the kill."""
    script = stack.cwd / "training.py"
    script.write_text(TRAINING, encoding="utf-8")
    read_end, write_end = os.pipe()
    with subprocess.Popen(
        [sys.executable, str(script), run_id, str(write_end)],
        env=stack.env,
        cwd=stack.cwd,
        pass_fds=[write_end],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        os.close(write_end)
        byte_count = len(os.read(read_end, 8))
        deadline = time.monotonic() + after_s
        while time.monotonic() < deadline:
            byte_count += len(os.read(read_end, 1 << 16))
        process.kill()
        while piece := os.read(read_end, 1 << 16):
            byte_count += len(piece)
    os.close(read_end)
    return byte_count // 8
