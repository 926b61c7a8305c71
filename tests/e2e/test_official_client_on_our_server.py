"""The official client, unmodified, logs to our server and reads it back.

Needs `WANDB_OFFICIAL_PYTHON`: an interpreter with the official wandb 0.31.0 installed.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import isolated_environment
from tests.support.server_process import ServerProcess, started_server

PYTHON = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
SCRIPT_TIMEOUT_S = 120.0

pytestmark = pytest.mark.skipif(
    not PYTHON,
    reason="WANDB_OFFICIAL_PYTHON names no interpreter with the official client",
)


@pytest.fixture(scope="module")
def server() -> Iterator[ServerProcess]:
    root = Path(tempfile.mkdtemp(prefix="wb-", dir="/tmp"))
    try:
        with started_server(isolated_environment(root)) as running:
            yield running
    finally:
        shutil.rmtree(root, ignore_errors=True)


class Scripts:
    """Runs scripts of official users in a directory of their own."""

    def __init__(self, server: ServerProcess, directory: Path) -> None:
        self.server = server
        self.directory = directory

    def call(
        self, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """The finished process."""
        return subprocess.run(
            command,
            cwd=self.directory,
            env=self.server.client_environment() | environment,
            capture_output=True,
            text=True,
            timeout=SCRIPT_TIMEOUT_S,
            check=False,
        )

    def run(self, code: str, **environment: str) -> Any:
        """What the script left in `answer`; its output on failure."""
        end = "\nprint('ANSWER ' + json.dumps(answer, default=str))"
        code = "import json, math, os, pathlib, wandb\n" + code + end
        done = self.call(PYTHON, "-c", code, **environment)
        assert done.returncode == 0, done.stdout + done.stderr
        [line] = [x for x in done.stdout.splitlines() if x.startswith("ANSWER ")]
        return json.loads(line.removeprefix("ANSWER "))


@pytest.fixture
def scripts(server: ServerProcess, tmp_path: Path) -> Scripts:
    return Scripts(server, tmp_path)


LOG_ONLINE = """
run = wandb.init(project="digits", config={"lr": 0.1, "net": {"layers": [1, 2]}},
                 tags=["a", "b"], notes="first", group="g", job_type="train")
for number in range(30):
    value = float("nan") if number == 7 else number / 10
    run.log({"loss": value, "nested": {"acc": number}})
    print("line", number)
run.summary["best"] = 0.25
open("extra.txt", "w").write("hello")
run.save("extra.txt")
run.finish()
answer = [run.id, run.name, run.url, run.entity]
"""

READ_BACK = """
api = wandb.Api()
run = api.run(f"digits/{os.environ['RUN']}")
rows = run.history(pandas=False)
answer = {
    "state": run.state, "config": run.config, "tags": run.tags, "notes": run.notes,
    "group": run.group, "job_type": run.job_type, "name": run.name,
    "summary": {k: v for k, v in run.summary._json_dict.items() if k[0] != "_"},
    "last_step": run.lastHistoryStep,
    "rows": [[row["_step"], repr(row["loss"]), row["nested"]] for row in rows],
    "scanned": [row["_step"] for row in run.scan_history()],
    "window": [row["_step"] for row in run.scan_history(min_step=10, max_step=13)],
    "by_keys": list(run.scan_history(keys=["_step", "nested.acc"]))[3],
    "sampled": len(run.history(samples=10, pandas=False)),
    "files": sorted(file.name for file in run.files()),
    "extra": pathlib.Path(
        run.file("extra.txt").download(replace=True).name).read_text(),
    "console": [line.content for line in run.console_logs()][:2],
    "found": [r.id for r in api.runs("digits", filters={"config.lr": 0.1})],
    "not_found": [r.id for r in api.runs("digits", filters={"config.lr": 9})],
    "projects": [project.name for project in api.projects()],
    "metrics": sorted(run.history_keys["keys"]),
}
"""


def test_an_online_run_is_read_back_as_it_was_logged(scripts: Scripts) -> None:
    run_id, name, url, entity = scripts.run(LOG_ONLINE)
    found = scripts.run(READ_BACK, RUN=run_id)

    assert url.endswith(f"/{entity}/digits/runs/{run_id}")
    assert found["state"] == "finished"
    assert found["config"] == {"lr": 0.1, "net": {"layers": [1, 2]}}
    assert found["tags"] == ["a", "b"]
    assert (found["notes"], found["group"]) == ("first", "g")
    assert (found["job_type"], found["name"]) == ("train", name)
    assert found["summary"] == {"best": 0.25, "loss": 2.9, "nested": {"acc": 29}}
    assert found["last_step"] == 29
    assert [row[0] for row in found["rows"]] == list(range(30))
    assert found["rows"][7] == [7, "nan", {"acc": 7}]
    assert found["rows"][10][1] in ("1", "1.0")
    assert found["scanned"] == list(range(30))
    assert found["window"] == [10, 11, 12]
    assert found["by_keys"] == {"_step": 3, "nested.acc": 3}
    assert found["sampled"] == 10
    assert found["console"] == ["line 0", "line 1"]
    assert {"extra.txt", "config.yaml", "output.log"} <= {*found["files"]}
    assert found["extra"] == "hello"
    assert found["found"] == [run_id]
    assert found["not_found"] == []
    assert "digits" in found["projects"]
    assert {"loss", "nested.acc", "_step"} <= {*found["metrics"]}


def test_a_failing_script_is_a_failed_run(scripts: Scripts) -> None:
    code = "import wandb\nwandb.init(project='faults', id='fails')\nraise ValueError(3)"

    scripts.call(PYTHON, "-c", code)

    answer = scripts.run("answer = wandb.Api().run('faults/fails').state")
    assert answer == "failed"


def test_a_run_is_changed_through_the_public_api(scripts: Scripts) -> None:
    answer = scripts.run(
        """
