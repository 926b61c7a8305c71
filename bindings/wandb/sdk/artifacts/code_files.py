"""The source files that `run.log_code` takes."""

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb.sdk.artifacts.artifact import Artifact
from wandb.sdk.artifacts.validators import safe_name
from wandb.sdk.environment import find_program

if TYPE_CHECKING:
    from wandb.sdk.run_artifacts import RunArtifacts

Choose = Callable[..., bool]

OWN_FOLDERS = frozenset(("wandb", ".wandb"))
SKIPPED_FOLDERS = frozenset(("__pycache__", ".git", "node_modules"))


def code_artifact(
    run: "RunArtifacts",
    root: str | None,
    name: str | None,
    include_fn: Choose | None,
    exclude_fn: Choose | None,
) -> Artifact | None:
    """A draft with the chosen files below `root`; None without any."""
    folder = Path(root or ".").resolve()
    label = f"source-{run.project}-{_program(run)}"
    artifact = Artifact(safe_name(name or label), "code")
    included, excluded = include_fn or _is_code, exclude_fn or _never
    for path in _files(folder):
        if _ask(included, path, folder) and not _ask(excluded, path, folder):
            artifact.add_file(str(path), name=path.relative_to(folder).as_posix())
    return artifact if len(artifact.manifest) else None


def _program(run: "RunArtifacts") -> str:
    """Path of the script below the current directory; "None" if it is elsewhere."""
    path = os.path.abspath(find_program(run._settings).path)
    here = os.path.abspath(".")
    inside = os.path.relpath(path, here)
    return "None" if inside.startswith("..") or not os.path.isfile(path) else inside


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if name not in OWN_FOLDERS and name not in SKIPPED_FOLDERS
        )
        for name in sorted(names):
            yield Path(parent) / name


def _is_code(path: str) -> bool:
    name = os.path.basename(path)
    is_requirements = name.startswith("requirements") and name.endswith(".txt")
    return name.endswith(".py") or is_requirements or name.startswith("Dockerfile")


def _never(path: str) -> bool:
    return False


def _ask(choose: Choose, path: Path, root: Path) -> bool:
    """Functions of users take (path) or (path, root)."""
    return bool(choose(*(str(path), str(root))[: _argument_count(choose)]))


def _argument_count(choose: Choose) -> int:
    try:
        parameters: Any = inspect.signature(choose).parameters.values()
    except (TypeError, ValueError):  # written in C
        return 1
    positional = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
    )
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return 2
    return min(2, sum(p.kind in positional for p in parameters))
