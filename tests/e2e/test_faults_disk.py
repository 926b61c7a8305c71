"""What a user sees of disks that are full and of directories that cannot be written."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, desk, logged_rows

ROWS = 3000


def _may_mount() -> bool:
    """Whether this process may have mounts of its own."""
    if os.getuid() != 0 or shutil.which("unshare") is None:
        return False
    probe = "mount -t tmpfs -o size=100k tmpfs /mnt"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", probe], capture_output=True, check=False
    )
    return done.returncode == 0


needs_mounts = pytest.mark.skipif(
    not _may_mount(), reason="needs mounts of its own: root, and a kernel that lets it"
)

FILL = f"""
import sys, time, wandb
run = wandb.init(project="p", id=sys.argv[1])
began = time.monotonic()
for number in range({ROWS}):
    run.log({{"n": number, "pad": "x" * 60}})
took_s, waited_s = time.monotonic() - began, run._stream.counts.waited_s
print(f"logged {{took_s < {ROWS} * 0.01 and waited_s == 0}}")
run.finish()
print("finished")
"""


@pytest.fixture(scope="module")
def user() -> Iterator[Desk]:
    with desk(
        WANDB_FINISH_TIMEOUT="2",
        WANDB_CORE_WRITE_RETRY_S="0.1",
        WANDB_CORE_RETRY_DELAY_S_MAX="0.3",
    ) as made:
        (made.cwd / "fill.py").write_text(FILL, encoding="utf-8")
        yield made


def in_own_mounts(user: Desk, commands: str, **more_env: str) -> str:
    """Run shell commands that may mount; stdout and stderr in their order.

    What they started is stopped before the mounts go away.
    """
    done = user.call(
        "unshare", "-m", "sh", "-ec", f"exec 2>&1\n{commands}",
        PYTHON=sys.executable, **more_env,
    )  # fmt: skip
    assert "Traceback" not in done.stdout, done.stdout
    return done.stdout


@needs_mounts
def test_full_run_directory_is_told_and_filled_once_there_is_room(user: Desk) -> None:
    """The log lies on a disk of 200 KB, which grows after the training has ended."""
    told = in_own_mounts(
        user,
        """
        mkdir disk kept
        mount -t tmpfs -o size=200k tmpfs disk
        $PYTHON fill.py full
        mount -o remount,size=20m disk
        for try in $(seq 600); do
            ls $WANDB_SPOOL_DIR/*.ring >/dev/null 2>&1 || break
            sleep 0.1
        done
        $PYTHON -m wandb_core stop
        cp disk/wandb/offline-run-*/run-full.wandb kept
        """,
        WANDB_DIR="disk",
        WANDB_MODE="offline",
    )

    assert "logged True" in told
    assert "finished" in told
    assert told.count("No space left on device; your data are kept") == 1, told
    assert "The log of run full is not complete: cannot write" in told
    assert "The rest waits on this machine" in told
    rows = logged_rows(user.cwd / "kept" / "run-full.wandb")
    assert [row["n"] for row in rows] == list(range(ROWS))


@needs_mounts
def test_full_spool_costs_neither_rows_nor_time(user: Desk) -> None:
    told = in_own_mounts(
        user,
        """
        mkdir memory
        mount -t tmpfs -o size=100k tmpfs memory
        $PYTHON fill.py spool
        $PYTHON -m wandb_core stop
        """,
        WANDB_SPOOL_DIR=str(user.cwd / "memory" / "spool"),
        WANDB_MODE="offline",
    )

    assert "logged True" in told
    assert "ERROR" not in told
    assert [row["n"] for row in user.rows("spool")] == list(range(ROWS))


@needs_mounts
def test_full_disk_of_the_server_is_told_and_rows_arrive_once_there_is_room(
    user: Desk,
) -> None:
    told = in_own_mounts(
        user,
        """
        mkdir -p $WANDB_DATA_DIR
        mount -t tmpfs -o size=1m tmpfs $WANDB_DATA_DIR
        $PYTHON -m wandb_server start --port 0 --quiet
        head -c 2m /dev/zero > $WANDB_DATA_DIR/filler || true
        WANDB_FINISH_TIMEOUT=6 $PYTHON fill.py server
        rm $WANDB_DATA_DIR/filler
        mount -o remount,size=50m $WANDB_DATA_DIR
        for try in $(seq 600); do
            [ -z "$(ls $WANDB_STATE_DIR/backlog)" ] && break
            sleep 0.1
        done
        $PYTHON -c "import wandb; run = wandb.Api().run('p/server')
print(run.state, [row['n'] for row in run.scan_history()] == list(range(3000)))"
        $PYTHON -m wandb_core stop
        $PYTHON -m wandb_server stop
        """,
    )

    assert "The server cannot store" in told, told
    assert "is full" in told
    assert told.count("Network problem") == 1
    assert "Nothing is lost" in told
    assert "bytes are still to go" in told
    assert "finished True" in told, told


@needs_mounts
def test_read_only_directory_is_told_and_another_one_serves(user: Desk) -> None:
    told = in_own_mounts(
        user,
        """
        mkdir fixed temporary
        mount --bind fixed fixed
        mount -o remount,bind,ro fixed
        $PYTHON fill.py fixed
        """,
        WANDB_DIR="fixed",
        WANDB_MODE="offline",
        TMPDIR=str(user.cwd / "temporary"),
    )

    place = user.cwd / "temporary" / "wandb"
    assert f"(Read-only file system): the run's data go to {place}" in told
    assert told.count("WARNING") == 1
    (log,) = place.glob("offline-run-*/run-fixed.wandb")
    assert [row["n"] for row in logged_rows(log)] == list(range(ROWS))