api = wandb.Api()
api.create_project("changes", api.default_entity)
api.create_run(project="changes", entity=api.default_entity, run_id="r1")
made = api.run("changes/r1")
made.config["lr"] = 2
made.tags = ["x"]
made.name = "renamed"
made.update()
made.summary["z"] = 9
made.summary.update()
open("up.txt", "w").write("12345")
made.upload_file("up.txt")
made.file("up.txt").delete()
again = wandb.Api().run("changes/r1")
answer = [again.config, again.tags, again.name, again.summary["z"],
          [file.name for file in again.files()]]
made.delete()
answer.append(len(wandb.Api().runs("changes")))
"""
    )

    assert answer == [{"lr": 2}, ["x"], "renamed", 9, [], 0]


def test_an_offline_run_is_synced(scripts: Scripts) -> None:
    directory = scripts.run(
        """
run = wandb.init(project="offline", id="off1", mode="offline", config={"a": math.inf})
for number in range(100):
    run.log({"x": number / 3})
run.finish()
answer = os.path.dirname(run.dir)
"""
    )
    tool = str(Path(PYTHON).with_name("wandb"))

    done = scripts.call(tool, "sync", directory)
    again = scripts.call(tool, "sync", directory)

    answer = scripts.run(
        """
run = wandb.Api().run("offline/off1")
answer = [run.state, repr(run.config["a"]), [row["x"] for row in run.scan_history()]]
"""
    )
    assert done.returncode == 0, done.stderr
    assert again.returncode == 0, again.stderr
    assert answer == ["finished", "inf", [number / 3 for number in range(100)]]


def test_a_run_is_resumed_where_it_ended(scripts: Scripts) -> None:
    answer = scripts.run(
        """
for part in range(2):
    run = wandb.init(project="resume", id="res1", resume="allow")
    run.log({"x": part})
    run.log({"x": part + 0.5})
    run.finish()
rows = wandb.Api().run("resume/res1").scan_history()
answer = [[row["_step"], row["x"]] for row in rows]
"""
    )

    assert answer == [[0, 0], [1, 0.5], [2, 1], [3, 1.5]]


def test_refusals_are_readable(scripts: Scripts) -> None:
    answer = scripts.run(
        """
answer = {}
def told(name, act):
    try:
        act()
    except BaseException as error:
        answer[name] = f"{type(error).__name__}: {error}"
told("entity", lambda: wandb.init(project="p", entity="somebody"))
told("run", lambda: wandb.Api().run("p/absent"))
told("project", lambda: len(wandb.Api().runs("absent")))
told("file", lambda: wandb.Api().create_run(project="p").file("x").download())
told("filter", lambda: len(wandb.Api().runs("p", filters={"$frob": 1})))
os.environ["WANDB_API_KEY"] = "x" * 40
told("key", lambda: wandb.login(key="x" * 40, relogin=True, verify=True))
"""
    )

    assert "no access to entity 'somebody'" in answer["entity"]
    assert "Could not find run" in answer["run"]
    assert "Could not find project absent" in answer["project"]
    assert "There is no file x" in answer["file"]
    assert "$frob" in answer["filter"]
    assert "API key" in answer["key"]
    assert "wandb login --relogin" in answer["key"]
