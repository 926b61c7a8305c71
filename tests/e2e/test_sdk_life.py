"""Runs in scripts: their ends, several runs, threads, forks, the console, no core.

Offline: a script, a core, and the log that they leave. No server takes part.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wandb_core.transaction_log import read_all
from wandb_proto import json_codec
from wandb_proto.places import Places
from wandb_proto.v1 import record_pb2 as pb

from tests.support.core_process import stop_any_core
from tests.support.waiting import wait_until


@dataclass(frozen=True)
class Desk:
    """A user's directory in which scripts run offline."""

    env: dict[str, str]
    cwd: Path

    def run(self, code: str, **more_env: str) -> subprocess.CompletedProcess[str]:
        """Run source text as a script; its exit code is the test's to check."""
        script = self.cwd / "script.py"
        script.write_text(code, encoding="utf-8")
        return subprocess.run(
            [sys.executable, str(script)],
            env=self.env | more_env,
            cwd=self.cwd,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def log_of(self, run_id: str) -> Path:
        """The transaction log of a run."""
        (path,) = self.logs_of(run_id)
        return path

    def logs_of(self, run_id: str) -> list[Path]:
        """The same, while core may not have begun it yet."""
        return list(self.cwd.glob(f"wandb/offline-run-*/run-{run_id}.wandb"))

    def records(self, run_id: str, kind: str) -> list[Any]:
        """The records of one type in a run's log."""
        return [
            getattr(logged.record, kind)
            for logged in read_all(self.log_of(run_id))
            if logged.record.WhichOneof("record_type") == kind
        ]

    def rows(self, run_id: str) -> list[dict[str, Any]]:
        """The history rows, without what every row has."""
        return [
            {
                ".".join(item.nested_key): json_codec.loads(item.value_json)
                for item in row.item
                if not item.nested_key[0].startswith("_")
            }
            for row in self.records(run_id, "history")
        ]


@pytest.fixture
def desk(places_env: dict[str, str]) -> Iterator[Desk]:
    cwd = Path(places_env["HOME"]) / "work"
    cwd.mkdir()
    env = places_env | {"WANDB_MODE": "offline", "WANDB_FINISH_TIMEOUT": "10"}
    yield Desk(env, cwd)
    stop_any_core(env)


ENDS = {
    "normal": ("pass", 0, 0),
    "sys-exit": ("import sys; sys.exit(3)", 3, 3),
    "sys-exit-text": ("import sys; sys.exit('bad')", 1, 1),
    "exception": ("raise ValueError", 1, 1),
    "interrupt": ("raise KeyboardInterrupt", 255, 130),
    "with-block": ("\nwith run:\n    raise ValueError", 1, 1),
    "finished": ("run.finish(5)", 5, 0),
}


@pytest.mark.parametrize("end", ENDS)
def test_exit_code_tells_how_the_script_ended(desk: Desk, end: str) -> None:
    code, recorded, returned = ENDS[end]

    done = desk.run(
        f"import wandb\nrun = wandb.init(id='r')\nwandb.log({{'a': 1}})\n{code}\n"
    )

    assert [record.exit_code for record in desk.records("r", "exit")] == [recorded]
    assert desk.rows("r") == [{"a": 1}]
    assert done.returncode in (returned, -2)
    assert "You can sync this run" in done.stderr


SEVERAL = """
import wandb
for number in range(3):
    run = wandb.init(id=f"r{number}", config={"n": number})
    assert wandb.run is run and wandb.config.n == number
    wandb.log({"n": number})
    wandb.summary["s"] = number
    wandb.finish()
    assert wandb.run is None
with wandb.init(id="r3") as run:
    run.log({"n": 3})
first = wandb.init(id="r4")
same = wandb.init(id="ignored")
assert same is first
second = wandb.init(id="r5", reinit="finish_previous")
assert wandb.run is second
third = wandb.init(id="r6", reinit="create_new")
assert wandb.run is second
third.log({"n": 6})
second.log({"n": 5})
"""


def test_several_runs_one_after_another_and_side_by_side(desk: Desk) -> None:
    done = desk.run(SEVERAL)

    assert done.returncode == 0, done.stderr
    for number in (0, 1, 2, 3, 5, 6):
        assert desk.rows(f"r{number}") == [{"n": number}]
    assert desk.rows("r4") == []
    assert all(len(desk.records(f"r{number}", "exit")) == 1 for number in range(7))
    (opened,) = desk.records("r2", "run")
    assert opened.project == "uncategorized"
    assert opened.display_name.count("-") == 2
    assert [(i.key, i.value_json) for i in opened.config.update][:1] == [("n", "2")]


THREADS = """
import threading, wandb
run = wandb.init(id="r", settings={"console": "off"})
def work(name):
    for number in range(200):
        run.log({name: number})
threads = [threading.Thread(target=work, args=(f"t{i}",)) for i in range(4)]
[t.start() for t in threads]
[t.join() for t in threads]
assert run.step == 800, run.step
"""


def test_threads_log_into_one_run(desk: Desk) -> None:
    done = desk.run(THREADS)

    assert done.returncode == 0, done.stderr
    rows = desk.rows("r")
    assert len(rows) == 800
    for name in ("t0", "t1", "t2", "t3"):
        assert [row[name] for row in rows if name in row] == list(range(200))


FORK = """
import os, wandb
run = wandb.init(id="r", settings={"console": "off"})
run.log({"parent": 1})
pid = os.fork()
if pid == 0:
    wandb.log({"child": 1})
    raise SystemExit(0)
os.waitpid(pid, 0)
run.log({"parent": 2})
"""


def test_forked_child_logs_into_the_run_and_does_not_end_it(desk: Desk) -> None:
    done = desk.run(FORK)

    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(desk.rows("r")) == 3)
    assert {"child": 1} in desk.rows("r")
    assert len(desk.records("r", "exit")) == 1


