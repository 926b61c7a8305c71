"""Runs and a server that is there, away, or says no."""

import json
import os
import signal
import socket
import subprocess
import sys

from tests.support.stack import Stack
from tests.support.waiting import wait_until

RESUME = """
import json, sys, wandb
resume = json.loads(sys.argv[1])
try:
    run = wandb.init(project="resume", id=sys.argv[2], resume=resume, config={"n": 1})
except wandb.UsageError as error:
    print("refused", error)
    sys.exit(0)
start = run.step
run.log({"a": start})
run.log({"a": start + 1})
print(json.dumps([run.resumed, run.starting_step, start, run.step, run.name]))
"""


def _resume(stack: Stack, how: object, run_id: str) -> list[object]:
    told = stack.run(RESUME, json.dumps(how), run_id).stdout
    if told.startswith("refused"):
        return [told]
    answer: list[object] = json.loads(told)
    return answer


def test_resumed_run_goes_on_after_its_last_step(stack: Stack) -> None:
    resumed, *steps, name = _resume(stack, "allow", "r1")
    assert (resumed, steps) == (False, [0, 0, 2])

    resumed, *steps, second_name = _resume(stack, "allow", "r1")
    assert (resumed, steps) == (True, [2, 2, 4])
    assert second_name == name

    resumed, *steps, _ = _resume(stack, "must", "r1")
    assert (resumed, steps) == (True, [4, 4, 6])
    rows = stack.ask("[r['_step'] for r in api.run('resume/r1').scan_history()]")
    assert rows == list(range(6))


def test_must_and_never_are_checked(stack: Stack) -> None:
    _resume(stack, None, "there")

    assert str(_resume(stack, "must", "missing")[0]).startswith("refused")
    assert str(_resume(stack, "never", "there")[0]).startswith("refused")
    assert _resume(stack, "never", "new")[0] is False


def test_facts_of_a_run_are_on_the_server(stack: Stack) -> None:
    stack.run(
        """
import wandb
run = wandb.init(project="facts", id="r", name="mine", notes="n", tags=["x"],
                 group="g", job_type="train", config={"lr": 0.1, "deep": {"a": [1]}})
assert run.url.endswith("/facts/runs/r"), run.url
assert run.entity and run.path == f"{run.entity}/facts/r"
run.config.update({"late": (1, 2)})
run.tags = ("x", "y")
run.name = "renamed"
print("line 1")
run.finish(3)
"""
    )

    facts = stack.ask(
        "[(r.name, r.state, r.notes, sorted(r.tags), r.group, dict(r.config))"
        " for r in api.runs('facts')]"
    )

    config = {"lr": 0.1, "deep": {"a": [1]}, "late": [1, 2]}
    assert facts == [["renamed", "failed", "n", ["x", "y"], "g", config]]


SERVER_AWAY = """
import time, wandb
run = wandb.init(project="away", id="r", settings={"base_url": "http://127.0.0.1:9",
                 "api_key": "k" * 40, "finish_timeout": 4})
start = time.monotonic()
for number in range(1000):
    run.log({"n": number})
assert time.monotonic() - start < 20
assert run._stream.counts.waited_s == 0
print("trained", run.url)
"""


def test_server_that_is_away_holds_nobody_up(stack: Stack) -> None:
    done = stack.run(SERVER_AWAY)

    assert done.stdout == "trained None\n"
    assert "core goes on uploading in the background" in done.stderr, done.stderr
    assert "Traceback" not in done.stderr


KILLED_SERVER = """
import sys, time, wandb
run = wandb.init(project="killed", id="r", settings={"finish_timeout": 60})
for number in range(200):
    run.log({"n": number})
    if number == 100:
        print("half", flush=True)
        sys.stdin.readline()
run.finish()
print(run.summary["n"])
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_server_killed_in_the_middle_is_started_again_and_has_all(stack: Stack) -> None:
    """The local server is started on demand, also when it was killed meanwhile."""
    stack.wandb("server", "stop")
    stack.wandb("server", "start", "--quiet", "--port", str(_free_port()))
    script = stack.cwd / "killed.py"
    script.write_text(KILLED_SERVER, encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(script)],
        env=stack.env,
        cwd=stack.cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half\n"
        status = json.loads(stack.wandb("server", "status", "--json"))
        os.kill(status["pid"], signal.SIGKILL)
        told, complaints = process.communicate("\n", timeout=90)

    assert (told, process.returncode) == ("199\n", 0), complaints
    wait_until(lambda: stack.ask("api.run('killed/r').state") == "finished", 20)
    rows = stack.ask("[r['n'] for r in api.run('killed/r').scan_history()]")
    assert rows == list(range(200))


def test_stop_from_the_page_interrupts_the_training_once(stack: Stack) -> None:
    done = stack.run(
        """
import time, wandb
run = wandb.init(project="stop", id="r")
run.log({"a": 1})
api = wandb.Api()
stop = "mutation Stop($id: ID!) { stopRun(input: {id: $id}) { success } }"
api.client.ask(stop, {"id": api.run("stop/r").storage_id})
try:
    while True:
        run.log({"a": 2})
        time.sleep(0.05)
except KeyboardInterrupt:
    print("stopped")
time.sleep(1)
print("still here")
"""
    )

    assert done.stdout == "stopped\nstill here\n"
    assert "asked to stop" in done.stderr
