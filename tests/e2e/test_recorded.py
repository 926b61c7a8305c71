"""What is recorded without being asked for: from a script to what readers get."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from wandb_core.run_state.environment import environment_object, merge_environment
from wandb_core.transaction_log import read_all
from wandb_proto.v1.record_pb2 import EnvironmentRecord

from tests.support.desk import desk
from tests.support.stack import Stack

SAMPLES = """
import glob, time
from pathlib import Path
from wandb_core.transaction_log import read_all

def wait_samples(run, count):
    # Until core has logged so many more samples of the machine.
    def seen():
        logs = map(Path, glob.glob(run.dir + "/../*.wandb"))
        records = (one.record for log in logs for one in read_all(log))
        return sum(record.HasField("stats") for record in records)

    wanted, deadline = seen() + count, time.monotonic() + 60
    while seen() < wanted:
        assert time.monotonic() < deadline, seen()
        time.sleep(0.05)
"""

SCRIPT = (
    SAMPLES
    + """
import wandb
settings = wandb.Settings(x_stats_sampling_interval=0.2)
with wandb.init(project="rec", id="r1", settings=settings) as run:
    open("now.txt", "w").write("now")
    open("live.txt", "w").write("early")
    open("end.txt", "w").write("early")
    open("skip.pth", "w").write("weights")
    open(run.dir + "/own.txt", "w").write("mine")
    for policy in ("now", "live", "end"):
        assert len(run.save(policy + ".txt", policy=policy)) == 1
    run.save("skip.pth")
    print("training")
    for step in range(20):
        run.log({"loss": 1 / (step + 1)})
    wait_samples(run, 3)
    open("live.txt", "w").write("late")
    open("end.txt", "w").write("late")
"""
)

FILES = """
{edge["node"]["name"]: edge["node"]["sizeBytes"] for edge in api.client.ask(
    'query { project(name: "rec") { run(name: "%s") { files(first: 100) {'
    ' edges { node { name sizeBytes } } } } } }', {}
)["project"]["run"]["files"]["edges"]}
"""

SYSTEM = """
(lambda project: [[key["key"] for key in project["metricKeys"]],
                  project["historySeries"]])(api.client.ask(
    'query { project(name: "rec") { metricKeys(runs: ["r1"], stream: "system") { key }'
    ' historySeries(runs: ["r1"], keys: ["system.memory_percent"], xAxis: "_runtime",'
    ' stream: "system") { key x last } } }', {})["project"])
"""

OFFICIAL_EVENTS = {
    "system.memory_percent", "system.proc.memory.availableMB",
    "system.proc.memory.rssMB", "system.proc.memory.percent", "system.proc.cpu.threads",
    "system.network.sent", "system.network.recv", "system.network.tcpRetransmits",
    "system.disk./.usagePercent", "system.disk./.usageGB",
}  # fmt: skip


def git(where: Path, *arguments: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    subprocess.run(command, cwd=where, capture_output=True, check=True)


def make_repository(where: Path) -> None:
    """A dirty checkout whose remote was cloned with a password."""
    git(where, "init", "-q")
    (where / "model.py").write_text("layers = 1\n")
    git(where, "add", "model.py")
    git(where, "commit", "-q", "-m", "first")
    git(where, "remote", "add", "origin", "https://me:s3cret@example.org/team/x.git")
    (where / "model.py").write_text("layers = 2\n")


def test_an_ordinary_run_has_its_whole_record(stack: Stack) -> None:
    make_repository(stack.cwd)

    stack.run(SCRIPT, WANDB_IGNORE_GLOBS="*.pth")

    sizes = stack.ask(FILES % "r1")
    assert set(sizes) == {
        "config.yaml", "wandb-summary.json", "wandb-metadata.json", "output.log",
        "requirements.txt", "diff.patch", "code/script.py",
        "now.txt", "live.txt", "end.txt", "own.txt",
    }  # fmt: skip
    assert (sizes["now.txt"], sizes["live.txt"], sizes["end.txt"]) == (3, 4, 4)

    texts = restored(
        stack, "wandb-metadata.json", "diff.patch", "requirements.txt", "code/script.py"
    )
    metadata = json.loads(texts["wandb-metadata.json"])
    assert metadata["git"]["remote"] == "https://example.org/team/x.git"
    assert len(metadata["git"]["commit"]) == 40
    assert (metadata["codePath"], metadata["program"][-9:]) == (
        "script.py",
        "script.py",
    )
    assert int(metadata["memory"]["total"]) > 1 << 30
    assert metadata["cpu_count_logical"] >= 1
    assert "s3cret" not in json.dumps(metadata)
    assert "+layers = 2" in texts["diff.patch"]
    assert "grpcio==" in texts["requirements.txt"]
    assert texts["code/script.py"] == SCRIPT
    git_of_run, code_path = stack.ask(
        "(lambda run: [run.metadata['git'], run.rawconfig['_wandb']['code_path']])"
        "(api.run('rec/r1'))"
    )
    assert git_of_run == metadata["git"]
    assert code_path == "code/script.py"


def restored(stack: Stack, *names: str) -> dict[str, str]:
    """What `wandb.restore` brings into a new directory, by name."""
    code = f"""
