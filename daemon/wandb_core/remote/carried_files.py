"""Files of a process on another host, in core's copy of its run's directory.

```
<run directory>/
    files/…                                   where the uploader looks
    artifacts/staging/<client id, 32 chars>/  0, 1, 2 …: removed after the commit
    arriving/<hash of stream and name>.part   what has come so far of a file
```

A file appears in its place whole, checked and durable, or not at all; what was there is
replaced. Names come from strangers: none of them leads out of its folder.
"""

import errno
import fcntl
import hashlib
import os
import re
from pathlib import Path
from typing import Any

from wandb_proto.v1 import core_service_pb2 as service

from wandb_core.errors import StreamRefused, TransientError
from wandb_core.uploader.run_files import is_run_file_name

MANIFEST = "manifest"
PART_BYTES_MAX = 1 << 20
NAME_BYTES_MAX = 4096
_READ_BYTES = 1 << 20
_FOLDER = re.compile(r"[0-9A-Za-z]{32}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_NO_PLACE = (NotADirectoryError, IsADirectoryError, FileExistsError)
_NO_NAME = (errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ, errno.ELOOP)


class CarryBroken(TransientError):
    """What came does not fit together: the file is to be sent again."""


class CarriedFiles:
    """The files of one run that come from another host. Blocks."""

    def __init__(self, run_dir: Path) -> None:
        self._run_dir = run_dir

    def place(self, file: service.CarriedFile) -> Path:
        """Where the file belongs.

        Raises:
            StreamRefused: the name leads elsewhere, or is none.
        """
        if file.artifact:
            if is_number(file.name) or file.name == MANIFEST:
                return self.folder(file.artifact) / file.name
            raise StreamRefused(f"{file.name!r} is no name of an artifact's file")
        name = file.name
        if not is_run_file_name(name) or len(os.fsencode(name)) > NAME_BYTES_MAX:
            raise StreamRefused("it lies outside of the run's directory")
        files_dir = self._run_dir / "files"
        path = files_dir / name
        if path == files_dir or not _is_below(path, files_dir):
            raise StreamRefused("it lies outside of the run's directory")
        return path

    def folder(self, artifact: str) -> Path:
        """Where the files of an artifact belong; raises StreamRefused."""
        if not is_folder_name(artifact):
            raise StreamRefused(f"{artifact!r} is no id of an artifact")
        return self._run_dir / "artifacts" / "staging" / artifact

    def found(self, run_id: str, file: service.CarriedFile) -> tuple[int, bytes]:
        """How many of its first bytes are here, and their SHA-256.

        Raises:
            StreamRefused: see `place`.
            OSError: the disk fails.
        """
        for path in (self.place(file), self._partial(run_id, file)):
            try:
                with path.open("rb") as found:
                    size = os.fstat(found.fileno()).st_size
                    if size == file.byte_count or path.suffix == ".part":
                        return size, _digest(found, size).digest()
            except (FileNotFoundError, *_NO_PLACE):
                continue
        return 0, hashlib.sha256().digest()

    def open(
        self, run_id: str, file: service.CarriedFile, offset: int
    ) -> "ArrivingFile":
        """Take the file from offset on.

        Raises:
            StreamRefused: see `place`.
            CarryBroken: there is less than offset, or another call is at it.
            OSError: the disk fails.
        """
        place = self.place(file)
        is_whole = offset == file.byte_count > 0
        if is_whole and place.is_file() and place.stat().st_size == offset:
            return ArrivingFile(place, place, offset, offset)
        partial = self._partial(run_id, file)
        partial.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        return ArrivingFile(partial, place, file.byte_count, offset)

    def _partial(self, run_id: str, file: service.CarriedFile) -> Path:
        known = f"{run_id}\0{file.artifact}\0{file.name}".encode(errors="replace")
        name = hashlib.sha256(known).hexdigest()[:32]
        return self._run_dir / "arriving" / f"{name}.part"


class ArrivingFile:
    """A file on its way: what came is kept, whatever breaks off."""

    def __init__(self, path: Path, place: Path, byte_count: int, offset: int) -> None:
        """Internal; see `CarriedFiles.open`."""
        self._path = path
        self._place = place
        self._byte_count = byte_count
        self._is_there = path == place
        flags = os.O_RDONLY if self._is_there else os.O_RDWR | os.O_CREAT
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(descriptor, "rb" if self._is_there else "r+b")
        try:
            self._begin(offset)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, offset: int) -> None:
        if not self._is_there:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise CarryBroken("the file is being sent already") from error
        self._sha256 = _digest(self._file, offset)
        self._offset = self._file.tell()
        if self._offset != offset:
            raise CarryBroken(f"there are {self._offset} bytes of it, not {offset}")
        if not self._is_there:
            self._file.truncate(offset)

    def close(self) -> None:
        """Keep what came."""
        self._file.close()

    def add(self, offset: int, data: bytes) -> None:
        """Take the next piece.

        Raises:
            CarryBroken: it is not the next one, or the file gets longer than was said.
            OSError: the disk is full, or fails.
        """
        end = offset + len(data)
        if offset != self._offset or end > self._byte_count:
            raise CarryBroken(f"a piece at {offset}, where {self._offset} was due")
        if data:
            self._file.write(data)
            self._sha256.update(data)
            self._offset = end

    def finish(self, sha256: bytes) -> None:
        """Put the file into its place.

        Raises:
            CarryBroken: it is not the file that was meant; it begins anew.
            StreamRefused: its name is taken by a folder, or names one of a file.
            OSError: the disk is full, or fails.
        """
        is_it = self._sha256.digest() == sha256 and self._offset == self._byte_count
        if not is_it:
            if not self._is_there:
                self._file.truncate(0)
            raise CarryBroken("its SHA-256 is another one")
        if self._is_there:
            return
        self._file.flush()
        os.fsync(self._file.fileno())
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._path, self._place)
        except OSError as error:
            if not isinstance(error, _NO_PLACE) and error.errno not in _NO_NAME:
                raise
            self._path.unlink(missing_ok=True)
            raise StreamRefused(f"it has no place: {error.strerror}") from error


def is_folder_name(text: str) -> bool:
    """Whether this can be the beginning of an artifact's client id."""
    return _FOLDER.fullmatch(text) is not None


def is_number(text: str) -> bool:
    """Whether an artifact's file can be called so."""
    return _NUMBER.fullmatch(text) is not None


def _digest(file: Any, byte_count: int) -> Any:
    """Of the first bytes; leaves the file behind them."""
    sha256, left = hashlib.sha256(), byte_count
    while left > 0 and (data := file.read(min(left, _READ_BYTES))):
        sha256.update(data)
        left -= len(data)
    return sha256


def _is_below(path: Path, folder: Path) -> bool:
    """Also where somebody has put links into the folder."""
    return path.parent.resolve().is_relative_to(folder.resolve())
