"""Which logs still have to go where, so that any later core can go on with them.

```
backlog_dir/
    <sha256 of the log's path, 32 hex>.json
                              {version, log_path, run_id, target, started_at}
```

One file per log, made in one step: no two processes ever write the same one with
different content, and a damaged entry costs that entry alone.
"""

import hashlib
import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path

from google.protobuf import json_format
from wandb_proto import json_codec
from wandb_proto.places import make_private
from wandb_proto.v1.record_pb2 import UploadTarget

_log = logging.getLogger(__name__)

_VERSION = 1


@dataclass(frozen=True, slots=True)
class BacklogEntry:
    """A log that is not completely uploaded, as far as known."""

    log_path: Path
    run_id: str
    target: UploadTarget
    started_at: float = 0.0
    """When the run began with this log, in unix seconds; 0: unknown."""


@dataclass(frozen=True, slots=True)
class BacklogDamage:
    """An entry that cannot be read; its log is still where it was."""

    path: Path
    reason: str


class Backlog:
    """The entries of one installation; every method reads or writes the disk."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reported: set[Path] = set()

    def add(
        self,
        log_path: Path,
        run_id: str,
        target: UploadTarget,
        started_at: float = 0.0,
    ) -> None:
        """Remember the log; idempotent. Survives a loss of power.

        Raises:
            OSError: the state directory cannot be written.
        """
        self._directory.parent.mkdir(parents=True, exist_ok=True)
        make_private(self._directory)
        path = self._path_of(log_path)
        text = json_codec.dumps(
            {
                "version": _VERSION,
                "log_path": str(log_path),
                "run_id": run_id,
                "target": json_format.MessageToDict(target),
                "started_at": started_at,
            }
        )
        temporary = path.with_name(path.name + ".new")
        with temporary.open("wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)

    def remove(self, log_path: Path) -> None:
        """Forget the log; idempotent."""
        self._path_of(log_path).unlink(missing_ok=True)

    def entries(self) -> list[BacklogEntry]:
        """All readable entries whose log still exists, oldest first.

        Damaged ones are reported once and stay where they are; entries of logs that
        were deleted are removed.
        """
        found: list[tuple[float, BacklogEntry]] = []
        for path in sorted(self._directory.glob("*.json")):
            try:
                entry = _read(path)
                written_at = path.stat().st_mtime
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                self._report(path, error)
                continue
            if entry.log_path.exists():
                found.append((entry.started_at or written_at, entry))
            elif entry.log_path.parent.parent.exists():  # else: a disk not mounted
                _log.warning("backlog_log_gone path=%s", entry.log_path)
                path.unlink(missing_ok=True)
        found.sort(key=lambda pair: (pair[0], str(pair[1].log_path)))
        return [entry for _, entry in found]

    def damaged(self) -> list[BacklogDamage]:
        """Entries that cannot be read, for the status report."""
        damages = []
        for path in sorted(self._directory.glob("*.json")):
            try:
                _read(path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError) as error:
                damages.append(BacklogDamage(path, str(error)))
        return damages

    def _path_of(self, log_path: Path) -> Path:
        mark = hashlib.sha256(os.fsencode(log_path)).hexdigest()[:32]
        return self._directory / f"{mark}.json"

    def _report(self, path: Path, error: Exception) -> None:
        if path not in self._reported:
            self._reported.add(path)
            _log.warning("backlog_entry_damaged path=%s reason=%s", path, error)


def _read(path: Path) -> BacklogEntry:
    found = json.loads(path.read_bytes())
    if found["version"] != _VERSION:
        raise ValueError(f"version {found['version']} is not known")
    try:
        target = json_format.ParseDict(
            found["target"], UploadTarget(), ignore_unknown_fields=True
        )
    except json_format.ParseError as error:
        raise ValueError(str(error)) from error
    return BacklogEntry(
        Path(found["log_path"]),
        str(found["run_id"]),
        target,
        float(found.get("started_at", 0.0)),
    )
