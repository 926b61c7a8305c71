"""Kill training, core, server, or all of them, again and again, at random moments.

```
 life    begin a training ─► kill somebody ─► (again) ─► kill it, or let it finish
 check   start core ─► rings and backlog empty ─► what does the server have?
 oracle  each log() that returned, told through a pipe by the killed process
```

Many lives share one server, one core (while it lives) and one parent process of the
trainings, so that a kill point costs a fraction of a second. A run has one life or more
(`resume="allow"`). Everything random comes from one seed, which is printed.

    python -m tests.crash.kill_points --kill-points 5000 [--seed N]
"""

import argparse
import contextlib
import fcntl
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wandb._launcher import ensure_core
from wandb_core import control
from wandb_proto.places import Places

from tests.support.server_process import (
    ServerProcess,
    running_server,
    server_command,
    stop_for_sure,
)
from tests.support.trainings import LIFE, Training, Trainings

LIVES_PER_CHECK = 40
SETTLE_S = 120.0
PROJECT = "kills"
QUICK_CORE = {
    "WANDB_CORE_LIVE_INTERVAL_S": "0.1",
    "WANDB_CORE_ORPHAN_CHECK_S": "0.1",
    "WANDB_CORE_LOCAL_SERVER_CHECK_S": "0.1",
    "WANDB_CORE_RETRY_DELAY_S_MIN": "0.02",
    "WANDB_CORE_RETRY_DELAY_S_MAX": "0.5",
    "WANDB_CORE_FSYNC_INTERVAL_S": "0.2",
    "WANDB_CORE_BACKLOG_UPLOADS_MAX": "8",
}
"""Shorter waits only: what is done, and in which order, is the same."""

STORIES = {
    "training": 40,
    "init": 8,
    "core": 16,
    "server": 5,
    "all": 8,
    "finishing": 10,
    "uploading": 8,
    "offline": 2,
    "finished": 3,
}
"""What may happen in a life, and how often of 100."""

HISTORY = """query($entity: String!, $project: String!, $run: String!, $max: Int) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    state historyLineCount history(minStep: 0, maxStep: 1000000000, samples: $max) } } }
"""


