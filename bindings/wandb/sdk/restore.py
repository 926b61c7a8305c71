"""`wandb.restore`: a file of a run, downloaded from its server."""

import os
import shutil
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from wandb.errors import CommError

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

TIMEOUT_S = 60.0
_FILES = """
query RunFile($entity: String, $project: String!, $run: String!, $names: [String]) {
  project(name: $project, entityName: $entity) {
    run(name: $run) {
      files(names: $names, first: 1) { edges { node { name sizeBytes directUrl } } }
    }
  }
}
"""


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is on a server; entity None: the key's own."""

    entity: str | None
    project: str
    run_id: str

    @classmethod
    def parsed(cls, path: str, run: "Run | None") -> "RunPlace":
        """`entity/project/run`, or fewer parts beside the current run.

        Raises:
            ValueError: the path names no run.
        """
        parts = path.strip("/").split("/")
        entity = run.entity if run is not None else None
        project = run.project if run is not None else ""
        if len(parts) == 3 and all(parts):
            return cls(*parts)
        if len(parts) == 2 and all(parts):
            return cls(entity or None, *parts)
        if len(parts) == 1 and parts[0] and project:
            return cls(entity or None, project, parts[0])
        raise ValueError(f"run_path is {path!r}; it must be entity/project/run_id")

    def __str__(self) -> str:
        return "/".join(filter(None, (self.entity, self.project, self.run_id)))


def restore(
    name: str,
    run_path: str | None = None,
    replace: bool = False,
    root: str | None = None,
) -> IO[str] | None:
    """Download a file of a run, by default of the current one, and open it.

    A file that is there already is opened as it is, unless `replace`.

    Args:
        run_path: `entity/project/run_id`.
        root: where to put it; default: the run's directory, else the current one.

    Returns:
        The file, open for reading as text; None if the run is disabled.

    Raises:
        ValueError: there is no such file or no such run, or nothing says which run.
        CommError: the server cannot be reached.
    """
    import wandb

    return restore_file(name, wandb.run, run_path, replace=replace, root=root)


def restore_file(
    name: str,
    run: "Run | None",
    run_path: str | None,
    *,
    replace: bool,
    root: str | None,
) -> IO[str] | None:
    """`restore` for a run that may be none."""
    if run is not None and run.disabled:
        return None
    if run is None and run_path is None:
        raise ValueError(
            "Call wandb.init before wandb.restore, or say which run with run_path=…"
        )
    folder = Path(root or (run.dir if run is not None else os.getcwd()))
    target = _target(folder, name)
    if target.exists() and not replace:
        return target.open(encoding="utf-8", errors="surrogateescape")
    place = RunPlace.parsed(run_path, run) if run_path else _place_of(run)
    chosen = run is not None and "base_url" in run.settings.given
    base_url = run.settings.base_url if run is not None and chosen else None
    _download(_find(place, name, base_url), target)
    return target.open(encoding="utf-8", errors="surrogateescape")


def _place_of(run: "Run | None") -> RunPlace:
    assert run is not None
    if run.offline:
        raise ValueError("The run is offline: pass run_path=… to restore a file.")
    return RunPlace(run.entity or None, run.project, run.id)


def _target(folder: Path, name: str) -> Path:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError(f"{name!r} is no name of a run's file")
    return folder / path


def _find(place: RunPlace, name: str, base_url: str | None) -> str:
    """The address of the file."""
    from wandb.apis.public import Api

    api = Api({"base_url": base_url} if base_url else None)
    client = api.client
    variables = {
        "entity": place.entity or api.default_entity,
        "project": place.project,
        "run": place.run_id,
        "names": [name],
    }
    project: Any = client.ask(_FILES, variables).get("project")
    run = project and project.get("run")
    if not run:
        raise ValueError(f"There is no run {place} on {client.base_url}.")
    nodes = [edge["node"] for edge in run["files"]["edges"]]
    found = next((node for node in nodes if node["name"] == name), None)
    if found is None or not int(found["sizeBytes"] or 0):
        raise ValueError(f"Run {place} has no file {name!r}, or it is empty.")
    return str(found["directUrl"])


def _download(url: str, target: Path) -> None:
    """Whole or not at all: an interrupted download leaves nothing behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".restore-")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer,
        ):
            shutil.copyfileobj(answer, file)
        os.replace(temporary, target)
    except urllib.error.HTTPError as problem:
        problem.close()
        raise CommError(f"The file cannot be fetched: HTTP {problem.code}") from problem
    except OSError as problem:
        raise CommError(f"The file cannot be fetched: {problem}") from problem
    finally:
        Path(temporary).unlink(missing_ok=True)
