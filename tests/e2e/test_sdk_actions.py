"""Stopping a run from outside, its files and code brought back, runs cleaned away."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.stack import Stack, shared_stack
from tests.support.waiting import wait_until


@pytest.fixture(scope="module")
def system() -> Iterator[Stack]:
    with shared_stack() as running:
        yield running


@pytest.fixture
def stack(system: Stack, tmp_path: Path) -> Stack:
    """The system of all these tests, in a directory of this one."""
    return replace(system, cwd=tmp_path)


STOPPED = """
import sys, time, wandb
settings = wandb.Settings(stop_fn=lambda: open("called", "w").close())
run = wandb.init(project="actions", id=sys.argv[1],
    settings=settings if sys.argv[2:] else None)
print("up", flush=True)
try:
    for step in range(600):
        run.log({"step": step})
        time.sleep(0.05)
        if sys.argv[2:]:
            import os
            if os.path.exists("called"):
                print("called", flush=True)
                break
except KeyboardInterrupt:
    print("interrupted", flush=True)
    run.finish(255)
"""
STOP = (
    "api.client.ask('mutation S($id: ID!) { stopRun(input: {id: $id}) { success } }',"
    " {'id': api.run('actions/WORD').storage_id})['stopRun']['success']"
)


@pytest.mark.parametrize(("argument", "word"), [("", "interrupted"), ("f", "called")])
def test_a_stop_from_outside_reaches_the_script(
    stack: Stack, argument: str, word: str
) -> None:
    script = stack.start(STOPPED, word, *argument)
    try:
        assert script.stdout is not None
        assert script.stdout.readline() == "up\n"

        assert stack.ask(STOP.replace("WORD", word))

        assert script.stdout.readline() == f"{word}\n"
        assert script.wait(30) == 0
    finally:
        script.kill()
        script.wait()
        script.stdout.close()


ALERTS = """
import sys, wandb
with wandb.init(project="actions", id=sys.argv[1], mode=sys.argv[1]) as run:
    run.alert("low accuracy", "it is 0.2", wandb.AlertLevel.WARN)
    run.alert("low accuracy", "it is 0.1")
    run.alert("done", "bye")
    run.tags += ("late",)
    run.notes = "late notes"
    run.name = "late name"
"""
SEEN = (
    'api.client.ask(\'query A($e: String, $r: String!) { project(name: "actions",'
    " entityName: $e) { run(name: $r) { displayName notes tags"
    " alerts { title text severity } } } }',"
    " {'e': api.default_entity, 'r': 'MODE'})['project']['run']"
)


@pytest.mark.parametrize("mode", ["online", "offline"])
def test_alerts_and_late_names_are_at_the_server(stack: Stack, mode: str) -> None:
    stack.run(ALERTS, mode)
    if mode == "offline":
        stack.wandb("sync", "--sync-all")

    run = stack.ask(SEEN.replace("MODE", mode))

    alerts = sorted((a["title"], a["text"], a["severity"]) for a in run["alerts"])
    assert alerts == [
        ("done", "bye", "INFO"), ("low accuracy", "it is 0.2", "WARN"),
    ]  # fmt: skip
    assert (run["displayName"], run["notes"]) == ("late name", "late notes")
    assert run["tags"] == ["late"]


EMPTIED = """
import wandb
with wandb.init(project="actions", id="emptied", tags=["a"], notes="n") as run:
    run.tags = ("b", "c")
    run.log({"x": 1})
    run.tags = ()
    run.notes = ""
"""


def test_emptied_tags_and_notes_are_gone_at_the_server(stack: Stack) -> None:
    stack.run(EMPTIED)

    found = stack.ask(
        "[api.run('actions/emptied').tags, api.run('actions/emptied').notes]"
    )

    assert found[0] == []
    assert not found[1]


MADE = """
import wandb
with wandb.init(project="actions", id="made", config={"lr": 0.5}) as run:
    run.log({"loss": 1})
    open(run.dir + "/notes.txt", "w").write("remember")
