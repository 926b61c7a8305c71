"""Training processes by the thousand: forked from one that has imported everything.

```python
with Trainings(env, cwd) as trainings:
    trainings.begin(Training(project="p", run_id="r1", calls=1000))
    trainings.wait_told(1, 20.0)          # init and one log() have returned
    trainings.kill()                      # SIGKILL; .told says what had returned
```

A training tells each log() that returned, after it returned, through a pipe that the
kill cannot take back. What is forked has never used wandb before, so it is a process
like any other but for the 100 ms of imports that it saves.
"""

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

INIT_RETURNED = 1 << 60
FINISH_RETURNED = 1 << 61
LIFE = 1_000_000
"""Values are `life * LIFE + number of the call`."""

_PARENT = r"""
import json, os, random, struct, sys, time
import wandb
import h2.connection
from wandb_proto.v1 import core_service_pb2
import wandb.sdk.wandb_init, wandb.sdk.run_start, wandb.sdk.run_end

TOLD = int(sys.argv[1])

def tell(number):
    os.write(TOLD, struct.pack("<Q", number))

def writes(run, how, number, value, pad, first_step):
    data = {f"c{number % 5}": value}
    if pad:
        data["pad"] = "p" * pad
    if how == "rows":
        run.log(data)
    elif how == "parts":
        run.log(data, commit=number % 3 == 2)
    elif how == "steps":
        run.log(data, step=first_step + number // 3)
    elif how == "sparse":
        run.log(data, step=first_step + 7 * number, commit=number % 2 == 0)
    else:
        raise ValueError(how)

def train(order):
    run = wandb.init(
        project=order["project"], id=order["run_id"], dir=order["directory"],
        mode=order["mode"], resume=order["resume"] or None,
        settings={"console": "off", "silent": True, "x_disable_meta": True,
                  "symlink": False},
    )
    tell(1 << 60)
    first_step = run.starting_step
    for number in range(order["calls"]):
        value = order["life"] * 1_000_000 + number
        writes(run, order["how"], number, value, order["pad"], first_step)
        tell(number + 1)
        if order["pause_s"]:
            time.sleep(order["pause_s"])
    if order["finishes"]:
        run.finish()
        tell(1 << 61)
        return
    time.sleep(600)

for line in sys.stdin:
    child = os.fork()
    if not child:
        code = 70
        try:
            train(json.loads(line))
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    print(child, flush=True)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Training:
    """What one process does."""

    project: str
    run_id: str
    calls: int
    life: int = 0
    how: str = "rows"
    """rows, parts (commit=False), steps (step=), sparse (both)."""
    pause_s: float = 0.0
    pad: int = 0
    finishes: bool = False
    """Else it waits to be killed."""
    mode: str = "online"
    resume: str = ""
    directory: str = "."


class Trainings:
    """Starts one training after the other."""

    def __init__(self, env: Mapping[str, str], cwd: Path) -> None:
        self.told = 0
        """How many log() calls of the last training are known to have returned."""
        self.is_up = False
        """Its init has returned."""
        self.finished = False
        """Its finish has returned."""
        self.exit_code: int | None = None
        self._pid = 0
        self._half = b""
        self._read, write = os.pipe()
        os.set_blocking(self._read, False)
        self._errors = (cwd / "trainings.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PARENT, str(write)],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            pass_fds=[write],
            start_new_session=True,
        )
        os.close(write)
        assert self._process.stdout is not None
        self._answers = self._process.stdout.fileno()

    def __enter__(self) -> "Trainings":
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid and self.exit_code is None:
            self.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._errors.close()
        os.close(self._read)

    def begin(self, training: Training) -> int:
        """Start it; returns its pid at once."""
        assert self._process.stdin is not None
        assert not self._pid or self.exit_code is not None
        self.told, self.is_up, self.finished = 0, False, False
        self.exit_code, self._half = None, b""
        self._process.stdin.write(json.dumps(asdict(training)).encode() + b"\n")
        self._process.stdin.flush()
        self._pid = int(self._line(20.0))
        return self._pid

    def wait_told(self, count: int, timeout_s: float) -> bool:
        """Wait for so many calls to have returned; False if it ended before."""
        return self._watch(lambda: self.told >= count, timeout_s)

    def wait_finished(self, timeout_s: float) -> bool:
        """Wait for its finish() to return; False if it ended before."""
        return self._watch(lambda: self.finished, timeout_s)

    def watch(self, duration_s: float) -> None:
        """Let time pass and listen."""
        deadline = time.monotonic() + duration_s
        while (left_s := deadline - time.monotonic()) > 0:
            self._listen(left_s)

    def kill(self) -> None:
        """SIGKILL; returns when it is dead and everything it told is known."""
        with contextlib.suppress(ProcessLookupError):
            if self.exit_code is None:
                os.kill(self._pid, signal.SIGKILL)
        self.reap(20.0)

    def reap(self, timeout_s: float) -> int:
        """Wait for its end; returns its exit code, -9 for a kill."""
        deadline = time.monotonic() + timeout_s
        while self.exit_code is None:
            assert time.monotonic() < deadline, "a training does not end"
            self._listen(0.05)
            if select.select([self._answers], [], [], 0)[0]:
                self.exit_code = int(self._line(1.0))
        while self._listen(0.0):
            pass
        return self.exit_code

    def _watch(self, reached: "object", timeout_s: float) -> bool:
        assert callable(reached)
        deadline = time.monotonic() + timeout_s
        while not reached():
            assert time.monotonic() < deadline, (
                f"a training does not move: up={self.is_up} told={self.told}"
            )
            self._listen(0.1)
            if select.select([self._answers], [], [], 0)[0]:
                self.reap(5.0)
                return bool(reached())
        return True

    def _listen(self, timeout_s: float) -> bool:
        """Take what was told; False if nothing came."""
        if not select.select([self._read], [], [], timeout_s)[0]:
            return False
        data = self._half + os.read(self._read, 1 << 16)
        whole = len(data) // 8 * 8
        self._half = data[whole:]
        for (number,) in struct.iter_unpack("<Q", data[:whole]):
            if number == INIT_RETURNED:
                self.is_up = True
            elif number == FINISH_RETURNED:
                self.finished = True
            else:
                self.told = number
        return True

    def _line(self, timeout_s: float) -> bytes:
        assert select.select([self._answers], [], [], timeout_s)[0], "no training"
        line = b""
        while not line.endswith(b"\n"):
            piece = os.read(self._answers, 1)
            assert piece, "the parent of the trainings is gone"
            line += piece
        return line
