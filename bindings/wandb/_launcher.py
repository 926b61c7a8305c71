"""Find the core daemon of this user, or start it.

```
lock held?  ── yes ─► address file ─► here it is
    │ no              (not there yet: core is starting, wait)
    ▼
start lock ─► spawn `python -m wandb_core serve`, detached ─► wait for lock and address
    │ somebody else holds it: wait with them
```
"""

import fcntl
import importlib.util
import logging
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from wandb_proto.core_place import CoreAddress, core_lives, read_address
from wandb_proto.places import Places, make_private

_log = logging.getLogger(__name__)

START_WAIT_S = 10.0
_POLL_S = 0.01

_NOT_FOR_CORE = (
    "WANDB_API_KEY",
    "WANDB_SERVICE",
    "PYTHONSTARTUP",
    "PYTHONINSPECT",
    "COVERAGE_PROCESS_START",
)
"""Variables of one script. Core serves all scripts of the user, and lives longer."""

_DETACH = """
import os, sys
if pid := os.fork():
    os.write(1, str(pid).encode())
    os._exit(0)
os.setsid()
os.chdir("/")
os.dup2(2, 1)
os.execv(sys.argv[1], sys.argv[1:])
"""


class CoreUnavailable(ConnectionError):
    """Core cannot be reached or started; the message says what to do."""


def ensure_core(
    places: Places, environ: Mapping[str, str], wait_s: float = START_WAIT_S
) -> CoreAddress:
    """Core's address, after starting it if nobody else does.

    Does not talk to core: a stopped one has an address too.

    Raises:
        CoreUnavailable: it did not start within wait_s, or has no place to run.
    """
    deadline = time.monotonic() + wait_s
    try:
        make_private(places.runtime_dir)
    except OSError as error:
        raise CoreUnavailable(f"core cannot run here: {error}") from error
    start_lock = _StartLock(places.runtime_dir / "core.start")
    spawned = 0
    try:
        while True:
            if core_lives(places):
                if address := read_address(places):
                    return address
            elif start_lock.take():
                if not core_lives(places):
                    spawned = _spawn(places, environ)
            elif spawned and not _process_exists(spawned) and not core_lives(places):
                raise CoreUnavailable(_why_not(places, "core ended while it started"))
            if time.monotonic() > deadline:
                text = f"core did not start within {wait_s:.0f} s"
                raise CoreUnavailable(_why_not(places, text))
            time.sleep(_POLL_S)
    finally:
        start_lock.release()


def wait_until_gone(places: Places, wait_s: float) -> bool:
    """Wait for core's lock to be free; False after wait_s."""
    deadline = time.monotonic() + wait_s
    while core_lives(places):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


class _StartLock:
    """Held by the one process that is starting core; taken once at most."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def take(self) -> bool:
        """True if we hold it now and did not before."""
        if self._descriptor >= 0:
            return False
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _spawn(places: Places, environ: Mapping[str, str]) -> int:
    """Start core in a session of its own, no child of ours; returns its pid."""
    with suppress(FileNotFoundError):
        places.core_address.unlink()  # of a core that was killed
    command = detached([sys.executable, "-P", "-m", "wandb_core", "serve"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
    log = os.open(places.core_log, flags, 0o600)
    try:
        done = subprocess.run(
            command,
            env=clean_environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            check=True,
            timeout=START_WAIT_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CoreUnavailable(f"core cannot be started: {error}") from error
    finally:
        os.close(log)
    _log.debug("core_spawned runtime_dir=%s", places.runtime_dir)
    return int(done.stdout)


def detached(command: list[str]) -> list[str]:
    """The command, as no child of ours: in a session of its own, without our output.

    Its pid is printed, and at once it is done for who runs this.
    """
    return [sys.executable, "-I", "-S", "-c", _DETACH, *command]


def _process_exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """What processes of ours inherit: nothing of one script, and our sources."""
    cleaned = {key: environ[key] for key in environ if key not in _NOT_FOR_CORE}
    cleaned["GRPC_ENABLE_FORK_SUPPORT"] = "0"
    if roots := _source_roots():
        paths = [*roots, cleaned.get("PYTHONPATH", "")]
        cleaned["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return cleaned


def _source_roots() -> list[str]:
    """Where our packages lie, unless an interpreter finds them by itself."""
    roots = []
    for package in ("wandb_core", "wandb_proto"):
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin:
            root = str(Path(spec.origin).parents[1])
            if Path(root).name not in ("site-packages", "dist-packages"):
                roots.append(root)
    return list(dict.fromkeys(roots))


def _why_not(places: Places, problem: str) -> str:
    text = f"{problem}; its log: {places.core_log}"
    try:
        lines = places.core_log.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    # A traceback of a task group ends in a frame around what happened.
    told = [line.strip(" |+-") for line in lines if line.strip(" |+-")]
    return f"{text} ({told[-1][:300]})" if told else text
