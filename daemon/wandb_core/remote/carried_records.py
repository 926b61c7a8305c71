"""Records that name files of another host, as they may stand in a log here.

In what comes, an artifact's content is a number: the file of that number was carried
before. Every other path is of the other host, and is never followed here.
"""

import gzip
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from wandb_proto import json_codec
from wandb_proto.v1 import core_service_pb2 as service
from wandb_proto.v1 import record_pb2 as pb

from wandb_core.errors import StreamRefused
from wandb_core.remote.carried_files import (
    MANIFEST,
    CarriedFiles,
    is_folder_name,
    is_number,
)

ELSEWHERE = "another host:"
"""In front of a path: names no file here, and says why in the error about it."""

FOLDER_CHARACTERS = 32
MANIFEST_BYTES_MAX = 512 << 20
_MADE = "manifest.jl.gz"


class CarriedRecords:
    """Checks the records of one run. Blocks."""

    def __init__(self, files: CarriedFiles) -> None:
        self._files = files

    def checked(self, data: Iterable[bytes]) -> tuple[list[bytes], list[str]]:
        """The records with paths of this host, and the names of files that miss.

        Raises:
            StreamRefused: a record makes no sense, or is of another kind.
            OSError: the disk fails.
        """
        records, missing = [], list[str]()
        for one in data:
            try:
                record = pb.Record.FromString(one)
            except DecodeError as error:
                raise StreamRefused(f"no record: {error}") from error
            kind = record.WhichOneof("record_type")
            if kind == "files":
                missing += self._missing_files(record.files)
            elif kind == "artifact":
                missing += self._place_artifact(record.artifact)
            else:
                raise StreamRefused("only records that name files come this way")
            records.append(record.SerializeToString())
        return records, missing

    def _missing_files(self, record: pb.FilesRecord) -> list[str]:
        """A file for the end of the run comes when that is near."""
        return [
            item.path
            for item in record.files
            if item.policy != pb.FilesItem.END
            and not self._files.place(service.CarriedFile(name=item.path)).is_file()
        ]

    def _place_artifact(self, record: pb.ArtifactRecord) -> list[str]:
        manifest, name = record.manifest, record.client_id[:FOLDER_CHARACTERS]
        folder = self._files.folder(name) if is_folder_name(name) else None
        missing: list[str] = []
        for entry in manifest.contents:
            if entry.local_path:
                entry.local_path = _placed(entry.local_path, folder, missing)
        if manifest.manifest_file_path == MANIFEST and folder is not None:
            if not (folder / MANIFEST).is_file():
                return [*missing, MANIFEST]
            made = _write_manifest(folder, missing)
            manifest.manifest_file_path = str(made)
        elif manifest.manifest_file_path:
            manifest.manifest_file_path = f"{ELSEWHERE}{manifest.manifest_file_path}"
        return missing


def _placed(text: str, folder: Path | None, missing: list[str]) -> str:
    """A number's path here; the rest is marked."""
    if folder is None or not is_number(text):
        return f"{ELSEWHERE}{text}"
    path = folder / text
    if not path.is_file():
        missing.append(text)
    return str(path)


def _write_manifest(folder: Path, missing: list[str]) -> Path:
    """The carried manifest with paths of this host; the carried one stays."""
    target, partial = folder / _MADE, folder / f"{_MADE}.part"
    byte_count = 0
    try:
        with (
            gzip.open(folder / MANIFEST, "rb") as read,
            gzip.open(partial, "wb", compresslevel=1) as write,
        ):
            while line := read.readline(MANIFEST_BYTES_MAX):
                byte_count += len(line)
                if byte_count > MANIFEST_BYTES_MAX:
                    raise StreamRefused("a manifest of more than 512 MiB")
                entry: Any = json_codec.loads(line)
                path = entry.get("local_path")
                if path:
                    entry["local_path"] = _placed(str(path), folder, missing)
                write.write(json_codec.dumps(entry) + b"\n")
    except (ValueError, AttributeError, EOFError, gzip.BadGzipFile) as error:
        raise StreamRefused(f"its manifest makes no sense: {error}") from error
    os.replace(partial, target)
    return target
