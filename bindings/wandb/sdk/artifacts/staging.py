"""Where the content of an artifact waits on this machine until it is at the server.

```
<WANDB_DATA_DIR>/artifacts/staging/
    <first 32 characters of the artifact's client id>/
        0, 1, 2 …          one file each; core removes them after the commit
        manifest.jl.gz     entries of a large manifest, one JSON object per line
```

Files of policy "mutable" are copied, by cloning where the file system can share blocks:
the user may change them right after. Hard links would change with them.
"""

import itertools
import os
import shutil
import threading
import weakref
from pathlib import Path

from wandb.sdk.artifacts.digests import file_digest

FOLDER_CHARACTERS = 32
MANIFEST_FILE = "manifest.jl.gz"
_FICLONE = 0x40049409


class Staging:
    """The folder of one artifact; made with the first file.

    An artifact that is never logged takes its folder along when it is forgotten.
    """

    def __init__(self, data_dir: Path, client_id: str) -> None:
        self.folder = data_dir / "artifacts" / "staging" / client_id[:FOLDER_CHARACTERS]
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._owner_pid = os.getpid()
        self._cleanup: weakref.finalize[[Path, int], Staging] | None = None

    def new_path(self) -> Path:
        """A path for another file of the artifact.

        Raises:
            OSError: the folder cannot be made.
        """
        with self._lock:
            if self._cleanup is None:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._cleanup = weakref.finalize(
                    self, _remove, self.folder, self._owner_pid
                )
            return self.folder / str(next(self._numbers))

    def take(self, source: Path) -> tuple[Path, str, int]:
        """Copy a file in; the copy, its base64 digest and its size.

        Raises:
            OSError: the file cannot be read, or the copy not be written.
        """
        target = self.new_path()
        copy_file(source, target)
        return target, file_digest(target), target.stat().st_size

    def hand_over(self) -> None:
        """From now on core removes the files: a record of the run refers to them."""
        if self._cleanup is not None:
            self._cleanup.detach()


def copy_file(source: Path, target: Path) -> None:
    """Copy the content, sharing blocks with the source where that is possible.

    Raises:
        OSError: the file cannot be read, or the copy not be written.
    """
    if not _clone(source, target):
        shutil.copyfile(source, target)


def _clone(source: Path, target: Path) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    with open(source, "rb") as read, open(target, "wb") as write:
        try:
            fcntl.ioctl(write.fileno(), _FICLONE, read.fileno())
        except OSError:
            return False
    return True


def _remove(folder: Path, owner_pid: int) -> None:
    if os.getpid() == owner_pid:  # not in a forked child, whose parent may log it
        shutil.rmtree(folder, ignore_errors=True)
