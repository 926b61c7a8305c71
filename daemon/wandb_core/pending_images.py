"""Images that came as scanlines: make their files, complete the calls they belong to.

```
log call with raw images ─► PNG, written below files/media/ ─► the call with path,
   scanlines: <run>/tmp/pixels/…                               sha256, size and files
```

It happens before a call is applied, so the log never names a file that is not there. A
crash at any point repeats it: the scanlines are removed after the call is in the log.
"""

import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from google.protobuf.message import DecodeError
from wandb_proto import json_codec, png
from wandb_proto.v1 import record_pb2 as pb

from wandb_core.model import IncomingBatch

HASH_CHARACTERS = 20
ENCODERS = 2
"""Threads that compress the images of one call at the same time."""

_MARK = png.SCANLINES_SUFFIX.encode()


class PendingImages:
    """The unfinished images of one log. Blocks; one thread at a time."""

    def __init__(self, log_path: Path) -> None:
        self.lost: list[str] = []
        """What could not be made, for the user."""
        self._directory = log_path.parent
        self._pixels_dir = self._directory / "tmp" / "pixels"
        self._spent: list[Path] = []

    def complete(
        self, batches: Iterable[IncomingBatch], next_sequence: Callable[[str], int]
    ) -> list[IncomingBatch]:
        """The same batches with all images made.

        next_sequence: of a stream; what is below is in the log, and left as it is.

        Raises:
            OSError: a file cannot be written; nothing is lost, call it again.
        """
        return [
            self._complete_batch(batch, next_sequence(batch.stream_id))
            if any(_MARK in record for record in batch.records)
            else batch
            for batch in batches
        ]

    def remove_spent(self) -> None:
        """Remove the scanlines of the calls that are in the log now."""
        for path in self._spent:
            path.unlink(missing_ok=True)
        self._spent.clear()

    def remove_all(self) -> None:
        """After the last writer: what a crash of core has left there."""
        shutil.rmtree(self._pixels_dir, ignore_errors=True)

    def _complete_batch(self, batch: IncomingBatch, known: int) -> IncomingBatch:
        records = [
            self._complete_record(record)
            if sequence >= known and _MARK in record
            else record
            for sequence, record in enumerate(batch.records, batch.first_sequence)
        ]
        return replace(batch, records=tuple(records))

    def _complete_record(self, data: bytes) -> bytes:
        try:
            record = pb.Record.FromString(data)
            call = record.request.log
            if not record.request.HasField("log") or not call.raw_image:
                return data  # the mark stands in a user's text
            values = json_codec.loads(call.data_json)
        except (DecodeError, ValueError, RecursionError):
            return data  # whoever applies it says so
        with ThreadPoolExecutor(ENCODERS) as encoders:
            made = list(encoders.map(self._make, call.raw_image))
        for raw, file in zip(call.raw_image, made, strict=True):
            if file is None:
                self.lost.append(".".join(raw.place))
                _remove(values, list(raw.place))
                continue
            _fill_in(values, list(raw.place), *file)
            call.files.add(
                path=file[0], policy=pb.FilesItem.NOW, type=pb.FilesItem.MEDIA
            )
        self._spent += [self._directory / raw.scanlines for raw in call.raw_image]
        call.data_json = json_codec.dumps(values)
        call.ClearField("raw_image")
        return record.SerializeToString()

    def _make(self, raw: pb.RawImage) -> tuple[str, str, int] | None:
        """Path, sha256 and size of the image's file; None: its scanlines are gone."""
        scanlines = self._read(raw)
        if scanlines is None or not _is_inside(raw.name_prefix):
            return None
        content = png.compress(scanlines, raw.width, raw.height, raw.channels)
        sha256 = hashlib.sha256(content).hexdigest()
        name = f"{raw.name_prefix}{sha256[:HASH_CHARACTERS]}{raw.name_suffix}"
        target = self._directory / "files" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = self._pixels_dir / f"{secrets.token_hex(8)}.part"
        try:
            partial.write_bytes(content)
            os.replace(partial, target)
        except OSError:
            partial.unlink(missing_ok=True)
            raise
        return name, sha256, len(content)

    def _read(self, raw: pb.RawImage) -> bytes | None:
        size = png.scanlines_size(raw.width, raw.height, raw.channels)
        if not _is_inside(raw.scanlines) or raw.channels not in png.COLOUR_TYPES:
            return None
        try:
            with (self._directory / raw.scanlines).open("rb") as file:
                file.seek(raw.offset)
                scanlines = file.read(size)
        except FileNotFoundError:
            return None
        return scanlines if len(scanlines) == size else None


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts


def _fill_in(values: Any, place: list[str], path: str, sha256: str, size: int) -> None:
    """Complete the object at a place, or the file name in a list."""
    level, last = _level_above(values, place)
    below = level[last]
    if isinstance(below, dict):
        below.update(path=path, sha256=sha256, size=size)
    else:
        level[last] = path


def _remove(values: Any, place: list[str]) -> None:
    """Take away an object that has no file; in a list, null stays in its place."""
    level, last = _level_above(values, place)
    if isinstance(level, dict):
        del level[last]
    else:
        level[last] = None


def _level_above(values: Any, place: list[str]) -> tuple[Any, Any]:
    level = values
    for part in place[:-1]:
        level = level[int(part)] if isinstance(level, list) else level[part]
    last = place[-1]
    return level, int(last) if isinstance(level, list) else last