FORK_INIT = """
import os, wandb
run = wandb.init(id="parent")
pid = os.fork()
if pid == 0:
    child = wandb.init(id="child")
    child.log({"c": 1})
    child.finish()
    os._exit(0)
os.waitpid(pid, 0)
run.log({"p": 1})
"""


def test_forked_child_may_start_a_run_of_its_own(desk: Desk) -> None:
    done = desk.run(FORK_INIT)

    assert done.returncode == 0, done.stderr
    wait_until(lambda: bool(list(desk.cwd.glob("wandb/offline-run-*/run-child.wandb"))))
    wait_until(lambda: desk.rows("child") == [{"c": 1}])
    assert desk.rows("parent") == [{"p": 1}]


PICKLED = """
import multiprocessing, wandb

def work(run, name):
    run.log({name: run.config["n"]})
    run.finish()

if __name__ == "__main__":
    run = wandb.init(id="r", config={"n": 5}, settings={"console": "off"})
    for how in ("fork", "spawn", "forkserver"):
        context = multiprocessing.get_context(how)
        process = context.Process(target=work, args=(run, how))
        process.start()
        process.join()
        assert process.exitcode == 0
    run.log({"parent": 1})
"""


def test_run_goes_along_into_processes_of_every_kind(desk: Desk) -> None:
    done = desk.run(PICKLED)

    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(desk.rows("r")) == 4)
    for row in ({"fork": 5}, {"spawn": 5}, {"forkserver": 5}, {"parent": 1}):
        assert row in desk.rows("r")
    assert len(desk.records("r", "exit")) == 1


CONSOLE = """
import sys, wandb
print("before")
run = wandb.init(id="r")
print("hello")
sys.stderr.write("oops\\n")
print("progress 10%", end="\\r")
print("progress 20%")
sys.stdout.flush()
run.finish()
print("after")
"""


def test_console_is_recorded_and_the_user_sees_the_same(desk: Desk) -> None:
    done = desk.run(CONSOLE)

    assert done.stdout.splitlines()[0] == "before"
    # Reading as text turned the carriage return into a line end.
    assert done.stdout.endswith("hello\nprogress 10%\nprogress 20%\nafter\n")
    assert "oops\n" in done.stderr
    outputs = desk.records("r", "output_raw")
    out = "".join(o.line for o in outputs if o.output_type == pb.STDOUT)
    assert out == "hello\nprogress 10%\rprogress 20%\n"
    assert "oops\n" in "".join(o.line for o in outputs if o.output_type == pb.STDERR)


