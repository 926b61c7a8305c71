"""Downloaded contents by digest, so that nothing is fetched twice.

```
<WANDB_CACHE_DIR>/artifacts/
    obj/md5/<2 hex>/<30 hex>    whole contents, as verified
    tmp/<32 hex>-<size>.part    what a broken download got so far
```

The least recently used contents go first when it grows beyond its limit.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wandb.sdk.artifacts.digests import file_digest, hex_of
from wandb.sdk.artifacts.staging import copy_file

PARTIAL_AGE_S = 24 * 3600.0
"""Older parts of broken downloads are removed when room is made."""


@dataclass(frozen=True, slots=True)
class FileCache:
    """The cache below one directory; safe to use from several processes at once."""

    root: Path
    bytes_max: int

    def place(self, digest: str, size: int | None) -> Path:
        """Where the content with this base64 digest lies, if it does."""
        name = hex_of(digest)
        tail = "" if size is None else f"-{size}"
        return self.root / "obj" / "md5" / name[:2] / f"{name[2:]}{tail}"

    def copy_to(self, digest: str, size: int | None, target: Path) -> bool:
        """Copy a content to a path; False if it is not here, or is damaged."""
        place = self.place(digest, size)
        try:
            with arriving(target) as partial:
                copy_file(place, partial)
                if file_digest(partial) != digest:
                    place.unlink(missing_ok=True)
                    raise FileNotFoundError(place)
            os.utime(place)
        except OSError:
            return False
        return True

    def keep(self, partial: Path, digest: str, size: int | None) -> Path:
        """Take a verified file in, by moving it; where it lies now.

        Raises:
            OSError: it cannot be moved.
        """
        place = self.place(digest, size)
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(partial, place)
        return place

    @contextmanager
    def partial(
        self, digest: str, size: int | None
    ) -> Iterator[tuple[Path, IO[bytes]]]:
        """What a broken download of this content got so far, to be gone on with.

        Another process that fetches the same gets a file of its own.

        Raises:
            OSError: the directory cannot be written.
        """
        folder = self.root / "tmp"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{hex_of(digest)}-{size}.part"
        file = open(path, "ab+")  # noqa: SIM115
        if not _lock(file):
            file.close()
            path = path.with_name(f"{path.stem}.{os.getpid()}.part")
            file = open(path, "wb+")  # noqa: SIM115
        with file:
            yield path, file

    def clean_up(self, bytes_max: int | None = None) -> int:
        """Remove what was used least recently until the limit holds; bytes freed."""
        limit = self.bytes_max if bytes_max is None else bytes_max
        found = sorted(self._contents())
        total = sum(size for _, size, _ in found)
        freed = 0
        for _, size, path in found:
            if total - freed <= limit:
                break
            with suppress(OSError):
                path.unlink()
                freed += size
        return freed + self._remove_old_parts()

    def remove_parts(self) -> int:
        """Remove what broken downloads left; bytes freed."""
        freed = 0
        for path in (self.root / "tmp").glob("*.part"):
            with suppress(OSError):
                freed += path.stat().st_size
                path.unlink()
        return freed

    def size(self) -> int:
        """Bytes of all contents."""
        return sum(size for _, size, _ in self._contents())

    def _contents(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, path) of every content."""
        found = []
        for folder, _, names in os.walk(self.root / "obj"):
            for name in names:
                path = Path(folder) / name
                with suppress(OSError):
                    facts = path.stat()
                    found.append((facts.st_mtime, facts.st_size, path))
        return found

    def _remove_old_parts(self) -> int:
        newest = max((at for at, _, _ in self._contents()), default=0.0)
        freed = 0
        for path in (self.root / "tmp").glob("*.part"):
            with suppress(OSError):
                facts = path.stat()
                if facts.st_mtime < newest - PARTIAL_AGE_S:
                    path.unlink()
                    freed += facts.st_size
        return freed


def open_cache() -> FileCache:
    """The cache that the settings of this process mean."""
    from wandb.sdk.wandb_setup import setup

    session = setup()
    home = Path(session.environ.get("HOME") or Path.home())
    usual = session.environ.get("XDG_CACHE_HOME") or home / ".cache"
    folder = session.settings.cache_dir or Path(usual) / "wandb"
    limit = session.settings.artifact_cache_bytes_max
    return FileCache(Path(folder) / "artifacts", limit)


@contextmanager
def arriving(target: Path) -> Iterator[Path]:
    """A path beside the target, renamed to it at the end, or removed after an error.

    Raises:
        OSError: the directory cannot be made or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        yield partial
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _lock(file: IO[bytes]) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        return False
    try:
        # flock, not lockf: it tells apart two threads of one process too.
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
