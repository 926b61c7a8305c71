"""Several processes write one run: `mode="shared"`."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from wandb_proto.places import Places

from tests.support.stack import Stack
from tests.support.waiting import wait_until

WRITER = """
import sys, time, wandb
rank, rows, count = map(int, sys.argv[1:4])
settings = wandb.Settings(
    x_label=f"rank{rank}", x_primary=rank == 0, x_update_finish_state=rank == 0
)
config = {"world": count, f"lr_{rank}": rank / 10}
with wandb.init(
    project="ddp", id="one", mode="shared", settings=settings, config=config
) as run:
    print(f"hello of {rank}")
    for number in range(rows):
        run.log({"rank": rank}, commit=False)
        run.log({"number": number, f"loss/{rank}": 1 / (number + 1)})
    run.summary[f"best_{rank}"] = rank
"""

ROWS = "[[row['rank'], row['number']] for row in run.scan_history()]"


def start_writers(
    stack: Stack,
    count: int,
    rows: int,
    python: str = sys.executable,
    code: str = WRITER,
    **more: str,
) -> list[subprocess.Popen[str]]:
    """One process per rank, all at once."""
    script = stack.cwd / "writer.py"
    script.write_text(code, encoding="utf-8")
    return [
        subprocess.Popen(
            [python, str(script), str(rank), str(rows), str(count)],
            env=stack.env | more,
            cwd=stack.cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(count)
    ]


def wait_for(writers: list[subprocess.Popen[str]]) -> list[str]:
    """What each of them said; all must have ended well."""
    said = [writer.communicate(timeout=90)[0] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * len(writers), said
    return said


def rows_of_ranks(rows: list[list[int]], count: int) -> list[list[int]]:
    """The numbers of each rank, in the order in which the server has them."""
    return [[number for rank, number in rows if rank == one] for one in range(count)]


def test_each_writer_keeps_its_rows_in_order_and_only_the_primary_its_files(
    stack: Stack,
) -> None:
    wait_for(start_writers(stack, 3, 300))

    found = facts(stack.ask, "rows=" + ROWS)
    assert rows_of_ranks(found["rows"], 3) == [list(range(300))] * 3
    assert found["steps"] == sorted([*range(300)] * 3)
    assert found["state"] == "finished"
    assert found["config"] == {"world": 3, "lr_0": 0.0, "lr_1": 0.1, "lr_2": 0.2}
    assert {found["summary"][f"best_{rank}"] for rank in range(3)} == {0, 1, 2}
    assert {found["summary"][f"loss/{rank}"] for rank in range(3)} == {1 / 300}
    assert sorted(line[27:] for line in console(stack)) == [
        f"[rank{rank}] hello of {rank}" for rank in range(3)
    ]


def test_the_official_api_reads_a_shared_run_back(
    stack: Stack, official_python: str
) -> None:
    wait_for(start_writers(stack, 2, 50))

    found = facts(stack.ask_official, "rows=" + ROWS)

    assert rows_of_ranks(found["rows"], 2) == [list(range(50))] * 2
    assert found["state"] == "finished"
    assert found["config"] == {"world": 2, "lr_0": 0.0, "lr_1": 0.1}
    files = "[file.name for file in api.run('ddp/one').files()]"
    assert {"config.yaml", "wandb-metadata.json"} <= set(stack.ask_official(files))


def test_official_writers_share_a_run_on_our_server(
    stack: Stack, official_python: str
) -> None:
    key = stack.run(
        "import os, wandb; from wandb_proto.credentials import read_key;"
        f"print(read_key(os.environ, {stack.url!r}))"
    ).stdout.strip()
    writers = start_writers(
        stack, 2, 50, official_python, WANDB_BASE_URL=stack.url, WANDB_API_KEY=key
    )
    wait_for(writers)

    found = facts(stack.ask, "rows=" + ROWS)

    assert rows_of_ranks(found["rows"], 2) == [list(range(50))] * 2
    assert found["state"] == "finished"
    assert {found["summary"][f"best_{rank}"] for rank in range(2)} == {0, 1}
    assert {found["config"].get(f"lr_{rank}") for rank in range(2)} == {0.0, 0.1}
    assert {line.split("] ")[0][-6:] for line in console(stack)} >= {"[rank0", "[rank1"}


def test_a_killed_secondary_does_not_end_the_run(stack: Stack) -> None:
    """The primary goes on; what the killed one had logged is in the run."""
    code = """