@dataclass(slots=True)
class Tally:
    """What came of it, so far."""

    kill_points: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicated: int = 0
    disordered: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The line at the end."""
        kinds = ", ".join(f"{count} {name}" for name, count in self.kinds.most_common())
        return (
            f"kill points tried: {self.kill_points:,} ({kinds}), records acknowledged: "
            f"{self.acknowledged:,}, lost: {self.lost}, duplicated: {self.duplicated}, "
            f"out of order: {self.disordered}"
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """How what is stored differs from what was told."""

    lost: int
    duplicated: int
    disordered: int


def compare(told: list[int], found: list[int]) -> Comparison:
    """told: per life, how many calls returned; found: values in stored order.

    The one call of each life that was cut off may be there or not.
    """
    counts = Counter(found)
    lost = sum(
        counts[life * LIFE + number] == 0
        for life, count in enumerate(told)
        for number in range(count)
    )
    duplicated = sum(count - 1 for count in counts.values())
    unexpected = sum(
        value // LIFE >= len(told) or value % LIFE > told[value // LIFE]
        for value in counts
    )
    return Comparison(lost, duplicated + unexpected, int(found != sorted(found)))


def values_of(rows: list[str]) -> list[int]:
    """The values of all calls, in the order of their rows and within a row."""
    found: list[int] = []
    for text in rows:
        row = json.loads(text)
        found += sorted(value for key, value in row.items() if key[0] == "c")
    return found


class KillCampaign:
    """A server, a core now and then, and one training after the other."""

    def __init__(self, env: Mapping[str, str], root: Path, seed: int) -> None:
        self.seed = seed
        self.tally = Tally()
        self._env = {**env, **QUICK_CORE, "WANDB_FINISH_TIMEOUT": "60"}
        self._places = Places.from_environment(self._env)
        self._root = root
        self._chance = random.Random(seed)
        self._told: dict[str, list[int]] = {}
        self._number = 0
        self._since_check = 0
        self._trainings: Trainings | None = None
        self._story = ""

    def __enter__(self) -> "KillCampaign":
        self._root.mkdir(parents=True, exist_ok=True)
        self._start_server()
        self._trainings = Trainings(self._env, self._root)
        return self

    def __exit__(self, *_: object) -> None:
        if self._trainings is not None:
            self._trainings.__exit__()
        with contextlib.suppress(ProcessLookupError):
            if pid := self._core_pid():
                os.kill(pid, signal.SIGKILL)
        stop_for_sure(self._env)

    def run(self, kill_points: int) -> Tally:
        """Live until so many kill points were tried and checked."""
        began = time.monotonic()
        while self.tally.kill_points < kill_points:
            self.live()
            if self._since_check >= LIVES_PER_CHECK:
                self.check()
                took_s = time.monotonic() - began
                print(f"{took_s:.0f} s: {self.tally.line()}", flush=True)
        self.check()
        return self.tally

    # ---- one life ------------------------------------------------------------------

    def live(self) -> None:
        """One training, from its init to its end, with kills."""
        names, weights = zip(*STORIES.items(), strict=True)
        story = self._story = self._chance.choices(names, weights)[0]
        training = self._next_training(story)
        getattr(self, f"_live_{story}")(training)
        assert self._trainings is not None
        self._told[training.run_id].append(self._trainings.told)
        self.tally.acknowledged += self._trainings.told
        self._since_check += 1

    def _live_training(self, training: Training) -> None:
        """Killed while it logs; or while it waits, with rows open."""
        self._begin(training)
        self._let_pass(self._chance.choice((0.0, 0.02, 0.1, 0.3)))
        self._kill("training")

    def _live_init(self, training: Training) -> None:
        """Killed in init or with its first calls."""
        self._running.begin(training)
        self._let_pass(0.25)
        self._kill("training")

    def _live_core(self, training: Training) -> None:
        """Core is killed once or several times while the training goes on."""
        self._begin(training)
        for _ in range(self._chance.randint(1, 3)):
            self._let_pass(self._chance.choice((0.0, 0.1, 0.8)))
            self._kill("core")
        self._end(training)

    def _live_server(self, training: Training) -> None:
        self._begin(training)
        self._let_pass(self._chance.choice((0.0, 0.2)))
        self._kill("server")
        self._end(training)

    def _live_all(self, training: Training) -> None:
        """Everything dies at the same moment."""
        self._begin(training)
        self._let_pass(self._chance.choice((0.0, 0.05, 0.3)))
        self._kill("core", counts=False)
        if self._chance.random() < 0.4:
            self._kill("server", counts=False)
        self._kill("training", counts=False)
        self._count("all")

    def _live_finishing(self, training: Training) -> None:
        """Somebody is killed while finish() is under way."""
        self._begin(training)
        self._running.wait_told(training.calls, 60.0)
        self._let_pass(0.15)
        victim = self._chance.choices(("training", "core", "server"), (5, 4, 1))[0]
        self._kill(victim)
        if victim != "training":
            self._end(training)

    def _live_uploading(self, training: Training) -> None:
        """The training is gone; then core, or core and server, while they go on."""
        self._begin(training)
        self._kill("training")
        for _ in range(self._chance.randint(1, 2)):
            self._let_pass(0.4)
            if self._chance.random() < 0.2:
                self._kill("server", counts=False)
            self._kill("core")

    def _live_offline(self, training: Training) -> None:
        """Both are killed, then `wandb sync` is the one to start again."""
        self._begin(training)
        self._let_pass(0.1)
        self._kill("training", counts=False)
        self._kill("core", counts=False)
        self._count("offline")
        command = [
            sys.executable,
            "-m",
            "wandb_core",
            "sync",
            f"{training.directory}/wandb",
        ]
        done = subprocess.run(
            [*command, "--include-online"],
            env=self._env, cwd=self._root, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        if done.returncode:
            self._fault(f"sync of {training.run_id}: {done.stdout}{done.stderr}")

    def _live_finished(self, training: Training) -> None:
        """Nobody is killed before finish() has returned; then the server is."""
        self._begin(training)
        self._running.wait_finished(90.0)
        self._running.reap(30.0)
        self._let_pass(0.2)  # compaction follows the end of a run
        self._kill("server")

    # ---- its parts -------------------------------------------------------------------

    @property
    def _running(self) -> Trainings:
        assert self._trainings is not None
        return self._trainings

    def _next_training(self, story: str) -> Training:
        chance = self._chance
        fat = chance.random() < 0.05
        may_resume = story not in ("offline", "init") and self._number > 0
        resumes = may_resume and chance.random() < 0.15
        if not resumes or f"r{self._number}" not in self._told:
            self._number += 1
        run_id = f"r{self._number}"
        lives = self._told.setdefault(run_id, [])
        directory = self._root / f"d{self._number}-{len(lives)}"
        directory.mkdir()
        return Training(
            project=PROJECT,
            run_id=run_id,
            life=len(lives),
            calls=int(10 ** chance.uniform(0, 3.3)) if not fat else 5000,
            how=chance.choice(("rows", "rows", "parts", "steps", "sparse")),
            pause_s=chance.choice((0.0, 0.0, 0.0005, 0.005)) if not fat else 0.0,
            pad=2000 if fat else 0,
            finishes=story in ("finishing", "finished") or chance.random() < 0.3,
            mode="offline" if story == "offline" else "online",
            resume="allow" if lives else "",
            directory=str(directory),
        )

    def _begin(self, training: Training) -> None:
        """Start it and wait for its first log() to return."""
        if self._chance.random() < 0.1:
            ensure_core(self._places, self._env)
        self._running.begin(training)
        if not self._running.wait_told(1, 60.0):
            self._fault(f"{training} ended with {self._running.exit_code}")

    def _let_pass(self, longest_s: float) -> None:
        self._running.watch(self._chance.uniform(0.0, longest_s))

    def _end(self, training: Training) -> None:
        """Let it finish, if it does; else kill it in the end."""
        if training.finishes:
            if not self._running.wait_finished(90.0):
                self._fault(f"{training} ended with {self._running.exit_code}")
            self._running.reap(30.0)
        else:
            self._let_pass(0.2)
            self._kill("training")

    def _kill(self, victim: str, *, counts: bool = True) -> None:
        if victim == "training":
            self._running.kill()
        else:
            pid = self._core_pid() if victim == "core" else self._server_pid()
            if not pid:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if counts:
            self._count(victim)

    def _count(self, kind: str) -> None:
        self.tally.kill_points += 1
        self.tally.kinds[kind] += 1

    def _core_pid(self) -> int:
        """Who holds core's lock, also before it has said where it listens."""
        try:
            with self._places.core_lock.open("rb") as file:
                asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                found = fcntl.fcntl(file.fileno(), fcntl.F_GETLK, asked)
        except OSError:
            return 0
        kind, _, _, _, pid = struct.unpack("hhqqi4x", found)
        return int(pid) if kind != fcntl.F_UNLCK else 0

    def _server_pid(self) -> int:
        try:
            return int(json.loads(self._places.server_address.read_text())["pid"])
        except (OSError, ValueError, KeyError):
            return 0

    def _fault(self, text: str) -> None:
        self.tally.faults.append(f"[seed {self.seed}, {self._story}] {text}")
        print(self.tally.faults[-1], flush=True)

    # ---- the comparison --------------------------------------------------------------

    def check(self) -> None:
        """Start everything again, let it settle, compare every run since the last."""
        self._since_check = 0
        self._settle()
        server = self._start_server()
        for run_id, told in self._told.items():
            self._compare(server, run_id, told)
        self._told.clear()
        for directory in self._root.glob("d*"):
            shutil.rmtree(directory, ignore_errors=True)

    def _settle(self) -> None:
        deadline = time.monotonic() + SETTLE_S
        command = [sys.executable, "-m", "wandb_core", "start"]
        subprocess.run(command, env=self._env, check=True, capture_output=True)
        while True:
            ensure_core(self._places, self._env)
            rings = [p for d in self._places.spool_dirs for p in d.glob("*.ring")]
            backlog = list(self._places.backlog_dir.glob("*.json"))
            if not rings and not backlog:
                return
            if time.monotonic() > deadline:
                status = control.ask_status(self._places)
                self._fault(f"left after {SETTLE_S} s: {rings} {backlog} {status}")
                return
            time.sleep(0.05)

    def _compare(self, server: ServerProcess, run_id: str, told: list[int]) -> None:
        variables = {
            "entity": server.entity, "project": PROJECT, "run": run_id, "max": 100_000,
        }  # fmt: skip
        found = ((server.graphql(HISTORY, variables)["project"]) or {}).get("run")
        values = values_of(found["history"]) if found else []
        result = compare(told, values)
        self.tally.lost += result.lost
        self.tally.duplicated += result.duplicated
        self.tally.disordered += result.disordered
        if result != Comparison(0, 0, 0):
            kept = self._root.parent / f"kept-{self.seed}-{run_id}"
            for directory in self._root.glob(f"d{run_id[1:]}-*"):
                shutil.copytree(directory, kept / directory.name, dirs_exist_ok=True)
            self._fault(
                f"run {run_id}: told {told}, found {len(values)} values, {result}; "
                f"state {found and found['state']}; kept in {kept}"
            )

    def _start_server(self) -> ServerProcess:
        done = server_command(self._env, "start", "--quiet")
        assert done.returncode == 0, done.stdout + done.stderr
        return running_server(self._env)


def main() -> int:
    """Run a campaign from the command line; 1 if anything was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kill-points", type=int, default=1000)
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().getrandbits(32)
    )
    chosen = parser.parse_args()
    from tests.conftest import isolated_environment

    print(f"seed {chosen.seed}")
    root = Path(tempfile.mkdtemp(prefix="wb-kill-", dir="/tmp"))
    env = isolated_environment(root)
    with KillCampaign(env, root / "work", chosen.seed) as campaign:
        tally = campaign.run(chosen.kill_points)
    for fault in tally.faults:
        print(fault)
    print(tally.line())
    if not tally.faults:
        shutil.rmtree(root, ignore_errors=True)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
