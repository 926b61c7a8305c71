"""Many processes on one core daemon, each with a run of its own."""

import subprocess
import sys

from wandb_proto.places import Places

from tests.support.stack import Stack

PROCESSES = 16
ROWS = 200

SCRIPT = """
import sys, wandb
with wandb.init(project="many", id=f"r{sys.argv[1]}") as run:
    for number in range(int(sys.argv[2])):
        run.log({"number": number, "who": sys.argv[1]})
"""

FOUND = """{
    run.id: [run.state, [[row["who"], row["number"]] for row in run.scan_history()]]
    for run in api.runs("many")
}"""


def test_every_row_is_in_its_own_run(stack: Stack) -> None:
    script = stack.cwd / "many.py"
    script.write_text(SCRIPT, encoding="utf-8")
    names = [str(number) for number in range(PROCESSES)]

    processes = [
        subprocess.Popen(
            [sys.executable, str(script), name, str(ROWS)],
            env=stack.env,
            cwd=stack.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in names
    ]
    said = [process.communicate(timeout=120)[0] for process in processes]

    assert [process.returncode for process in processes] == [0] * PROCESSES, said
    assert stack.ask(FOUND.replace("\n", " ")) == {
        f"r{name}": ["finished", [[name, number] for number in range(ROWS)]]
        for name in names
    }
    cores = Places.from_environment(stack.env).core_log.read_text()
    assert cores.count("core_listens") == 1
