"""What people do to core from outside: start it, ask it, stop it."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from wandb_proto import json_codec
from wandb_proto.core_place import CoreAddress, core_lives, read_address
from wandb_proto.places import Places, make_private
from wandb_proto.v1.core_service_pb2 import ListenRequest

from wandb_core.errors import CoreError
from wandb_core.receiver import CoreClient

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 60.0
POLL_S = 0.02

HIDDEN_VARIABLES = frozenset({"WANDB_API_KEY"})
"""Never in core's environment: a key belongs to the process that has it."""


def start(places: Places, environ: Mapping[str, str]) -> CoreAddress:
    """Start core unless it runs; returns when it can be reached.

    Raises:
        CoreError: it did not come up; the text names its log.
    """
    process: subprocess.Popen[bytes] | None = None
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        alive = core_lives(places)
        address = read_address(places)
        if alive and address is not None and _answers(address):
            return address
        if not alive and (process is None or process.poll() is not None):
            if process is not None and process.returncode:
                raise CoreError(f"core did not start; see {places.core_log}")
            process = _spawn(places, environ)
        if time.monotonic() > deadline:
            raise CoreError(f"core does not answer; see {places.core_log}")
        time.sleep(POLL_S)


def listen(places: Places, request: ListenRequest) -> tuple[str, str]:
    """Make the running core listen for other hosts; the address and token for them.

    Raises:
        CoreError: it cannot, or does not answer.
    """
    with _connect(places) as core:
        return core.listen(request)


def ask_status(places: Places) -> dict[str, Any] | None:
    """The status of the running core; None if there is none.

    Raises:
        CoreError: it lives but does not answer.
    """
    if not core_lives(places):
        return None
    with _connect(places) as core:
        found: dict[str, Any] = json_codec.loads(core.status_json())
    return found


def stop(places: Places, *, abort: bool, timeout_s: float = STOP_TIMEOUT_S) -> bool:
    """Stop the running core and wait until it is gone; False if there was none.

    The next one listens on this host only.

    Raises:
        CoreError: it does not answer, or does not go.
    """
    places.core_listen.unlink(missing_ok=True)
    if not core_lives(places):
        return False
    with _connect(places) as core:
        core.stop(abort=abort)
    deadline = time.monotonic() + timeout_s
    while core_lives(places):
        if time.monotonic() > deadline:
            raise CoreError(f"core has not stopped after {timeout_s:.0f} s")
        time.sleep(POLL_S)
    return True


def _spawn(places: Places, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    make_private(places.runtime_dir)
    clean = {key: text for key, text in environ.items() if key not in HIDDEN_VARIABLES}
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    log = os.open(places.core_log, flags, 0o600)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", "wandb_core", "serve"],
            env=clean,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


def _connect(places: Places) -> CoreClient:
    address = read_address(places)
    if address is None:
        raise CoreError("core is just starting or stopping; try again")
    return CoreClient(address.address, address.token)


def _answers(address: CoreAddress) -> bool:
    with CoreClient(address.address, address.token) as core:
        return core.answers()