def test_records_of_the_surroundings_are_there(desk: Desk) -> None:
    desk.run("import wandb; wandb.init(id='r', notes='n', tags=['a', 'a', 'b'])")

    environment, machine = desk.records("r", "environment")
    assert environment.program.endswith("script.py")
    assert environment.code_path_local == "script.py"
    assert machine.cpu_count_logical > 0
    assert machine.writer_id == environment.writer_id
    run = desk.records("r", "run")[0]
    assert (run.notes, list(run.tags)) == ("n", ["a", "b"])
    assert run.start_time.seconds > 0
    assert desk.records("r", "telemetry")[0].cli_version
    latest = desk.cwd / "wandb" / "latest-run"
    assert latest.resolve() == desk.log_of("r").parent
    assert (latest / "logs" / "debug.log").exists()


def test_config_defaults_files_and_namespaces_come_together(desk: Desk) -> None:
    (desk.cwd / "config-defaults.yaml").write_text("lr:\n  value: 1\nwd:\n  value: 2\n")
    code = """
import argparse, json, wandb
run = wandb.init(id="r", config=argparse.Namespace(lr=5, seed=7))
run.config.setdefaults({"lr": 9, "late": 1})
print(json.dumps(run.config.as_dict()))
"""

    done = desk.run(code)

    assert json.loads(done.stdout) == {"lr": 5, "wd": 2, "seed": 7, "late": 1}
    late = desk.records("r", "config")
    assert [item.key for record in late for item in record.update] == ["late"]


def test_without_core_the_training_goes_on_and_nothing_is_lost(desk: Desk) -> None:
    """Core cannot start (its runtime directory is a file); a later core takes over."""
    runtime = Path(desk.env["WANDB_RUNTIME_DIR"])
    runtime.parent.mkdir(parents=True, exist_ok=True)
    runtime.write_text("in the way")
    code = """
import wandb
run = wandb.init(id="r", settings={"finish_timeout": 1})
for number in range(10):
    run.log({"n": number})
print("trained")
"""

    done = desk.run(code)

    assert (done.stdout, done.returncode) == ("trained\n", 0)
    assert "The core daemon cannot be started" in done.stderr
    runtime.unlink()
    desk.run("import wandb; wandb.init(id='later').finish()")
    wait_until(lambda: len(list(desk.cwd.glob("wandb/offline-run-*/run-r.wandb"))) == 1)
    wait_until(lambda: desk.rows("r") == [{"n": number} for number in range(10)])


def test_ended_by_a_fatal_signal_the_rows_are_in_the_log(desk: Desk) -> None:
    code = """
import os, signal, wandb
run = wandb.init(id="r")
for number in range(100):
    run.log({"n": number})
os.kill(os.getpid(), signal.SIGKILL)
"""

    done = desk.run(code)

    assert done.returncode == -9
    wait_until(lambda: desk.logs_of("r") and len(desk.rows("r")) == 100)


def test_run_directory_that_cannot_be_written_moves_with_a_warning(desk: Desk) -> None:
    (desk.cwd / "root").write_text("a file")
    temporary = desk.cwd / "temporary"
    temporary.mkdir()
    code = "import wandb; r = wandb.init(id='r', dir='root'); print(r.dir)"

    done = desk.run(code, TMPDIR=str(temporary))

    assert "is not writable" in done.stderr
    assert done.stdout.startswith(str(temporary))
    assert list(temporary.glob("wandb/offline-run-*/run-r.wandb"))


def test_silent_says_nothing_and_bad_settings_say_what_is_wrong(desk: Desk) -> None:
    quiet = desk.run("import wandb; wandb.init().finish()", WANDB_SILENT="true")
    assert quiet.stderr == ""

    bad = desk.run("import wandb; wandb.init()", WANDB_MODE="sometimes")
    assert "WANDB_MODE" in bad.stderr
    assert bad.returncode == 1


def test_init_starts_no_core_where_one_runs_already(desk: Desk) -> None:
    """How long it takes is for benchmarks/process_costs to say."""
    code = "import wandb; [wandb.init(id=name).finish() for name in ('a', 'b')]"

    desk.run(code)
    desk.run(code)

    places = Places.from_environment(desk.env)
    assert places.core_log.read_text().count("core_starts") == 1
