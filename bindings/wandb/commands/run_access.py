"""A run on the server as `pull` and `restore` need it: its files and what made it."""

import base64
import hashlib
import json
import os
import shutil
import tempfile
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import wandb
from wandb.errors import CommError

TIMEOUT_S = 60.0

_FILES = """
query RunFiles($entity: String, $project: String!, $run: String!, $after: String) {
  project(name: $project, entityName: $entity) { run(name: $run) {
    files(first: 500, after: $after) {
      edges { node { name directUrl sizeBytes md5 } }
      pageInfo { hasNextPage endCursor }
    }
  } }
}
"""
_ORIGIN = """
query RunOrigin($entity: String, $project: String!, $run: String!) {
  project(name: $project, entityName: $entity) { run(name: $run) { commit config } }
}
"""


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run, with an address that needs no key."""

    name: str
    url: str
    md5: str
    """Base64; "" if the server does not say it."""

    def save_below(self, folder: Path) -> bool:
        """Download it to its name below `folder`; False if it is there already.

        Raises:
            CommError: the name leads out of the folder, or the download fails.
        """
        parts = PurePosixPath(self.name).parts
        if not parts or ".." in parts or PurePosixPath(self.name).is_absolute():
            raise CommError(f"The file name {self.name!r} leads out of {folder}")
        path = folder.joinpath(*parts)
        if self.md5 and path.is_file() and _md5(path) == self.md5:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".pull-")
        try:
            with os.fdopen(handle, "wb") as target, self._open() as source:
                shutil.copyfileobj(source, target)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        return True

    def text(self) -> str:
        """Its content; bytes that are no UTF-8 are kept as surrogates."""
        with self._open() as source:
            return bytes(source.read()).decode("utf-8", errors="surrogateescape")

    def _open(self) -> Any:
        try:
            return urllib.request.urlopen(self.url, timeout=TIMEOUT_S)
        except OSError as problem:
            raise CommError(f"{self.name} cannot be fetched: {problem}") from problem


class RunAccess:
    """One run: `run`, `project:run`, `entity/project:run` or `entity/project/run`."""

    def __init__(self, path: str, entity: str | None, project: str | None) -> None:
        """
        Raises:
            CommError, ValueError: there is no such run, or the path names none.
        """
        self._api = wandb.Api(
            {k: v for k, v in (("entity", entity), ("project", project)) if v}
        )
        self.run = self._api.run(path.replace(":", "/") if "://" not in path else path)
        owner, name, run_id = self.run.path
        self._place = {"entity": owner, "project": name, "run": run_id}
        self.id = run_id

    def files(self) -> Iterator[RunFile]:
        """All files, page by page."""
        after = None
        while True:
            found = self._ask(_FILES, after=after)["files"]
            for edge in found["edges"]:
                node = edge["node"]
                url = node.get("directUrl")
                if url:
                    yield RunFile(node["name"], url, node.get("md5") or "")
            if not found["pageInfo"]["hasNextPage"]:
                return
            after = found["pageInfo"]["endCursor"]

    def origin(self) -> tuple[str, dict[str, Any]]:
        """(git commit or "", config as it is stored: key to `{"value": …}`)."""
        found = self._ask(_ORIGIN)
        config = json.loads(found.get("config") or "{}")
        return found.get("commit") or "", config

    def _ask(self, document: str, **more: Any) -> dict[str, Any]:
        data = self._api.client.ask(document, {**self._place, **more})
        run = (data.get("project") or {}).get("run")
        if run is None:
            raise CommError(f"There is no run {'/'.join(self._place.values())}")
        return dict(run)


def _md5(path: Path) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return base64.b64encode(digest.digest()).decode()