import json, wandb
print(json.dumps(
    {{name: wandb.restore(name, "rec/r1", root="got").read() for name in {names!r}}}
))
"""
    found: dict[str, str] = json.loads(stack.run(code).stdout.splitlines()[-1])
    return found


def test_system_metrics_are_charted_and_read_by_both_clients(
    stack: Stack, official_python: str
) -> None:
    stack.run(SCRIPT)

    rows = stack.ask("api.run('rec/r1').history(stream='system', pandas=False)")
    assert len(rows) >= 3
    assert set(rows[0]) >= OFFICIAL_EVENTS
    assert all("system.cpu" in row for row in rows[1:])
    assert [row["_runtime"] for row in rows] == sorted(row["_runtime"] for row in rows)
    assert 0 <= rows[0]["_runtime"] < rows[-1]["_runtime"] < 60
    assert all(0 < row["system.memory_percent"] < 100 for row in rows)
    assert all(row["system.proc.memory.rssMB"] > 10 for row in rows)

    keys, [series] = stack.ask(SYSTEM)
    assert set(keys) >= OFFICIAL_EVENTS | {"system.cpu"}
    assert series["last"] == [row["system.memory_percent"] for row in rows]
    assert series["x"] == [row["_runtime"] for row in rows]

    path = "rec/r1"
    theirs = stack.ask_official(
        f"api.run('{path}').history(stream='system', pandas=False)"
    )
    assert theirs == rows
    last = stack.ask_official(f"dict(api.run('{path}').system_metrics)")
    assert last["system.memory_percent"] == rows[-1]["system.memory_percent"]


def test_time_and_system_metrics_of_a_resumed_run_go_on(stack: Stack) -> None:
    code = """
import sys, time, wandb
is_first = sys.argv[1] == "first"
started = {"x_start_time": time.time() - 100} if is_first else {}
settings = wandb.Settings(x_stats_sampling_interval=0.1, **started)
with wandb.init(project="rec", id="r1", resume="allow", settings=settings) as run:
    run.log({"x": 1})
    run.notes = "renamed in between"
    run.log({"x": 2})
