"""The few functions on files that other packages import from here."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

StrPath = str | os.PathLike[str]


def mkdir_exists_ok(dir_name: StrPath) -> None:
    """Make the directory and those above it.

    Raises:
        FileExistsError: there is a file of that name.
        PermissionError: it cannot be made.
    """
    Path(dir_name).mkdir(parents=True, exist_ok=True)


@contextmanager
def safe_open(path: StrPath, mode: str = "r", **options: Any) -> Iterator[IO[Any]]:
    """Open a file; what is written replaces it in one step, if the block ends well."""
    if "w" not in mode:
        with open(path, mode, **options) as file:
            yield file
        return
    temporary = Path(f"{os.fspath(path)}.tmp-{os.getpid()}")
    try:
        with open(temporary, mode, **options) as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
