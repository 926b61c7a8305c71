"""What logging a table leaves behind: a media file, an artifact, the row's object.

```
<run>/files/media/table/<key>_<step>_<hash>.table.json      media form
artifact run-<id>-<key>, type run_table: <key>.table.json   typed form, media of cells
row: {"_type": "table-file", "path", …, "artifact_path", "_latest_artifact_path"}
```
"""

import base64
import re
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_proto import json_codec

from wandb._terminal import termwarn
from wandb.sdk.data_types.media_files import MediaPlace, store_content
from wandb.sdk.data_types.table_cells import media_cell
from wandb.sdk.data_types.table_typed import limited, table_to_json

if TYPE_CHECKING:
    from wandb.sdk.data_types.table import Table
    from wandb.sdk.wandb_run import Run

ARTIFACT_TYPE = "run_table"
INCREMENT_TYPE = "wandb-run-incremental-table"
_UNSAFE = re.compile(r"[^a-zA-Z0-9_\-.]")
NAME_CHARACTERS_MAX = 128


@dataclass(frozen=True, slots=True)
class LoggedTable:
    """What was logged of a table, so that the same is not logged twice."""

    run_id: str
    generation: int
    stored: dict[str, Any]
    """The object in the row."""
    row_count: int = 0
    increment_paths: tuple[str, ...] = ()


def log_table(table: "Table", run: "Run", key: str, step: int | str) -> LoggedTable:
    """Write what a row's object refers to, unless this very table is there already.

    Raises:
        OSError: the media file cannot be written.
        ValueError: too many rows, and the setting says to raise.
    """
    known: LoggedTable | None = table._logged
    if known is not None and known.run_id != run.id:
        known = None
    if known is not None and _is_final(table, known):
        return known
    if table.log_mode == "INCREMENTAL":
        return _log_increment(table, run, key, step, known)
    stored = {**_media_object(table, run, key, step, table.data), "_type": "table-file"}
    stored |= _artifact_paths(run, table, key, key)
    return LoggedTable(run.id, table._generation, stored, len(table.data))


def _is_final(table: "Table", known: LoggedTable) -> bool:
    if table._generation == known.generation:
        return True
    if table.log_mode == "IMMUTABLE":
        termwarn(
            "You are mutating a Table with log_mode='IMMUTABLE' that has been logged "
            "already. Subsequent log() calls will have no effect. Set "
            "log_mode='MUTABLE' to enable re-logging after mutations",
            repeat=False,
        )
        return True
    return False


def _log_increment(
    table: "Table", run: "Run", key: str, step: int | str, known: LoggedTable | None
) -> LoggedTable:
    """The rows since the last time, as an entry of their own."""
    earlier = known.increment_paths if known else ()
    rows = table.data[known.row_count if known else 0 :]
    increment = {
        "increment_num": len(earlier),
        "previous_increments_paths": list(earlier),
    }
    stored = _media_object(table, run, key, step, rows) | increment
    stored |= {"_type": "incremental-table-file", "nrows": len(table.data)}
    number = len(earlier) if earlier else None
    entry = f"{number}-{int(time.time() * 1000)}.{key}"
    paths = _artifact_paths(run, table, key, entry, rows, increment)
    made = (*earlier, paths["artifact_path"]) if paths else earlier
    return LoggedTable(run.id, table._generation, stored | paths, len(table.data), made)


def _media_object(
    table: "Table", run: "Run", key: str, step: int | str, rows: Sequence[Any]
) -> dict[str, Any]:
    shown = limited(rows, table.MAX_ROWS, run._settings)
    data = [[media_cell(cell) for cell in row] for row in shown]
    content = json_codec.dumps({"columns": table.columns, "data": data})
    place = MediaPlace("table", key, step, "table.json")
    return {
        **store_content(run, place, content).to_json(),
        "ncols": len(table.columns),
        "nrows": len(table.data),
        "log_mode": table.log_mode,
    }


def _artifact_paths(
    run: "Run",
    table: Any,
    key: str,
    entry: str,
    rows: Sequence[Any] | None = None,
    increment: dict[str, Any] | None = None,
) -> dict[str, str]:
    """Log the artifact; where that fails the table is on the page without it."""
    if run.offline and not run._settings.allow_offline_artifacts:
        return {}
    try:
        if increment is None:
            return log_value(run, table, key, entry)
        return _log_rows(run, table, key, entry, rows or (), increment)
    except OSError as problem:
        termwarn(
            f"the table {key!r} is logged without its artifact, which cannot be "
            f"written: {problem}"
        )
        return {}


def log_value(run: "Run", value: Any, key: str, entry: str) -> dict[str, str]:
    """Log a value as an artifact of the run; returns its paths for the row.

    Raises:
        OSError: it cannot be written.
    """
    from wandb.sdk.artifacts.artifact import Artifact

    artifact = Artifact(artifact_name(f"run-{run.id}-{key}"), ARTIFACT_TYPE)
    name = artifact.add(value, entry).path
    run.log_artifact(artifact)
    return client_paths(artifact, name)


def _log_rows(
    run: "Run",
    table: "Table",
    key: str,
    entry: str,
    rows: Sequence[Any],
    increment: dict[str, Any],
) -> dict[str, str]:
    from wandb.sdk.artifacts.artifact import Artifact

    name = artifact_name(f"run-{run.id}-incr-{key}")
    artifact = Artifact(name, INCREMENT_TYPE, incremental=True)
    stored = table_to_json(table, artifact, rows) | increment
    entry_name = table.with_suffix(entry)
    with artifact.new_file(entry_name, mode="wb") as file:
        file.write(json_codec.dumps(stored))
    run.log_artifact(artifact)
    return client_paths(artifact, entry_name)


def client_paths(artifact: Any, entry: str) -> dict[str, str]:
    """Addresses of an entry, valid before the server gives the artifact an id."""
    scheme = "wandb-client-artifact://"
    return {
        "artifact_path": f"{scheme}{artifact._client_id}/{entry}",
        "_latest_artifact_path": (
            f"{scheme}{artifact._sequence_client_id}:latest/{entry}"
        ),
    }


def artifact_name(name: str) -> str:
    """A name that artifacts may have; where it changes, a checksum keeps it unique."""
    safe = _UNSAFE.sub("", name)
    if safe == name and len(name) <= NAME_CHARACTERS_MAX:
        return name
    digest = zlib.crc32(name.encode("utf-8", "replace")).to_bytes(4, "big")
    mark = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return f"{safe[: NAME_CHARACTERS_MAX - len(mark) - 1]}-{mark}"