"""
    stack.run(code, "first")
    before = stack.ask("len(api.run('rec/r1').history(stream='system', pandas=False))")
    stack.run(code, "again")

    rows = stack.ask("[[r['_step'], r['_runtime']] for r in "
                     "api.run('rec/r1').scan_history()]")  # fmt: skip
    assert [step for step, _ in rows] == [0, 1, 2, 3]
    runtimes = [runtime for _, runtime in rows]
    # The total of a run is kept in whole seconds.
    assert 100 <= int(runtimes[0]) <= runtimes[2] < runtimes[3] < 160
    events = stack.ask("api.run('rec/r1').history(stream='system', pandas=False)")
    assert len(events) > before >= 1
    assert events[before]["_runtime"] >= 100
    assert stack.ask("api.run('rec/r1').summary['_wandb']['runtime']") >= 100


def test_an_offline_run_brings_its_record_with_the_sync(stack: Stack) -> None:
    labelled = SCRIPT.replace("interval=0.2", "interval=0.2, x_label='node7'")
    stack.run(labelled, WANDB_MODE="offline", WANDB_SAVE_CODE="true")
    (folder,) = stack.cwd.glob("wandb/offline-run-*")
    stack.wandb("sync", str(folder))

    rows = stack.ask("api.run('rec/r1').history(stream='system', pandas=False)")
    assert len(rows) >= 3
    assert "system.memory_percent/l:node7" in rows[0]
    names = set(stack.ask(FILES % "r1"))
    assert {"now.txt", "live.txt", "end.txt", "own.txt", "code/script.py"} <= names
    assert {"requirements.txt", "wandb-metadata.json"} <= names


@pytest.fixture
def both(official_python: str) -> Iterator[Any]:
    """both(samples, **environment) -> (files, records by type) of either package, with
    so many samples of the machine at least.
    """
    with desk(WANDB_MODE="offline") as user:

        def record(
            samples: int = 0, **environment: str
        ) -> list[tuple[set[str], dict[str, list[Any]]]]:
            make_repository(user.cwd)
            return [
                look_at(recorded(user, python, samples, **environment))
                for python in (official_python, sys.executable)
            ]

        yield record


BOTH = """
import os, time, wandb
run = wandb.init(project="p", settings=wandb.Settings(x_stats_sampling_interval=0.5))
run.log({"a": 1})
print("one\\ntwo")
time.sleep(float(os.environ["PAUSE"]))
run.finish()
"""


PAUSES_S = (1.2, 5, 15, 30)
"""On a busy machine a second is too short for two samples."""


def recorded(user: Stack, python: str, samples: int, **environment: str) -> Path:
    """The directory of an offline run that has so many samples of the machine."""
    for pause_s in PAUSES_S:
        folders = set(user.cwd.glob("wandb/offline-run-*"))
        (user.cwd / "script.py").write_text(BOTH)
        user.call(python, "script.py", **environment, PAUSE=str(pause_s))
        (new,) = set(user.cwd.glob("wandb/offline-run-*")) - folders
        (log,) = new.glob("*.wandb")
        if sum(one.record.HasField("stats") for one in read_all(log)) >= samples:
            return new
        shutil.rmtree(new)
    raise AssertionError(f"{python}: fewer than {samples} samples in {pause_s} s")


def look_at(folder: Path) -> tuple[set[str], dict[str, list[Any]]]:
    """Names below files/, and the records that matter here, by type."""
    names = {
        path.relative_to(folder / "files").as_posix()
        for path in (folder / "files").rglob("*")
        if path.is_file()
    }
    if "output.log" in names:
        assert "one\ntwo\n" in (folder / "files" / "output.log").read_text()
    found: dict[str, list[Any]] = {}
    (log,) = folder.glob("*.wandb")
    for logged in read_all(log):
        kind = logged.record.WhichOneof("record_type")
        if kind is not None:
            found.setdefault(kind, []).append(getattr(logged.record, kind))
    return names, found


def metadata_of(records: dict[str, list[Any]]) -> dict[str, Any]:
    whole = EnvironmentRecord()
    for record in records["environment"]:
        merge_environment(whole, record)
    return environment_object(whole)


def shape(value: Any) -> Any:
    """Keys and types, without the values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return type(value).__name__


def test_the_official_client_records_the_same_of_a_script(both: Any) -> None:
    """Same script, same machine, offline: files, metadata, names of system metrics."""
    (their_files, theirs), (our_files, ours) = both(samples=2, WANDB_SAVE_CODE="true")

    names = {"requirements.txt", "diff.patch", "code/script.py", "output.log"}
    assert our_files == their_files == names
    mine, official = metadata_of(ours), metadata_of(theirs)
    # The official client says codePath and the password's user name; args are absent.
    assert shape(mine) == shape(official)
    for key in ("os", "python", "codePath", "codePathLocal", "root", "host", "cpu"):
        assert mine[key] == official[key], key
    assert (mine["cpu_count"], mine["cpu_count_logical"], mine["memory"]) == (
        official["cpu_count"], official["cpu_count_logical"], official["memory"],
    )  # fmt: skip
    assert mine["git"]["commit"] == official["git"]["commit"]

    def samples(records: dict[str, list[Any]]) -> list[set[str]]:
        return [{item.key for item in stats.item} for stats in records["stats"]]

    assert samples(ours)[0] == samples(theirs)[0]
    assert samples(ours)[-1] == samples(theirs)[-1]


