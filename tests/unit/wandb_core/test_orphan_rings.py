"""Core takes over rings of dead writers, and only those in a directory of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import pytest
from wandb_core.orphan_rings import STILLBORN_S, OrphanRing, find_rings

from tests.support.rings import ring_of, write_ring


def test_rings_are_found_with_what_their_headers_say(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = ring_of(places_env)
    log_path = tmp_path / "run-run1.wandb"
    write_ring(path, log_path, [b"one"]).close()

    (found,) = find_rings([tmp_path / "none", path.parent])

    assert (found.stream_id, found.run_id) == ("s1", "run1")
    assert found.log_path == log_path
    assert not found.writer_alive
    assert find_rings([path.parent], frozenset({path})) == []


def test_a_spool_directory_of_others_is_not_read(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = ring_of(places_env)
    write_ring(path, tmp_path / "run-run1.wandb", [b"one"]).close()
    path.parent.chmod(0o777)

    assert find_rings([path.parent]) == []


@pytest.mark.parametrize(
    ("content", "age_s", "is_locked", "is_removed"),
    [
        (bytes(100_000), STILLBORN_S + 1, False, True),
        (b"", STILLBORN_S + 1, False, True),
        (bytes(100_000), 1, False, False),
        (bytes(100_000), STILLBORN_S + 1, True, False),
        (bytes(50) + b"x" + bytes(100_000), STILLBORN_S + 1, False, False),
    ],
)
def test_what_a_writer_left_that_died_while_making_its_ring_is_removed(
    places_env: dict[str, str],
    content: bytes,
    age_s: float,
    is_locked: bool,
    is_removed: bool,
) -> None:
    path = ring_of(places_env)
    path.write_bytes(content)
    begun_at = time.time() - age_s
    os.utime(path, (begun_at, begun_at))
    with locking(path) if is_locked else nullcontext():
        assert find_rings([path.parent]) == []

    assert path.exists() is not is_removed


@contextmanager
def locking(path: Path) -> Iterator[None]:
    """Another process holds the lock of the ring."""
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+b')\n"
        "fcntl.lockf(file, fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.communicate()


def test_records_come_in_batches_and_the_ring_goes(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = ring_of(places_env)
    payloads = [b"%d" % number for number in range(5000)]
    write_ring(path, tmp_path / "run-run1.wandb", payloads).close()
    orphan = OrphanRing.claim(path)
    assert orphan is not None

    batches = []
    while (batch := orphan.next_batch()) is not None:
        batches.append(batch)

    assert [batch.first_sequence for batch in batches] == [1, 4097]
    assert [record for batch in batches for record in batch.records] == payloads
    assert orphan.next_sequence == 5001
    assert orphan.damages == []
    orphan.discard()
    orphan.close()
    assert not path.exists()
    assert OrphanRing.claim(path) is None


def test_batches_are_bounded_in_bytes(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    path = ring_of(places_env)
    payloads = [bytes([number]) * 100_000 for number in range(8)]
    write_ring(path, tmp_path / "run-run1.wandb", payloads).close()
    orphan = OrphanRing.claim(path)
    assert orphan is not None

    found = []
    while (batch := orphan.next_batch()) is not None:
        assert sum(map(len, batch.records)) <= 1 << 20
        found += batch.records
    orphan.close()

    assert found == payloads
    assert path.exists()
