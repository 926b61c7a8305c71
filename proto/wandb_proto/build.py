"""Which code is installed: bindings and core compare it when they meet."""

import hashlib
import importlib.util
import os
from functools import cache
from pathlib import Path

_PACKAGES = ("wandb_proto", "wandb_core")


@cache
def build_id() -> str:
    """12 hex digits that change when the installed core or contract changes.

    From names, sizes and modification times, not from contents: about a millisecond.
    Kept from the first call on: a process goes on naming the build it began with.
    """
    digest = hashlib.sha256()
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            for path in sorted(Path(folder).rglob("*.py")):
                found = os.stat(path)
                name = path.relative_to(folder)
                digest.update(f"{name}:{found.st_size}:{found.st_mtime_ns}".encode())
    return digest.hexdigest()[:12]
