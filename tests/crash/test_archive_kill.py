"""SIGKILL of a process that posts in a loop: what was acknowledged is there, once."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from wandb_server.model.runs import Run
from wandb_server.operations import open_archive

WRITER = """
import asyncio, json, sys
from wandb_server.model.file_stream import FileChunk, FileStreamPost
from wandb_server.model.runs import RunUpsert
from wandb_server.operations import ArchiveSettings, open_archive

async def post(archive, user, log, start):
    line = start
    while True:
        steps = range(line, line + 7)
        texts = tuple(json.dumps({"_step": step, "log": log}) for step in steps)
        chunk = FileChunk("wandb-history.jsonl", line, texts)
        await archive.post_file_stream("ann", "p", log, FileStreamPost(chunks=(chunk,)))
        print(f"{log} {line + 7}", flush=True)  # one write: a kill cannot cut it
        line += 7

async def compact(archive):
    while True:
        await archive.compact()
        await asyncio.sleep(0)

async def export(archive):
    while True:
        run = await archive.run("ann", "p", "a")
        if run is not None and run.last_step is not None:
            await archive.export_parquet(run)
        await asyncio.sleep(0.05)

async def remove(archive, user):
    number = 0
    while True:
        name = f"gone{number}"
        number += 1
        run, _ = await archive.upsert_run(RunUpsert("ann", "p", name), user)
        text = json.dumps({"_step": 0, "of": name})
        chunk = FileChunk("wandb-history.jsonl", 0, (text,) * 1)
        post = FileStreamPost(chunks=(chunk,), complete=True, exit_code=0)
        await archive.post_file_stream("ann", "p", name, post)
        await archive.remove_runs([run.storage_id])
        await asyncio.sleep(0.01)

async def main(path, start):
    settings = ArchiveSettings(tail_rows_max=50, merge_count=3, block_points_min=1,
        undo_grace_s=1, garbage_age_s=0)
    archive = await open_archive(
        f"sqlite:///{path}/wandb.db", f"file://{path}/objects", settings=settings
    )
    user = await archive.create_user("ann")
    async with asyncio.TaskGroup() as group:
        for log in ("a", "b", "c"):
            await archive.upsert_run(RunUpsert("ann", "p", log), user)
            group.create_task(post(archive, user, log, start.get(log, 0)))
        group.create_task(compact(archive))
        group.create_task(export(archive))
        group.create_task(remove(archive, user))

asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
"""
ROUNDS = 4
POSTS_PER_ROUND = 40


async def read_back(path: Path) -> dict[str, list[str]]:
    archive = await open_archive(f"sqlite:///{path}/wandb.db", f"file://{path}/objects")
    found = {}
    for name in ("a", "b", "c"):
        run = await archive.run("ann", "p", name)
        assert isinstance(run, Run)
        found[name] = list(await archive.history_rows(run))
    await archive.close()
    return found


@pytest.mark.parametrize("resend", [False, True])
def test_acknowledged_posts_survive_sigkill_exactly_once(
    tmp_path: Path, resend: bool
) -> None:
    """Kill at any moment (posts, compaction, merging, sweeping of garbage, exports and
    the purge of removed runs are under way), start again.

    A writer that was killed before it heard of a post sends it again: `resend`.
    """
    acknowledged = {"a": 0, "b": 0, "c": 0}
    for round_number in range(ROUNDS):
        start = {log: max(0, line - 14 * resend) for log, line in acknowledged.items()}
        command = [sys.executable, "-c", WRITER, str(tmp_path), json.dumps(start)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for count, text in enumerate(process.stdout):
                log, line = text.split()
                acknowledged[log] = max(acknowledged[log], int(line))
                if count == POSTS_PER_ROUND + 13 * round_number:
                    process.kill()
        found = asyncio.run(read_back(tmp_path))
        for log, rows in found.items():
            steps = [json.loads(row)["_step"] for row in rows]
            assert steps == list(range(len(steps)))
            assert len(steps) >= acknowledged[log]
            acknowledged[log] = len(steps)
