"""Where the processes of one user on one machine meet.

```
runtime_dir/            0700, local; gone after a reboot
    core.lock           POSIX lock held by core while it lives
    core.json           address file: {pid, address, token, version, build, protocol}
    core.sock           core's gRPC socket
    core.listen         where core listens for other hosts; until `wandb core stop`
    core.identity       its certificate, key and secret for them
    core.log            what core has to say
    server.json         {url, pid, data_dir, version, socket} of the local server
    server.sock         the local server for core: HTTP over a Unix socket
spool_dir/              0700, memory file system if it has room
    <stream id>.ring    one per writing process
state_dir/              survives reboots
    backlog/<hash>.json which logs still have to go where
    ...
```

Everything is derived from environment variables given as a mapping, so that tests (and
several installations of one user) live side by side: `WANDB_RUNTIME_DIR`,
`WANDB_SPOOL_DIR`, `WANDB_STATE_DIR`, `WANDB_DATA_DIR`.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

SOCKET_PATH_BYTES_MAX = 100
"""Socket paths end at 108 bytes on Linux, 104 on macOS; beyond this we fall back."""


class PlaceNotPrivate(OSError):
    """A directory that must be ours alone is not: another owner, or open to others."""


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one installation. Making them is `make_private`'s job."""

    runtime_dir: Path
    spool_dirs: tuple[Path, ...]
    """Candidates, best first: memory file system, then local disk."""
    state_dir: Path
    data_dir: Path
    config_dir: Path

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Places":
        """Derive every directory; touches no file."""
        uid = os.getuid() if hasattr(os, "getuid") else 0
        home = Path(environ.get("HOME") or Path.home())
        runtime_dir = _runtime_dir(environ, uid)
        # Two installations of one user must not drain each other's rings.
        mark = hashlib.sha256(str(runtime_dir).encode()).hexdigest()[:8]
        xdg = partial(_xdg, environ, home)
        if spool := environ.get("WANDB_SPOOL_DIR"):
            spool_dirs: tuple[Path, ...] = (Path(spool),)
        else:
            name = f"wandb-{uid}-{mark}"
            spool_dirs = (
                Path("/dev/shm") / name,
                Path(tempfile.gettempdir()) / f"{name}-spool",
            )
        return cls(
            runtime_dir=runtime_dir,
            spool_dirs=spool_dirs,
            state_dir=xdg("WANDB_STATE_DIR", "XDG_STATE_HOME", ".local/state"),
            data_dir=xdg("WANDB_DATA_DIR", "XDG_DATA_HOME", ".local/share"),
            config_dir=xdg("WANDB_CONFIG_DIR", "XDG_CONFIG_HOME", ".config"),
        )

    @property
    def core_lock(self) -> Path:
        return self.runtime_dir / "core.lock"

    @property
    def core_address(self) -> Path:
        return self.runtime_dir / "core.json"

    @property
    def core_log(self) -> Path:
        return self.runtime_dir / "core.log"

    @property
    def core_listen(self) -> Path:
        return self.runtime_dir / "core.listen"

    @property
    def core_identity(self) -> Path:
        return self.runtime_dir / "core.identity"

    @property
    def core_socket(self) -> Path:
        return self._socket("core.sock")

    @property
    def server_socket(self) -> Path:
        return self._socket("server.sock")

    @property
    def server_address(self) -> Path:
        return self.runtime_dir / "server.json"

    @property
    def backlog_dir(self) -> Path:
        return self.state_dir / "backlog"

    def _socket(self, name: str) -> Path:
        path = self.runtime_dir / name
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES_MAX:
            return path
        mark = hashlib.sha256(str(self.runtime_dir).encode()).hexdigest()[:12]
        uid = os.getuid() if hasattr(os, "getuid") else 0
        return Path(f"/tmp/wandb-{uid}-{mark}") / name


def make_private(directory: Path) -> Path:
    """Create the directory (0700) or check that it is ours alone; returns it.

    Raises:
        PlaceNotPrivate: it belongs to somebody else, is a link, or others may enter it.
        OSError: it cannot be created.
    """
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        pass
    found = os.lstat(directory)
    if not stat.S_ISDIR(found.st_mode):
        raise PlaceNotPrivate(f"{directory} is not a directory; remove it")
    if hasattr(os, "getuid"):
        if found.st_uid != os.getuid():
            raise PlaceNotPrivate(
                f"{directory} belongs to user {found.st_uid}, not to you; "
                "set WANDB_RUNTIME_DIR to a directory of your own"
            )
        if found.st_mode & 0o077:
            raise PlaceNotPrivate(
                f"{directory} is open to other users; run: chmod 700 {directory}"
            )
    return directory


def _runtime_dir(environ: Mapping[str, str], uid: int) -> Path:
    if chosen := environ.get("WANDB_RUNTIME_DIR"):
        return Path(chosen)
    if (session := environ.get("XDG_RUNTIME_DIR")) and os.path.isdir(session):
        return Path(session) / "wandb"
    return Path(tempfile.gettempdir()) / f"wandb-{uid}"


def _xdg(
    environ: Mapping[str, str], home: Path, own: str, shared: str, fallback: str
) -> Path:
    if chosen := environ.get(own):
        return Path(chosen)
    root = Path(environ[shared]) if environ.get(shared) else home / fallback
    return root / "wandb"
