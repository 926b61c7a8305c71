"""Find core or start it; with the real one."""

import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wandb._launcher import (
    CoreUnavailable,
    clean_environment,
    ensure_core,
    wait_until_gone,
)
from wandb_proto import PROTOCOL_VERSION
from wandb_proto.core_place import core_lives, read_address
from wandb_proto.places import Places, make_private

START_S = 30.0
"""Much more than core needs, for machines that are busy with other tests."""


@pytest.fixture
def ended(places: Places) -> Iterator[None]:
    """Whatever core the test has started is gone afterwards."""
    yield
    if core_lives(places) and (address := read_address(places)):
        os.kill(address.pid, signal.SIGKILL)
        assert wait_until_gone(places, 10.0)


@pytest.mark.usefixtures("ended")
def test_core_is_started_once_however_many_ask(
    places: Places, places_env: dict[str, str]
) -> None:
    assert not core_lives(places)
    with ThreadPoolExecutor(4) as pool:
        asked = [
            pool.submit(ensure_core, places, places_env, START_S) for _ in range(4)
        ]
        addresses = {future.result() for future in asked}

    (address,) = addresses
    assert core_lives(places)
    assert address.protocol == PROTOCOL_VERSION
    assert os.getsid(address.pid) != os.getsid(0)
    assert os.readlink(f"/proc/{address.pid}/cwd") == "/"
    assert ensure_core(places, places_env) == address


@pytest.mark.usefixtures("ended")
def test_a_killed_core_is_replaced(places: Places, places_env: dict[str, str]) -> None:
    first = ensure_core(places, places_env, START_S)
    os.kill(first.pid, signal.SIGKILL)
    assert wait_until_gone(places, 10.0)

    second = ensure_core(places, places_env, START_S)

    assert second.pid != first.pid
    assert second.token != first.token


@pytest.mark.usefixtures("ended")
def test_core_does_not_inherit_the_key(
    places: Places, places_env: dict[str, str]
) -> None:
    address = ensure_core(places, places_env | {"WANDB_API_KEY": "k" * 40}, START_S)

    environment = Path(f"/proc/{address.pid}/environ").read_bytes()
    assert b"WANDB_API_KEY" not in environment
    assert b"GRPC_ENABLE_FORK_SUPPORT=0" in environment


def test_a_core_that_cannot_be_started_is_a_clear_error(
    places: Places, places_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(CoreUnavailable, match="core cannot be started"):
        ensure_core(places, places_env)


def test_a_core_that_ends_at_once_is_told_with_its_last_words(
    places: Places, places_env: dict[str, str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    wrapper = tmp_path / "python"
    wrapper.write_text(
        f'#!/bin/sh\n[ "$1" = -P ] && {{ echo "no core today" >&2; exit 3; }}\n'
        f'exec {sys.executable} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(wrapper))

    with pytest.raises(CoreUnavailable, match=r"ended while it started.*no core today"):
        ensure_core(places, places_env, START_S)


def test_a_runtime_directory_open_to_others_is_refused(
    places: Places, places_env: dict[str, str]
) -> None:
    make_private(places.runtime_dir)
    places.runtime_dir.chmod(0o777)

    with pytest.raises(CoreUnavailable, match="open to other users"):
        ensure_core(places, places_env)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": "x"}'])
def test_a_damaged_address_file_counts_as_absent(places: Places, text: str) -> None:
    make_private(places.runtime_dir)
    places.core_address.write_text(text)

    assert read_address(places) is None


def test_processes_of_ours_find_our_sources(places_env: dict[str, str]) -> None:
    cleaned = clean_environment(places_env | {"PYTHONPATH": "/mine"})

    paths = cleaned["PYTHONPATH"].split(os.pathsep)
    assert paths[-1] == "/mine"
    assert (
        any((Path(path) / "wandb_core").is_dir() for path in paths) or len(paths) == 1
    )
