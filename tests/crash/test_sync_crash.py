"""`wandb sync` after training and core were killed before core had begun the log."""

import subprocess
import sys
from pathlib import Path

from wandb_core.transaction_log import read_all
from wandb_proto.places import Places

from tests.support.core_process import log, open_run
from tests.support.rings import ring_of, write_ring


def test_sync_makes_the_log_of_a_ring_that_no_core_has_seen(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    """Nothing listens at the server's address: the upload fails, the log is there."""
    path = tmp_path / "wandb" / "offline-run-1" / "run-run1.wandb"
    ring_path = ring_of(places_env)
    records = [open_run("run1"), log({"x": 1}), log({"x": 2}, commit=False)]
    write_ring(ring_path, path, records).close()
    assert not Places.from_environment(places_env).core_lock.exists()

    done = subprocess.run(
        [sys.executable, "-m", "wandb_core", "sync", str(tmp_path / "wandb")],
        env=places_env | {"WANDB_BASE_URL": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        timeout=30,
    )

    assert "No API key" in done.stdout
    assert not ring_path.exists()
    kinds = [logged.record.WhichOneof("record_type") for logged in read_all(path)]
    assert kinds.count("history") == 1
