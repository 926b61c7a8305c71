"""`wandb.Api`: the way in."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from wandb.apis.public import documents
from wandb.apis.public.api_artifacts import ApiArtifacts
from wandb.apis.public.graphql_client import GraphqlClient
from wandb.apis.public.runs import Project, Run, Runs
from wandb.errors import CommError


class Api(ApiArtifacts):
    """Read runs from a server.

    `overrides` may hold base_url, entity and project; what is missing comes from the
    settings, as for `wandb.init`. `timeout` is in seconds, per request.
    """

    def __init__(
        self,
        overrides: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        api_key: str | None = None,
    ) -> None:
        from wandb.sdk.public_settings import public_settings

        settings = public_settings(dict(overrides or {}), timeout, api_key)
        self.settings = {
            "base_url": settings.base_url,
            "entity": settings.entity,
            "project": settings.project,
        }
        self.client = GraphqlClient(
            settings.base_url, settings.api_key, settings.timeout_s
        )
        self._viewer: dict[str, Any] | None = None
        self._runs: dict[tuple[str, str, str], Run] = {}

    @property
    def viewer(self) -> dict[str, Any]:
        """The user whom the key belongs to: username, email, entity, …"""
        if self._viewer is None:
            self._viewer = self.client.ask(documents.VIEWER, {}).get("viewer") or {}
        return self._viewer

    @property
    def default_entity(self) -> str | None:
        """The entity that a path without one means."""
        return self.settings["entity"] or self.viewer.get("entity")

    def run(self, path: str = "") -> Run:
        """One run by `entity/project/id`, `project/id`, `id` or its page's address.

        Raises:
            CommError: there is no such run, or the server cannot be asked.
        """
        entity, project, name = self._parse(path, with_run=True)
        if not name:
            raise CommError(f"The path {path!r} names no run: entity/project/run_id")
        key = (entity, project, name)
        if key not in self._runs:
            self._runs[key] = Run.fetch(self.client, *key)
        return self._runs[key]

    def runs(
        self,
        path: str | None = None,
        filters: Mapping[str, Any] | None = None,
        order: str = "+created_at",
        per_page: int = 50,
        include_sweeps: bool = False,
        lazy: bool = True,
    ) -> Runs:
        """The runs of `entity/project`, fetched page by page as they are read.

        `filters` is a MongoDB-like object over state, config.X, summary_metrics.X, …
        `include_sweeps` and `lazy` are accepted and change nothing here.
        """
        entity, project, _ = self._parse(path or "", with_run=False)
        return Runs(self.client, entity, project, dict(filters or {}), order, per_page)

    def projects(
        self, entity: str | None = None, per_page: int = 200
    ) -> Sequence[Project]:
        """The projects of an entity, by default of the key's user."""
        owner = entity or self.default_entity
        data = self.client.ask(
            documents.PROJECTS, {"entity": owner, "perPage": per_page}
        )
        edges = (data.get("models") or {}).get("edges") or ()
        return [Project.of_node(edge["node"]) for edge in edges]

    def flush(self) -> None:
        """Forget cached answers: the next `run()` asks again."""
        self._runs.clear()
        self._viewer = None

    def _parse(self, path: str, *, with_run: bool) -> tuple[str, str, str]:
        text = urlsplit(path).path if "://" in path else path
        parts = [part for part in text.split("/") if part and part != "runs"]
        name = parts.pop() if with_run and parts else ""
        project = parts.pop() if parts else self.settings["project"]
        entity = parts.pop() if parts else self.default_entity
        if parts:
            raise ValueError(f"The path {path!r} has too many parts")
        if not entity or not project:
            raise ValueError(
                f"The path {path!r} names no project and none is configured; "
                "say entity/project" + ("/run_id" if with_run else "")
            )
        return entity, project, name
