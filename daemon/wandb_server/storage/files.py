"""Files of runs: their names are data, their bytes are objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select

from wandb_server.model.runs import RunFile
from wandb_server.storage.database import in_pieces, upsert
from wandb_server.storage.schema import files

FILES_COUNT_MAX = 100_000


def put_file(connection: Connection, values: dict[str, Any]) -> int | None:
    """Name an object (columns of `files`); the object that had the name before."""
    before = connection.scalar(_object(values["run_id"], values["name"]))
    changed = ["object_id", "size_bytes", "md5_base64", "mimetype", "updated_at"]
    upsert(connection, files, [values], changed)
    return None if before is None else int(before)


def object_of_file(connection: Connection, run_id: int, name: str) -> int | None:
    """The object that holds the file's bytes; None if there is no such file."""
    found: int | None = connection.scalar(_object(run_id, name))
    return found


def remove_file(connection: Connection, run_id: int, name: str) -> int | None:
    """Forget the name; the object that had it, None if there is no such file."""
    before = object_of_file(connection, run_id, name)
    named = (files.c.run_id == run_id) & (files.c.name == name)
    connection.execute(delete(files).where(named))
    return before


def list_files(
    connection: Connection, run_id: int, names: Sequence[str], pattern: str | None
) -> list[RunFile]:
    """By name; only those in `names` (if any are given) and LIKE the pattern."""
    statement = select(files).where(files.c.run_id == run_id)
    if pattern is not None:
        statement = statement.where(files.c.name.like(pattern))
    statement = statement.order_by(files.c.name).limit(FILES_COUNT_MAX)
    pieces = [files.c.name.in_(piece) for piece in in_pieces(names)]
    found: list[RowMapping] = []
    for statement_of_piece in [statement.where(p) for p in pieces] or [statement]:
        found.extend(connection.execute(statement_of_piece).mappings().all())
    return [
        RunFile(
            name=row["name"],
            size_bytes=row["size_bytes"],
            md5_base64=row["md5_base64"],
            mimetype=row["mimetype"],
            updated_at=row["updated_at"],
        )
        for row in sorted(found, key=lambda row: str(row["name"]))
    ]


def _object(run_id: int, name: str) -> Any:
    named = (files.c.run_id == run_id) & (files.c.name == name)
    return select(files.c.object_id).where(named)
