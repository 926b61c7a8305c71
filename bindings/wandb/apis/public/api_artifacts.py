"""What `wandb.Api` says about artifacts."""

from typing import TYPE_CHECKING, Any

from wandb.errors import CommError
from wandb.sdk.artifacts.exceptions import NotFound

if TYPE_CHECKING:
    from wandb.apis.public.artifacts import (
        ArtifactCollection,
        ArtifactCollections,
        Artifacts,
        ArtifactType,
        ArtifactTypes,
    )
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.artifact import Artifact


class WrongType(CommError):
    """The version that was asked for is of another type."""


class ApiArtifacts:
    """Methods of `Api` about artifacts; `Api` is the only subclass."""

    if TYPE_CHECKING:
        client: GraphqlClient
        settings: dict[str, Any]

        @property
        def default_entity(self) -> str | None: ...

    def artifact(self, name: str, type: str | None = None) -> "Artifact":
        """One version by `[[entity/]project/]name:alias`.

        Raises:
            CommError: there is none, it is of another type, or no server answers.
            ValueError: the path makes no sense.
        """
        from wandb.sdk.artifacts.look_up import artifact_by_path, artifact_of_address

        if name.startswith(("wandb-artifact://", "wandb-client-artifact://")):
            artifact = artifact_of_address(self.client, name)[0]
        else:
            artifact = artifact_by_path(self.client, *self._artifact_place(name))
        if type is not None and artifact.type != type:
            raise WrongType(
                f"type {type} specified but this artifact is of type {artifact.type}"
            )
        return artifact

    def artifact_exists(self, name: str, type: str | None = None) -> bool:
        """Whether there is such a version."""
        try:
            self.artifact(name, type)
        except (NotFound, WrongType, ValueError):
            return False
        return True

    def artifacts(
        self,
        type_name: str,
        name: str,
        order: str | None = None,
        per_page: int = 50,
        tags: list[str] | None = None,
        start: str | None = None,
    ) -> "Artifacts":
        """The versions of a collection, newest first."""
        from wandb.apis.public.artifacts import Artifacts

        entity, project, collection = self._collection_place(name)
        return Artifacts(
            self.client,
            entity,
            project,
            collection,
            type_name,
            order=order,
            tags=[tags] if isinstance(tags, str) else tags,
            per_page=per_page,
            start=start,
        )

    def artifact_types(
        self, project: str | None = None, start: str | None = None
    ) -> "ArtifactTypes":
        """The types of a project."""
        from wandb.apis.public.artifacts import ArtifactTypes

        entity, name = self._project_place(project)
        return ArtifactTypes(self.client, entity, name, start=start)

    def artifact_type(
        self, type_name: str, project: str | None = None
    ) -> "ArtifactType":
        """One type of a project."""
        from wandb.apis.public.artifacts import ArtifactType

        entity, name = self._project_place(project)
        return ArtifactType(self.client, entity, name, type_name)

    def artifact_collections(
        self,
        project_name: str,
        type_name: str,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> "ArtifactCollections":
        """The collections of one type."""
        from wandb.apis.public.artifacts import ArtifactCollections

        entity, name = self._project_place(project_name)
        return ArtifactCollections(
            self.client, entity, name, type_name, order, per_page, start
        )

    def artifact_collection(self, type_name: str, name: str) -> "ArtifactCollection":
        """One collection by `[[entity/]project/]name`.

        Raises:
            ValueError: there is none of this type.
        """
        from wandb.apis.public.artifacts import ArtifactCollection

        place = self._collection_place(name)
        found = ArtifactCollection.fetch(self.client, *place, type_name)
        if found is None:
            raise ValueError(
                f"Could not find artifact collection {'/'.join(place)} of type "
                f"{type_name}"
            )
        return found

    def artifact_collection_exists(self, name: str, type: str) -> bool:
        """Whether there is such a collection."""
        try:
            self.artifact_collection(type, name)
        except ValueError:
            return False
        return True

    def _artifact_place(self, path: str) -> tuple[str, str, str]:
        from wandb.sdk.artifacts.look_up import parse_path

        entity = self.default_entity if path.count("/") < 2 else None
        return parse_path(path, entity, self.settings["project"])

    def _collection_place(self, path: str) -> tuple[str, str, str]:
        entity, project, name = self._artifact_place(path)
        return entity, project, name.partition(":")[0]

    def _project_place(self, path: str | None) -> tuple[str, str]:
        parts = [part for part in (path or "").split("/") if part]
        project = parts.pop() if parts else self.settings["project"]
        entity = parts.pop() if parts else self.default_entity
        if parts or not project or not entity:
            raise ValueError(f"The path {path!r} names no project; say entity/project")
        return entity, project