import os, sys, wandb
rank = int(sys.argv[1])
settings = wandb.Settings(x_primary=rank == 0, x_update_finish_state=rank == 0)
run = wandb.init(project="ddp", id="one", mode="shared", settings=settings)
for number in range(20):
    run.log({"rank": rank, "number": number})
if rank:
    os.kill(os.getpid(), 9)
"""
    stack.run(code, "1", check=False)
    stack.wandb("core", "stop")
    state = "api.run('ddp/one').state"
    assert stack.ask(state) == "running"

    stack.run(code, "0")

    rows = stack.ask(f"(lambda run: {ROWS})(api.run('ddp/one'))")
    assert rows_of_ranks(rows, 2) == [list(range(20))] * 2
    assert stack.ask(state) == "finished"


def test_core_killed_under_several_writers_doubles_and_loses_nothing(
    stack: Stack,
) -> None:
    """They log slowly enough for uploads to go on; core is killed twice."""
    slow = WRITER.replace("(number + 1)})", "(number + 1)}); time.sleep(0.01)")
    assert slow != WRITER
    places = Places.from_environment(stack.env)
    writers = start_writers(stack, 3, 300, code=slow)
    killed: list[int] = []
    for row_count in (150, 450):
        wait_until(lambda count=row_count: cursors_of(stack, 3) >= count * 20, 20)  # type: ignore[misc]
        wait_until(lambda: core_pid(places) not in [None, *killed], 20)
        killed.append(core_pid(places) or 0)
        os.kill(killed[-1], signal.SIGKILL)
    wait_for(writers)

    found = facts(stack.ask, "rows=" + ROWS)

    assert rows_of_ranks(found["rows"], 3) == [list(range(300))] * 3
    assert found["state"] == "finished"


def cursors_of(stack: Stack, count: int) -> int:
    """How many bytes of the logs are uploaded, once all of them have begun."""
    paths = list(stack.cwd.glob("wandb/run-*/*.cursor"))
    if len(paths) < count:
        return 0
    return sum(int(json.loads(path.read_bytes())["offset"]) for path in paths)


def core_pid(places: Places) -> int | None:
    """Of the core whose address is known."""
    try:
        return int(json.loads(places.core_address.read_text())["pid"])
    except (OSError, ValueError):
        return None


def test_steps_cannot_be_chosen_in_shared_mode(stack: Stack) -> None:
    code = """
import wandb
with wandb.init(project="ddp", id="one", mode="shared") as run:
    run.log({"number": 0}, step=100)
    run.log({"number": 1}, step=7)
    try:
        run.step
    except wandb.Error as error:
        print(error)
"""
    done = stack.run(code)

    assert "no step of its own" in done.stdout
    assert done.stderr.count("log(step=…) is ignored") == 1
    rows = stack.ask(
        "[[r['_step'], r['number']] for r in api.run('ddp/one').scan_history()]"
    )
    assert rows == [[0, 0], [1, 1]]


def facts(ask: Any, rows: str) -> dict[str, Any]:
    """Everything that the tests look at, in one question."""
    parts = (
        rows,
        "steps=sorted(row['_step'] for row in run.scan_history())",
        "state=run.state",
        "config=dict(run.config)",
        "summary={k: v for k, v in run.summary.items() if k != '_wandb'}",
    )
    found: dict[str, Any] = ask(
        f"(lambda run: dict({','.join(parts)}))(api.run('ddp/one'))"
    )
    return found


def console(stack: Stack) -> list[str]:
    """The console lines of the run that processes printed, as stored."""
    code = """
import os, json, sqlite3, pathlib
from wandb_proto.places import Places
path = Places.from_environment(os.environ).data_dir / "server" / "wandb.db"
rows = sqlite3.connect(path).execute("select text from console_lines order by number")
print(json.dumps([bytes(text).decode() for (text,) in rows]))
"""
    lines: list[str] = json.loads(stack.run(code).stdout.splitlines()[-1])
    return [line for line in lines if "hello" in line]