def test_what_is_switched_off_is_not_recorded(both: Any) -> None:
    switches = {
        "WANDB_X_DISABLE_STATS": "true",
        "WANDB_X_DISABLE_META": "true",
        "WANDB_X_SAVE_REQUIREMENTS": "false",
        "WANDB_DISABLE_CODE": "true",
        "WANDB_SAVE_CODE": "true",
    }
    (their_files, theirs), (our_files, ours) = both(**switches)

    assert our_files == their_files == {"output.log"}
    for records in (theirs, ours):
        assert "stats" not in records
    assert "environment" not in ours


def test_a_restarted_core_goes_on_sampling(stack: Stack) -> None:
    code = (
        SAMPLES
        + """
import json, os, signal, wandb
from wandb_proto.places import Places
run = wandb.init(project="rec", id="r1", settings={"x_stats_sampling_interval": 0.1})
run.log({"a": 1})
wait_samples(run, 2)
address = Places.from_environment(os.environ).core_address
os.kill(json.loads(address.read_text())["pid"], signal.SIGKILL)
killed = time.time() - run.start_time
run.log({"a": 2})
wait_samples(run, 4)
print(killed)
run.finish()
"""
    )
    killed = float(stack.run(code).stdout.splitlines()[-1])

    rows = stack.ask("api.run('rec/r1').history(stream='system', pandas=False)")
    runtimes = [row["_runtime"] for row in rows]
    assert runtimes == sorted(runtimes)
    assert runtimes[0] < killed < runtimes[-1]
    assert sum(runtime > killed for runtime in runtimes) >= 3
    assert "system.proc.memory.rssMB" in rows[-1]


def test_one_process_of_a_forking_script_is_sampled_with_its_children(
    stack: Stack,
) -> None:
    """Once per moment, whoever logs; the children's memory is part of the figure."""
    code = (
        SAMPLES
        + """
import os, wandb
run = wandb.init(project="rec", id="r1", settings={"x_stats_sampling_interval": 0.2})
run.log({"a": 1})
child = os.fork()
if not child:
    held = bytearray(300 << 20)
    run.log({"b": 1})
    wait_samples(run, 4)
    run.finish()
    os._exit(0)
os.waitpid(child, 0)
wait_samples(run, 2)
run.finish()
"""
    )
    stack.run(code)

    rows = stack.ask("api.run('rec/r1').history(stream='system', pandas=False)")
    runtimes = [row["_runtime"] for row in rows]
    assert len(set(runtimes)) == len(runtimes) > 4
    assert all(b - a > 0.04 for a, b in pairwise(runtimes))
    memory = [row["system.proc.memory.rssMB"] for row in rows]
    assert max(memory) > memory[-1] + 290


def test_system_metrics_of_either_log_arrive_through_sync(
    stack: Stack, official_python: str
) -> None:
    """Ours through both syncs: the same rows; the official one's through ours."""
    offline = {"WANDB_MODE": "offline"}
    for run_id, python in (("ours", sys.executable), ("theirs", official_python)):
        folder = recorded(stack, python, 2, **offline, WANDB_RUN_ID=run_id)
        log = folder / f"run-{run_id}.wandb"
        stack.wandb("sync", str(log))
        if run_id == "ours":
            stack.call(
                official_python, "-m", "wandb", "sync", str(log),
                "--include-synced", "--id", "by-them", "--yes",
                WANDB_BASE_URL=stack.url,
            )  # fmt: skip

    events = stack.ask(
        "[api.run('p/' + name).history(stream='system', pandas=False)"
        " for name in ('ours', 'by-them', 'theirs')]"
    )
    for mine, official in zip(*events[:2], strict=True):
        assert mine == pytest.approx(official, abs=1e-5)
    for rows in events:
        assert len(rows) >= 2
        assert set(rows[-1]) >= OFFICIAL_EVENTS | {"system.cpu"}
