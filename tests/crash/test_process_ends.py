"""However a process ends, forks or is interrupted: nothing hangs, nothing is lost.

Each script has a watchdog of its own (10 s, counted from the end of init), runs offline
with a real core, and leaves a log that tells what was recorded.
"""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from wandb_core.transaction_log import read_all
from wandb_core.transaction_log.lock import is_locked
from wandb_proto import json_codec

from tests.support.core_process import stop_any_core
from tests.support.waiting import wait_until

WATCHDOG = """
import faulthandler, gc, itertools, multiprocessing, os, signal, sys, threading
import time, wandb

def begin():
    run = wandb.init(id="r", settings={"console": "off", "x_disable_meta": True})
    faulthandler.dump_traceback_later(10, exit=True)
    return run
"""


@dataclass(frozen=True)
class Desk:
    """A directory in which scripts run offline, with a core that looks often."""

    env: dict[str, str]
    cwd: Path
    python: str = sys.executable

    def start(self, code: str) -> subprocess.Popen[str]:
        """Start a script; what it prints comes through a pipe."""
        script = self.cwd / "script.py"
        script.write_text(WATCHDOG + code, encoding="utf-8")
        return subprocess.Popen(
            [self.python, str(script)],
            env=self.env,
            cwd=self.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> tuple[int, str]:
        """Run a script to its end; exit code and stderr."""
        with self.start(code) as process:
            _, errors = process.communicate(timeout=40)
            return process.returncode, errors

    def records(self, kind: str) -> list[Any]:
        """The records of one type in the run's log, as far as it is there."""
        paths = list(self.cwd.glob("wandb/offline-run-*/run-r.wandb"))
        return [
            getattr(logged.record, kind)
            for path in paths
            for logged in read_all(path)
            if logged.record.WhichOneof("record_type") == kind
        ]

    def values(self, key: str) -> list[Any]:
        """What was logged under a key, in the order of the rows."""
        return [
            json_codec.loads(item.value_json)
            for row in self.records("history")
            for item in row.item
            if (item.key or ".".join(item.nested_key)) == key
        ]

    def wait_settled(self) -> None:
        """Until no process and no core writes the log any more."""
        (path,) = self.cwd.glob("wandb/offline-run-*/run-r.wandb")
        wait_until(lambda: not is_locked(path))

    @property
    def exit_codes(self) -> list[int]:
        """Of the exit records."""
        return [record.exit_code for record in self.records("exit")]


@pytest.fixture
def desk(places_env: dict[str, str]) -> Iterator[Desk]:
    cwd = Path(places_env["HOME"]) / "work"
    cwd.mkdir()
    more = {"WANDB_MODE": "offline", "WANDB_CORE_ORPHAN_CHECK_S": "0.1"}
    env = places_env | more | {"WANDB_FINISH_TIMEOUT": "10"}
    yield Desk(env, cwd)
    stop_any_core(env)


ENDS = {
    # name: last lines, exit code of the process, recorded exit codes
    "os-exit": ("os._exit(3)", 3, []),
    "sigterm": ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)", -15, []),
    "sigterm-handled": (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "os.kill(os.getpid(), signal.SIGTERM); time.sleep(10)",
        143,
        [143],
    ),
    "sigint": ("os.kill(os.getpid(), signal.SIGINT); time.sleep(10)", -2, [255]),
    "abort": ("os.abort()", -6, []),
    "segfault": ("os.kill(os.getpid(), signal.SIGSEGV); time.sleep(10)", -11, []),
    "thread-raises": (
        "thread = threading.Thread(target=lambda: 1 / 0); thread.start()\n"
        "thread.join()",
        0,
        [0],
    ),
    "daemon-thread-logs-on": (
        "def forever():\n"
        "    while True: run.log({'more': 1}); time.sleep(0.001)\n"
        "threading.Thread(target=forever, daemon=True).start(); time.sleep(0.05)",
        0,
        [0],
    ),
    "exec": ("os.execv('/bin/sh', ['sh', '-c', 'exit 4'])", 4, []),
}


@pytest.mark.parametrize("end", ENDS)
def test_end_of_a_process_is_recorded_as_defined(desk: Desk, end: str) -> None:
    """A killed process leaves no exit record; its open row is kept all the same."""
    last_lines, returned, recorded = ENDS[end]

    code, errors = desk.run(
        "run = begin()\n"
        "for number in range(50):\n"
        "    run.log({'n': number})\n"
        f"run.log({{'open': 1}}, commit=False)\n{last_lines}\n"
    )

    assert code == returned, errors
    wait_until(lambda: desk.values("open") == [1])
    desk.wait_settled()
    assert desk.values("n") == list(range(50))
    assert desk.exit_codes == recorded


