"""Media files of a run: `<run>/files/media/<kind>/<key>_<step>_<hash>.<extension>`.

A file is complete when it has its name, and announced before a record refers to it.
"""

import hashlib
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from wandb_proto.v1 import record_pb2 as pb

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

HASH_CHARACTERS = 20
FILE_NAME_BYTES_MAX = 255
_COPY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class MediaPlace:
    """Where a media file of a run belongs; the hash of its content completes it."""

    kind: str
    """Directory below `media/`, such as `images` or `images/mask`."""
    key: str
    step: int | str
    extension: str
    """Without a leading dot; may hold dots, as in `mask.png`."""

    @property
    def prefix(self) -> str:
        """Of the name, up to the hash. The key cannot leave the directory."""
        parts = [_safe_part(part) for part in self.key.lstrip("/").split("/") if part]
        *folders, stem = parts or ["media"]
        tail = f"_{self.step}_"
        room = FILE_NAME_BYTES_MAX - len(tail) - len(self.suffix) - HASH_CHARACTERS
        stem = stem.encode()[:room].decode(errors="ignore")
        return str(PurePosixPath("media", self.kind, *folders, stem + tail))

    @property
    def suffix(self) -> str:
        """Of the name, behind the hash."""
        return f".{self.extension}"

    def name(self, sha256: str) -> str:
        """The whole name, relative to the run's files."""
        return f"{self.prefix}{sha256[:HASH_CHARACTERS]}{self.suffix}"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as its JSON object names it."""

    path: str
    sha256: str
    size: int

    def to_json(self) -> dict[str, str | int]:
        """The three keys that all file objects have."""
        return {"path": self.path, "sha256": self.sha256, "size": self.size}


def store_content(run: "Run", place: MediaPlace, content: bytes) -> StoredFile:
    """Write a media file of a run and announce it.

    Raises:
        OSError: it cannot be written.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    stored = StoredFile(place.name(sha256), sha256, len(content))
    target = Path(run.dir) / stored.path
    if not is_same_size(target, stored.size):
        with arriving(run) as partial:
            partial.write_bytes(content)
            _move(partial, target)
    announce(run, [stored.path])
    return stored


def store_copy(run: "Run", place: MediaPlace, source: Path) -> StoredFile:
    """Copy a file of the user's to a run's media and announce it.

    The hash is that of the copy, whatever happens to the source meanwhile.

    Raises:
        OSError: one of both cannot be read or written.
    """
    with arriving(run) as partial:
        sha256, size = _copy(source, partial)
        stored = StoredFile(place.name(sha256), sha256, size)
        _move(partial, Path(run.dir) / stored.path)
    announce(run, [stored.path])
    return stored


def store_link(run: "Run", place: MediaPlace, source: Path) -> StoredFile:
    """Like `store_copy`, with a symbolic link (setting `allow_media_symlink`)."""
    sha256, size = hash_file(source)
    stored = StoredFile(place.name(sha256), sha256, size)
    with arriving(run) as partial:
        partial.symlink_to(source.resolve())
        _move(partial, Path(run.dir) / stored.path)
    announce(run, [stored.path])
    return stored


def announce(run: "Run", names: list[str]) -> None:
    """Record that these files of the run are there, to be uploaded at once."""
    record = pb.Record()
    record._info.stream_id = run.id
    for name in names:
        record.files.files.add(
            path=name, policy=pb.FilesItem.NOW, type=pb.FilesItem.MEDIA
        )
    run._append(record.SerializeToString())


def open_new(path: str) -> io.FileIO:
    """Open a new file to write, unbuffered; its directory is made if need be."""
    try:
        return io.FileIO(path, "x")
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return io.FileIO(path, "x")


@contextmanager
def arriving(run: "Run") -> Iterator[Path]:
    """A name for a file on its way into the run's files, not among them yet.

    What a killed process leaves there is not uploaded as a file of the user's.
    """
    directory = Path(run.dir).parent / "tmp"
    directory.mkdir(parents=True, exist_ok=True)
    partial = directory / f"{secrets.token_hex(8)}.part"
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def _move(partial: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(partial, target)


def is_same_size(path: Path, size: int) -> bool:
    """Whether a file of that size is there: with the hash in its name, the same."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def _safe_part(part: str) -> str:
    """Dots alone would climb; control characters and NUL fit no file name."""
    if part in (".", ".."):
        return "_" * len(part)
    return "".join(c if c >= " " else "_" for c in part)


def _copy(source: Path, target: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read, target.open("wb") as write:
        while piece := read.read(_COPY_BYTES):
            digest.update(piece)
            write.write(piece)
            size += len(piece)
    shutil.copystat(source, target)
    return digest.hexdigest(), size


def hash_file(source: Path) -> tuple[str, int]:
    """SHA-256 of a file, as hex, and its size in bytes."""
    digest, size = hashlib.sha256(), 0
    with source.open("rb") as read:
        while piece := read.read(_COPY_BYTES):
            digest.update(piece)
            size += len(piece)
    return digest.hexdigest(), size
