"""`wandb sync` after training and core were killed before core had begun the log."""

import subprocess
import sys
from pathlib import Path

import pytest
from wandb_core.settings import CoreSettings
from wandb_core.sync_command import settle
from wandb_core.transaction_log import read_all
from wandb_proto.places import Places

from tests.support.core_process import log, open_run
from tests.support.rings import ring_of, write_ring

DRAINING = """
import fcntl, os, sys, time
from pathlib import Path
from wandb_core.orphan_rings import OrphanRing
from wandb_core.owner_mark import Machine
from wandb_core.run_log import RunLog
from wandb_core.settings import CoreSettings
from wandb_proto.places import Places, make_private

lock_path = Places.from_environment(os.environ).core_lock
make_private(lock_path.parent)
lock = os.open(lock_path, os.O_RDWR | os.O_CREAT)
fcntl.lockf(lock, fcntl.LOCK_EX)
orphan = OrphanRing.claim(Path(sys.argv[1]))
print(flush=True)
time.sleep(1)
path = Path(sys.argv[2])
log = RunLog.open(path, "run1", Machine.here(), CoreSettings(), will_be_resent=True)
log.stage([orphan.next_batch()])
log.write_staged()
orphan.discard()
time.sleep(1)
if "settles" in sys.argv:
    log.settle()
log.close()
sys.stdin.read()
"""
"""What core does with the ring of a dead writer, slowly; or only until it is killed,
and another one lives that has seen no ring.
"""


def said_by_sync(places_env: dict[str, str], tmp_path: Path) -> str:
    """Nothing listens at the server's address, and there is no key for it."""
    done = subprocess.run(
        [sys.executable, "-m", "wandb_core", "sync", str(tmp_path / "wandb")],
        env=places_env | {"WANDB_BASE_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout


@pytest.mark.parametrize("core_does", ["settles", "knows-nothing"])
def test_sync_waits_for_a_core_that_is_just_making_the_log(
    places_env: dict[str, str], tmp_path: Path, core_does: str
) -> None:
    """Else it would say that the log is being written, and leave it.

    Then sync commits what the killed writer left open, if core did not; with a key it
    would do so by itself.
    """
    path = tmp_path / "wandb" / "offline-run-1" / "run-run1.wandb"
    ring_path = ring_of(places_env)
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    records = [open_run("run1"), log({"x": 1}), log({"x": 2}, commit=False)]
    write_ring(ring_path, path, records, pid=dead.pid).close()
    command = [sys.executable, "-c", DRAINING, str(ring_path), str(path), core_does]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=places_env, stdin=pipe, stdout=pipe) as core:
        assert core.stdout is not None
        core.stdout.readline()
        said = said_by_sync(places_env, tmp_path)
        settle(path, Places.from_environment(places_env), CoreSettings())
        core.communicate()
        assert core.returncode == 0

    assert "being written" not in said
    assert "No API key" in said
    kinds = [logged.record.WhichOneof("record_type") for logged in read_all(path)]
    assert kinds.count("history") == 2


def test_sync_makes_the_log_of_a_ring_that_no_core_has_seen(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    """Nothing listens at the server's address: the upload fails, the log is there."""
    path = tmp_path / "wandb" / "offline-run-1" / "run-run1.wandb"
    ring_path = ring_of(places_env)
    records = [open_run("run1"), log({"x": 1}), log({"x": 2}, commit=False)]
    write_ring(ring_path, path, records).close()
    assert not Places.from_environment(places_env).core_lock.exists()

    said = said_by_sync(places_env, tmp_path)

    assert "No API key" in said
    assert not ring_path.exists()
    kinds = [logged.record.WhichOneof("record_type") for logged in read_all(path)]
    assert kinds.count("history") == 1
