"""Runs as the public API shows them."""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from wandb_proto import json_codec

from wandb.apis.public import documents
from wandb.apis.public.graphql_client import GraphqlClient
from wandb.apis.public.run_history import RunHistory
from wandb.errors import CommError

if TYPE_CHECKING:
    from wandb.apis.public.artifacts import RunArtifacts
    from wandb.apis.public.files import File, Files
    from wandb.sdk.artifacts.artifact import Artifact


@dataclass(frozen=True, slots=True)
class Project:
    """A project as listed."""

    name: str
    entity: str
    created_at: str | None

    @classmethod
    def of_node(cls, node: Mapping[str, Any]) -> "Project":
        """Read one node of the server's list."""
        return cls(node["name"], node["entityName"], node.get("createdAt"))


class Run(RunHistory):
    """One run of a server, with what was known when it was fetched.

    Any field of the server's answer is an attribute too, in snake or camel case.
    """

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        fields: Mapping[str, Any],
    ) -> None:
        self._client = client
        self.entity = entity
        self.project = project
        self._fields = dict(fields)
        self._read_fields()

    @classmethod
    def fetch(
        cls, client: GraphqlClient, entity: str, project: str, name: str
    ) -> "Run":
        """Ask the server.

        Raises:
            CommError: there is no such run.
        """
        return cls(
            client, entity, project, _fetch_fields(client, entity, project, name)
        )

    def _read_fields(self) -> None:
        fields = self._fields
        self.id: str = fields["name"]
        self.storage_id: str = fields["id"]
        self.name: str = fields.get("displayName") or self.id
        self.state: str = fields["state"]
        self.tags: list[str] = list(fields.get("tags") or ())
        self.notes: str | None = fields.get("notes")
        self.group: str | None = fields.get("group")
        self.job_type: str | None = fields.get("jobType")
        self.user: Mapping[str, Any] = fields.get("user") or {}
        self.json_config: str = fields.get("config") or "{}"
        self.rawconfig: dict[str, Any] = {
            key: _unwrap(value)
            for key, value in json_codec.loads(self.json_config).items()
        }
        self.config: dict[str, Any] = {
            key: value
            for key, value in self.rawconfig.items()
            if not key.startswith("_")
        }
        self.summary_metrics: dict[str, Any] = _object(fields.get("summaryMetrics"))
        self.summary = Summary(self, self.summary_metrics)
        self.system_metrics: dict[str, Any] = _object(fields.get("systemMetrics"))

    def __getattr__(self, name: str) -> Any:
        fields = self.__dict__.get("_fields", {})
        head, *rest = name.split("_")
        camel = head + "".join(part.title() for part in rest)
        for spelling in (name, camel):
            if spelling in fields:
                return fields[spelling]
        raise AttributeError(f"a run has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<Run {'/'.join(self.path)} ({self.state})>"

    @property
    def path(self) -> list[str]:
        """`[entity, project, run id]`."""
        return [self.entity, self.project, self.id]

    @property
    def url(self) -> str:
        """The run's page."""
        return f"{self._client.base_url}/{self.entity}/{self.project}/runs/{self.id}"

    def load(self, force: bool = False) -> "Run":
        """Fetch again what the server knows now; without `force` nothing happens."""
        if force:
            self._fields = _fetch_fields(
                self._client, self.entity, self.project, self.id
            )
            self._read_fields()
        return self

    def update(self) -> None:
        """Send changed name, notes, tags, group, config and summary to the server."""
        hidden = {key: value for key, value in self.rawconfig.items() if key[:1] == "_"}
        wrapped = {k: {"value": value} for k, value in (self.config | hidden).items()}
        self._client.ask(
            documents.UPSERT_RUN,
            {
                "id": self.storage_id,
                "displayName": self.name,
                "notes": self.notes,
                "tags": self.tags,
                "groupName": self.group,
                "jobType": self.job_type,
                "config": json_codec.dumps(wrapped).decode(),
                "summaryMetrics": json_codec.dumps(dict(self.summary)).decode(),
            },
        )

    save = update

    def delete(self, delete_artifacts: bool = False) -> None:
        """Delete the run with its history and files from the server."""
        self._client.ask(documents.DELETE_RUN, {"id": self.storage_id})

    # ---- files and artifacts

    def files(
        self,
        names: list[str] | None = None,
        pattern: str | None = None,
        per_page: int = 50,
    ) -> "Files":
        """The run's files; with `names` only these, `pattern` as in SQL (`%`, `_`)."""
        from wandb.apis.public.files import Files

        return Files(self._client, self._place, names, pattern, per_page)

    def file(self, name: str) -> "File":
        """One file of the run.

        Raises:
            CommError: it has none of this name.
        """
        found = list(self.files([name]))
        if not found:
            raise CommError(f"Run {'/'.join(self.path)} has no file {name!r}")
        return found[0]

    @property
    def metadata(self) -> dict[str, Any] | None:
        """What `wandb-metadata.json` says of program, machine and git; None without it.

        Costs two requests each time.
        """
        name = "wandb-metadata.json"
        file = next(iter(self.files([name])), None)
        if file is None:
            return None
        with tempfile.TemporaryDirectory() as place, file.download(place) as content:
            return _object(content.read())

    def upload_file(self, path: str, root: str = ".") -> "File":
        """Put a file of this machine, below `root`, among those of the run."""
        from wandb.apis.public.files import upload_file

        return self.file(upload_file(self._client, self._place, path, root))

    def logged_artifacts(self, per_page: int = 100) -> "RunArtifacts":
        """The versions that the run made."""
        from wandb.apis.public.artifacts import RunArtifacts

        return RunArtifacts(self._client, self._place, "logged", per_page)

    def used_artifacts(self, per_page: int = 100) -> "RunArtifacts":
        """The versions that the run used."""
        from wandb.apis.public.artifacts import RunArtifacts

        return RunArtifacts(self._client, self._place, "used", per_page)

    def use_artifact(self, artifact: "Artifact", use_as: str | None = None) -> Any:
        """Note that the run used a version.

        Raises:
            ValueError: it is not at a server.
        """
        from wandb.sdk.artifacts.run_links import use_in_run

        return use_in_run(self._client, self._place, artifact)

    def log_artifact(
        self,
        artifact: "Artifact",
        aliases: Sequence[str] | None = None,
        tags: Sequence[str] | None = None,
    ) -> Any:
        """Count a version that a server has as made by this run.

        Raises:
            ValueError: it is not at a server: a draft is logged by `wandb.init`'s run.
        """
        from wandb.sdk.artifacts.run_links import log_in_run

        return log_in_run(self._client, self._place, artifact, aliases, tags)

    @property
    def _place(self) -> dict[str, str]:
        return {"entity": self.entity, "project": self.project, "name": self.id}

    def _ask(self, document: str, **variables: Any) -> dict[str, Any]:
        place = {"entity": self.entity, "project": self.project, "name": self.id}
        data = self._client.ask(document, place | variables)
        return _run_of(data, self.path)


class Summary(dict[str, Any]):
    """The summary of a run; `update` also sends it to the server."""

    def __init__(self, run: Run, values: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._run = run

    def update(self, *values: Any, **more: Any) -> None:
        """Change values, then send the whole summary to the server."""
        super().update(*values, **more)
        self._run.update()


class Runs(Sequence[Run]):
    """The runs of a project that match a filter, fetched page by page."""

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        filters: Mapping[str, Any],
        order: str,
        per_page: int,
    ) -> None:
        self._client = client
        self.entity = entity
        self.project = project
        self._variables = {
            "entity": entity,
            "project": project,
            "filters": json.dumps(filters),
            "order": order,
            "first": per_page,
        }
        self._known: list[Run] = []
        self._cursor: str | None = None
        self._more = True
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._fetch_page()
        return self._count or 0

    def __getitem__(self, index: Any) -> Any:
        wanted = len(self) if isinstance(index, slice) or index < 0 else index + 1
        while self._more and len(self._known) < wanted:
            self._fetch_page()
        return self._known[index]

    def __iter__(self) -> Iterator[Run]:
        position = 0
        while True:
            while self._more and position >= len(self._known):
                self._fetch_page()
            if position >= len(self._known):
                return
            yield self._known[position]
            position += 1

    def _fetch_page(self) -> None:
        data = self._client.ask(
            documents.RUNS, self._variables | {"after": self._cursor}
        )
        project = data.get("project")
        if project is None:
            raise ValueError(f"Could not find project {self.entity}/{self.project}")
        page = project["runs"]
        self._count = project["runCount"]
        for edge in page["edges"]:
            self._known.append(
                Run(self._client, self.entity, self.project, edge["node"])
            )
            self._cursor = edge["cursor"]
        self._more = bool(page["edges"]) and page["pageInfo"]["hasNextPage"]


def _fetch_fields(
    client: GraphqlClient, entity: str, project: str, name: str
) -> dict[str, Any]:
    place = {"entity": entity, "project": project, "name": name}
    return _run_of(client.ask(documents.RUN, place), [entity, project, name])


def _run_of(data: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    run: dict[str, Any] | None = (data.get("project") or {}).get("run")
    if run is None:
        raise CommError(f"Could not find run {'/'.join(path)}")
    return run


def _unwrap(value: Any) -> Any:
    return value.get("value") if isinstance(value, dict) and "value" in value else value


def _object(text: str | None) -> dict[str, Any]:
    value = json_codec.loads(text) if text else {}
    return value if isinstance(value, dict) else {}