def test_a_signal_handler_and_a_finaliser_may_log_inside_a_log(desk: Desk) -> None:
    """A timer every millisecond, and garbage that logs when it is collected."""
    code, errors = desk.run("""
run = begin()
# One step of the interpreter each: a handler may be interrupted by the next signal.
ticks, finals = itertools.count(), itertools.count()
class Garbage:
    def __init__(self): self.me = self
    def __del__(self): run.log({"final": next(finals)})
def tick(*_): run.log({"tick": next(ticks)})
gc.set_threshold(50)
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
for number in range(20_000):
    Garbage()
    run.log({"n": number})
signal.setitimer(signal.ITIMER_REAL, 0)
gc.collect()
gc.set_threshold(0)
run.config["told"] = [next(ticks), next(finals)]
""")

    assert code == 0, errors
    assert desk.values("n") == list(range(20_000))
    told = [
        json_codec.loads(item.value_json)
        for record in desk.records("config")
        for item in record.update
        if item.key == "told"
    ]
    ticks, finals = told[-1]
    assert ticks > 0
    assert finals > 0
    assert sorted(desk.values("tick")) == list(range(ticks))
    assert sorted(desk.values("final")) == list(range(finals))


def test_forked_children_of_a_busy_process_never_hang(desk: Desk) -> None:
    """Children are forked while another thread is inside log() nearly always."""
    code, errors = desk.run("""
run = begin()
going = True
def busy():
    number = 0
    while going:
        run.log({"n": number}); number += 1
        if number % 100 == 0: time.sleep(0.001)
thread = threading.Thread(target=busy); thread.start()
for child in range(8):
    pid = os.fork()
    if not pid:
        signal.alarm(8)
        for number in range(20):
            run.log({f"child{child}": number})
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
going = False
thread.join()
""")

    assert code == 0, errors
    for child in range(8):
        wait_until(
            lambda: desk.values(f"child{child}") == list(range(20)),  # noqa: B023
        )
    numbers = desk.values("n")
    assert numbers == list(range(len(numbers)))


def test_a_child_that_outlives_its_killed_parent_logs_on(desk: Desk) -> None:
    """No exit record comes; the run has ended when the child is gone, not before."""
    with desk.start("""
run = begin()
run.log({"parent": 1})
pid = os.fork()
if not pid:
    run.log({"child": 0})
    print(os.getppid(), flush=True)
    parent = os.getppid()
    while os.getppid() == parent: time.sleep(0.01)
    time.sleep(0.5)
    run.log({"child": 1})
    print("logged", flush=True)
    sys.stdin.read()
    os._exit(0)
time.sleep(60)
""") as process:
        assert process.stdout is not None
        process.stdout.readline()
        wait_until(lambda: desk.values("child") == [0])
        process.kill()
        assert process.stdout.readline() == "logged\n"

    wait_until(lambda: desk.values("child") == [0, 1])
    desk.wait_settled()
    assert desk.values("parent") == [1]
    assert desk.exit_codes == []


@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_worker_pools_log_and_end(desk: Desk, how: str) -> None:
    """A forked worker has `wandb.run`; the others get the run as an argument."""
    code, errors = desk.run(f"""
def work(run, number):
    (run or wandb.run).log({{f"w{{number}}": number}})
    return number

if __name__ == "__main__":
    run = begin()
    argument = None if "{how}" == "fork" else run
    with multiprocessing.get_context("{how}").Pool(2) as pool:
        done = pool.starmap(work, [(argument, number) for number in range(6)])
    assert done == list(range(6))
    run.log({{"parent": 1}})
""")

    assert code == 0, errors
    for number in range(6):
        wait_until(lambda: desk.values(f"w{number}") == [number])  # noqa: B023
    assert desk.values("parent") == [1]
    assert desk.exit_codes == [0]


def test_workers_of_a_data_loader_neither_print_nor_hang(
    desk: Desk, torch_python: str
) -> None:
    code, errors = replace(desk, python=torch_python).run("""
import torch
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self): return 64
    def __getitem__(self, index):
        wandb.run.log({"loaded": index})
        return index

if __name__ == "__main__":
    run = begin()
    for epoch in range(2):
        for batch in DataLoader(Numbers(), batch_size=8, num_workers=2):
            run.log({"sum": int(batch.sum())})
""")

    assert code == 0, errors
    assert "fork" not in errors
    wait_until(lambda: len(desk.values("loaded")) == 128)
    assert len(desk.values("sum")) == 16