"""


def test_pull_and_restore_bring_a_run_back(stack: Stack) -> None:
    git(stack, "init", "-q", "-b", "main")
    (stack.cwd / "code.py").write_text("first\n")
    (stack.cwd / ".gitignore").write_text("wandb/\nscript.py\n")
    git(stack, "add", ".")
    git(stack, "commit", "-qm", "first")
    first = git(stack, "rev-parse", "HEAD")
    stack.run(MADE)
    (stack.cwd / "code.py").write_text("second\n")
    git(stack, "commit", "-qam", "second")

    stack.wandb("pull", "actions/made")
    assert (stack.cwd / "notes.txt").read_text() == "remember"
    changed_at = (stack.cwd / "notes.txt").stat().st_mtime_ns
    stack.wandb("pull", "made", "--project", "actions")
    assert (stack.cwd / "notes.txt").stat().st_mtime_ns == changed_at

    stack.wandb("restore", "actions:made")
    assert (stack.cwd / "code.py").read_text() == "first\n"
    assert git(stack, "rev-parse", "HEAD") == first
    assert git(stack, "branch", "--show-current") == "wandb/made"
    config = (stack.cwd / "wandb" / "config.yaml").read_text()
    assert "lr" in config
    assert "0.5" in config


def git(stack: Stack, *arguments: str) -> str:
    who = ("-c", "user.name=x", "-c", "user.email=x@x")
    done = subprocess.run(
        ["git", *who, *arguments],
        env=stack.env, cwd=stack.cwd, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


ATTACHED = """
import subprocess, sys, wandb
run = wandb.init(project="actions", id="joined", config={"lr": 0.5})
run.log({"mine": 1})
other = '''
import sys, wandb
assert wandb.run is None
try:
    wandb.attach("nobody")
except wandb.UsageError as error:
    print(error)
run = wandb.attach(sys.argv[1])
assert wandb.run is run and run.config.lr == 0.5
run.log({"theirs": 2})
run.summary["by"] = "other"
run.finish()
'''
done = subprocess.run([sys.executable, "-c", other, run._attach_id],
    capture_output=True, text=True)
print(done.stdout, done.stderr if done.returncode else "")
assert wandb.attach(run_id="joined") is run
run.finish()
"""


def test_another_process_attaches_to_a_run_by_its_id(stack: Stack) -> None:
    told = stack.run(ATTACHED).stdout

    assert told.strip() == "No run nobody is active on this machine."
    found = stack.ask(
        "[[r.state, dict(r.summary), len(list(r.scan_history()))]"
        " for r in [api.run('actions/joined')]][0]"
    )
    assert found[0] == "finished"
    assert (found[1]["mine"], found[1]["theirs"], found[1]["by"]) == (1, 2, "other")
    assert found[2] == 2


NOTEBOOK = """
import json, sys
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
shown = []

def keep(message):
    content = message["content"]
    shown.append(content.get("data", {}).get("text/html") or content.get("text") or "")

client.execute_interactive('''
import wandb
run = wandb.init(project="actions", id="cell")
run.log({"loss": 0.5})
run.finish()
run
''', timeout=60, output_hook=keep)
print(json.dumps(shown))
client.stop_channels()
manager.shutdown_kernel()
"""


def test_a_notebook_shows_links_and_values(stack: Stack) -> None:
    shown = "".join(json.loads(stack.run(NOTEBOOK).stdout))
    silent = "".join(json.loads(stack.run(NOTEBOOK, WANDB_SILENT="true").stdout))

    assert f'href="{stack.url}/' in shown
    assert "/actions/runs/cell" in shown
    assert "<td>loss</td><td>0.5</td>" in shown
    assert "Syncing run <strong>" in shown
    assert "Syncing run" not in silent


OFFLINE = """
import wandb
with wandb.init(project="actions", id="away", mode="offline") as run:
    for step in range(50):
        run.log({"loss": 1 / (step + 1)})
"""


def test_offline_run_is_synced_and_then_cleaned(stack: Stack) -> None:
    stack.run(OFFLINE)
    (folder,) = (stack.cwd / "wandb").glob("offline-run-*")
    log = folder / "run-away.wandb"

    assert "no runs to delete" in stack.wandb("clean", "--min-hours", "0", "--force")
    stack.wandb("sync", str(folder))
    assert stack.ask("[row['loss'] for row in api.run('actions/away').scan_history()]")[
        -1
    ] == pytest.approx(1 / 50)
    assert log.exists()
    wait_until(lambda: not is_locked(log))

    stack.wandb("clean", "--min-hours", "0", "--force")

    assert not folder.exists()
    assert "actions" in stack.wandb("projects")


def is_locked(log: Path) -> bool:
    from wandb_core.transaction_log.lock import is_locked as locked

    return locked(log)
