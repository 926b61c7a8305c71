"""The small parts around the daemon: lock, address file, log size, keys, table."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from wandb_core.api_keys import ApiKeys
from wandb_core.errors import CoreError, CoreRunning
from wandb_core.lifecycle import (
    CoreLock,
    keep_address,
    write_address,
)
from wandb_core.status import as_table
from wandb_proto.core_place import CoreAddress, core_lives, read_address
from wandb_proto.credentials import write_key
from wandb_proto.places import Places

ADDRESS = CoreAddress(1, "unix:/x", "token", "1.0.0", "abc", 1)


def in_another_process(environ: dict[str, str], code: str) -> str:
    """What the code prints; `places` is there."""
    head = (
        "import os\nfrom wandb_core.lifecycle import *\n"
        "from wandb_proto.core_place import core_lives\n"
        "from wandb_proto.places import Places\n"
        "places = Places.from_environment(os.environ)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", head + code],
        env=environ, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


def test_the_lock_has_one_holder_and_is_seen_by_others(
    places: Places, places_env: dict[str, str]
) -> None:
    assert not core_lives(places)
    lock = CoreLock.take(places)

    assert in_another_process(places_env, "print(core_lives(places))") == "True"
    code = "try:\n    CoreLock.take(places)\nexcept Exception as e:\n    print(type(e))"
    assert CoreRunning.__name__ in in_another_process(places_env, code)
    assert lock.still_counts()
    places.core_lock.unlink()
    assert not lock.still_counts()


def test_a_linked_lock_file_is_refused(places: Places, tmp_path: Path) -> None:
    places.runtime_dir.mkdir(mode=0o700)
    places.core_lock.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CoreError, match="cannot use"):
        CoreLock.take(places)


def test_the_address_file_is_private_and_repaired(places: Places) -> None:
    places.runtime_dir.mkdir(mode=0o700)
    write_address(places, ADDRESS)

    assert read_address(places) == ADDRESS
    assert os.stat(places.core_address).st_mode & 0o777 == 0o600
    places.core_address.write_text('{"pid": "many"}')
    assert read_address(places) is None
    keep_address(places, ADDRESS)
    assert read_address(places) == ADDRESS


def test_a_long_log_begins_anew(places: Places, places_env: dict[str, str]) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "log = Path(os.environ['HOME']) / 'core.log'\n"
        "os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)\n"
        "print('x' * 5000, file=sys.stderr, flush=True)\n"
        "limit_log(log, 10_000)\n"
        "limit_log(log, 4_000)\n"
        "print('after', file=sys.stderr, flush=True)\n"
    )

    in_another_process(places_env, code)

    home = Path(places_env["HOME"])
    assert (home / "core.log").read_text() == "after\n"
    assert (home / "core.log.1").stat().st_size == 5001


def test_keys_that_were_handed_over_come_first(places_env: dict[str, str]) -> None:
    keys = ApiKeys(places_env)
    assert keys.find("http://a:1") is None

    write_key(places_env, "http://a:1", "k" * 40)
    assert keys.find("http://a:1") == "k" * 40
    keys.hand_over("http://a:1/", "h" * 40)
    assert keys.find("http://a:1") == "h" * 40
    assert keys.find("http://b:1") is None


def test_the_table_names_what_matters() -> None:
    upload = {
        "run_id": "r2", "log_path": "/x", "base_url": "http://a", "run_url": "",
        "rows_total": 5, "rows_uploaded": 3, "bytes_left": 99,
        "problem": "the server is down", "failed": False, "waiting_for_key": False,
    }  # fmt: skip
    run = {"run_id": "r1", "log_bytes": 1234, "problem": "disk full"}

    table = as_table(
        {
            "pid": 7, "version": "1.0.0", "uptime_s": 3700.0, "memory_bytes": 50 << 20,
            "clients": [1, 2], "runs": [run], "uploads": [upload],
            "backlog": {
                "logs": 1, "rows": 2, "bytes": 99, "waiting_for_key": 1,
                "damaged": [{"path": "/b/1.json", "reason": "no JSON"}],
            },
            "rates": {"records_per_s": 10.0, "rows_uploaded_per_s": 5.0},
        }
    )  # fmt: skip

    for part in ("pid 7", "1h01m", "50 MiB", "clients  2", "wandb login", "disk full",
                 "/b/1.json is damaged",
                 "3 of 5 rows", "the server is down"):  # fmt: skip
        assert part in table
