"""Hosts that share a directory keep off each other's logs."""

import os
from pathlib import Path

import pytest
from wandb_core import owner_mark
from wandb_core.errors import LogOwnedElsewhere
from wandb_core.owner_mark import Machine, claim, living_owner, owner_path, release

NEAR = Machine("near", "boot-n")
FAR = Machine("far", "boot-f")


def test_a_log_of_a_living_host_is_refused(tmp_path: Path) -> None:
    log_path = tmp_path / "run-a.wandb"
    claim(log_path, FAR)

    with pytest.raises(LogOwnedElsewhere, match="host far"):
        claim(log_path, NEAR)
    assert living_owner(log_path, NEAR) == "far"


def test_a_mark_that_nobody_touches_any_more_does_not_count(tmp_path: Path) -> None:
    log_path = tmp_path / "run-a.wandb"
    claim(log_path, FAR)
    long_ago = owner_path(log_path).stat().st_mtime - owner_mark.STALE_S - 1
    os.utime(owner_path(log_path), (long_ago, long_ago))

    claim(log_path, NEAR)

    assert living_owner(log_path, FAR) == "near"


@pytest.mark.parametrize(
    "before",
    [Machine("near", "an earlier boot"), Machine("a container", "boot-n"), NEAR],
)
def test_the_same_machine_may_go_on(tmp_path: Path, before: Machine) -> None:
    log_path = tmp_path / "run-a.wandb"
    claim(log_path, before)

    claim(log_path, NEAR)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "null"])
def test_a_damaged_mark_is_none(tmp_path: Path, text: str) -> None:
    log_path = tmp_path / "run-a.wandb"
    owner_path(log_path).write_text(text)

    claim(log_path, NEAR)


def test_touching_keeps_it_alive_and_releasing_is_idempotent(tmp_path: Path) -> None:
    log_path = tmp_path / "run-a.wandb"
    claim(log_path, FAR)
    os.utime(owner_path(log_path), (1, 1))

    owner_mark.touch(log_path)

    assert living_owner(log_path, NEAR) == "far"
    release(log_path)
    release(log_path)
    owner_mark.touch(log_path)
    assert not owner_path(log_path).exists()


def test_this_machine_has_a_name() -> None:
    here = Machine.here()

    assert here.host
    assert here.is_same(here.host, here.boot_id)
