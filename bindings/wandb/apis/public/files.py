"""Files of runs and artifacts at a server."""

import base64
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from wandb.apis.public.graphql_client import GraphqlClient
from wandb.apis.public.paging import Pages, inner
from wandb.errors import CommError
from wandb.sdk.artifacts.fetching import fetch
from wandb.sdk.artifacts.file_cache import arriving

RUN_FILES = """
query RunFiles($project: String!, $entity: String!, $name: String!, $cursor: String,
               $perPage: Int = 50, $names: [String] = [], $pattern: String) {
  project(name: $project, entityName: $entity) {
    internalId
    run(name: $name) {
      fileCount
      files(names: $names, after: $cursor, first: $perPage, pattern: $pattern) {
        edges {
          node { id name url directUrl sizeBytes mimetype updatedAt md5 } cursor
        }
        pageInfo { endCursor hasNextPage }
      }
    }
  }
}
"""

CREATE_RUN_FILES = """
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!,
                        $files: [String!]!) {
  createRunFiles(input: {
    entityName: $entity, projectName: $project, runName: $run, files: $files
  }) { runID uploadHeaders files { name uploadUrl } }
}
"""

DELETE_FILES = """
mutation DeleteFiles($files: [ID!]!) {
  deleteFiles(input: {files: $files}) { success }
}
"""

UPLOAD_TIMEOUT_S = 600.0


class File:
    """One file at a server; fields of the answer are attributes."""

    def __init__(self, client: GraphqlClient, fields: Mapping[str, Any]) -> None:
        self._client = client
        self.id: str = fields.get("id") or ""
        self.name: str = fields["name"]
        self.url: str = fields.get("url") or fields.get("directUrl") or ""
        self.direct_url: str = fields.get("directUrl") or self.url
        self.size: int = int(fields.get("sizeBytes") or 0)
        self.mimetype: str | None = fields.get("mimetype")
        self.updated_at: str | None = fields.get("updatedAt")
        self.md5: str | None = fields.get("md5")

    @property
    def path_uri(self) -> str:
        """The address in the object store, if the server tells it; else ""."""
        return self.direct_url if self.direct_url.startswith(("s3://", "gs://")) else ""

    def download(
        self,
        root: str = ".",
        replace: bool = False,
        exist_ok: bool = False,
        api: Any = None,
    ) -> IO[str]:
        """Bring the file below `root`; the open file.

        Raises:
            ValueError: it is there already, and neither replace nor exist_ok is set.
            CommError: it cannot be had.
        """
        path = Path(root) / self.name
        if Path(os.path.normpath(path)) == Path(os.path.normpath(root)):
            raise ValueError(f"{self.name!r} is no name of a file")
        if not Path(os.path.abspath(path)).is_relative_to(os.path.abspath(root)):
            raise ValueError(f"{self.name!r} lies outside of {root}")
        if path.exists() and not replace:
            if exist_ok:
                return path.open(encoding="utf-8")
            raise ValueError(
                "File already exists, pass replace=True to overwrite or exist_ok=True "
                f"to leave it as is and don't error: {path}"
            )
        try:
            with arriving(path) as new, new.open("wb+") as file:
                fetch(self.direct_url, file, self.size)
        except OSError as problem:
            raise CommError(f"{self.name} cannot be downloaded: {problem}") from problem
        return path.open(encoding="utf-8")

    def delete(self) -> None:
        """Delete it from the server."""
        self._client.ask(DELETE_FILES, {"files": [self.id]})

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<File {self.name} ({self.mimetype}) {self.size} bytes>"


class Files(Pages[File]):
    """The files of a run."""

    def __init__(
        self,
        client: GraphqlClient,
        place: Mapping[str, str],
        names: list[str] | None = None,
        pattern: str | None = None,
        per_page: int = 50,
    ) -> None:
        """`place`: entity, project and name of the run; `pattern` is one of SQL."""
        super().__init__(
            client,
            RUN_FILES,
            {**place, "names": names or [], "pattern": pattern},
            lambda data: inner(data, "project", "run", "files"),
            lambda edge: File(client, edge["node"]),
            per_page=per_page,
        )


def upload_file(
    client: GraphqlClient, place: Mapping[str, str], path: str, root: str
) -> str:
    """Put a file of this machine among those of a run; its name there.

    Raises:
        ValueError: it does not lie below root.
        CommError: the server does not take it.
        OSError: it cannot be read.
    """
    full, base = Path(os.path.abspath(path)), Path(os.path.abspath(root))
    if not full.is_relative_to(base):
        raise ValueError(f"{path} does not lie below {root}")
    name = full.relative_to(base).as_posix()
    variables = {
        "entity": place["entity"],
        "project": place["project"],
        "run": place["name"],
        "files": [name],
    }
    created = client.ask(CREATE_RUN_FILES, variables).get("createRunFiles") or {}
    urls = {file["name"]: file["uploadUrl"] for file in created.get("files") or ()}
    if name not in urls:
        raise CommError(f"The server names no place for {name}")
    url = urls[name]
    headers = dict(line.split(":", 1) for line in created.get("uploadHeaders") or ())
    if url.startswith("/"):
        url = client.base_url + url
    if url.startswith(client.base_url + "/") and client.api_key:
        token = base64.b64encode(f"api:{client.api_key}".encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    headers["Content-Length"] = str(full.stat().st_size)
    with full.open("rb") as content:
        request = urllib.request.Request(
            url, data=content, headers=headers, method="PUT"
        )
        try:
            urllib.request.urlopen(request, timeout=UPLOAD_TIMEOUT_S).close()
        except urllib.error.URLError as problem:
            raise CommError(f"{name} was not uploaded: {problem}") from problem
    return name
