"""Types, collections and versions of artifacts, listed from a server."""

import json
from collections.abc import Mapping
from typing import Any

from wandb.apis.public import artifact_documents as documents
from wandb.apis.public.files import File
from wandb.apis.public.graphql_client import GraphqlClient
from wandb.apis.public.paging import Pages, inner
from wandb.sdk.artifacts.artifact import Artifact
from wandb.sdk.artifacts.documents import FILES
from wandb.sdk.artifacts.server_facts import (
    PORTFOLIO,
    SEQUENCE,
    Collection,
    read_artifact,
)


class ArtifactType:
    """A type, such as dataset or model, in one project."""

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        type_name: str,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        self.client = client
        self.entity = entity
        self.project = project
        self.type = type_name
        self._fields = dict(fields) if fields is not None else None

    @property
    def id(self) -> str:
        """Id at the server."""
        return str(self.load()["id"])

    @property
    def name(self) -> str:
        """The name of the type."""
        return self.type

    @property
    def description(self) -> str | None:
        """Text about the type."""
        return self.load().get("description")

    def load(self) -> dict[str, Any]:
        """Ask the server, once.

        Raises:
            ValueError: the project has no such type.
        """
        if self._fields is None:
            place = _place(self.entity, self.project, type=self.type)
            data = self.client.ask(documents.TYPE, place)
            found = inner(data, "project", "artifactType")
            if not found:
                raise ValueError(f"Could not find artifact type {self.type}")
            self._fields = dict(found)
        return self._fields

    def collections(
        self,
        filters: Mapping[str, Any] | None = None,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> "ArtifactCollections":
        """The collections of this type."""
        return ArtifactCollections(
            self.client, self.entity, self.project, self.type, order, per_page, start
        )

    def collection(self, name: str) -> "ArtifactCollection":
        """One collection of this type.

        Raises:
            ValueError: there is none.
        """
        found = ArtifactCollection.fetch(
            self.client, self.entity, self.project, name, self.type
        )
        if found is None:
            raise ValueError(f"Could not find artifact collection {name}")
        return found

    def __repr__(self) -> str:
        return f"<ArtifactType {self.type}>"


class ArtifactTypes(Pages[ArtifactType]):
    """The types of a project."""

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        def make(edge: dict[str, Any]) -> ArtifactType:
            node = edge["node"]
            return ArtifactType(client, entity, project, node["name"], node)

        super().__init__(
            client,
            documents.TYPES,
            _place(entity, project),
            lambda data: inner(data, "project", "artifactTypes"),
            make,
            per_page=per_page,
            start=start,
        )


class ArtifactCollection:
    """A name with its versions; changes are stored by `save`."""

    def __init__(self, client: GraphqlClient, fields: Mapping[str, Any]) -> None:
        self.client = client
        project = fields.get("project") or {}
        self.entity: str = inner(project, "entity", "name") or ""
        self.project: str = project.get("name") or ""
        self.id: str = fields["id"]
        self.created_at: str | None = fields.get("createdAt")
        self.updated_at: str | None = fields.get("updatedAt")
        self.name: str = fields["name"]
        self.description: str | None = fields.get("description")
        self.type: str = inner(fields, "type", "name") or ""
        self.tags: list[str] = [
            edge["node"]["name"] for edge in inner(fields, "tags", "edges") or ()
        ]
        self._kind: str = fields.get("__typename") or SEQUENCE
        self._saved = (self.name, self.description, self.type, tuple(self.tags))

    @classmethod
    def fetch(
        cls,
        client: GraphqlClient,
        entity: str,
        project: str,
        name: str,
        type_name: str,
    ) -> "ArtifactCollection | None":
        """The collection, or None if there is none of this type."""
        place = _place(entity, project, type=type_name, name=name)
        data = client.ask(documents.COLLECTION, place)
        found = inner(data, "project", "artifactType", "artifactCollection")
        return cls(client, found) if found else None

    @property
    def aliases(self) -> list[str]:
        """All aliases of its versions."""
        data = self.client.ask(documents.COLLECTION_ALIASES, {"id": self.id})
        edges = inner(data, "artifactCollection", "aliases", "edges") or ()
        return [edge["node"]["alias"] for edge in edges]

    def is_sequence(self) -> bool:
        """Whether versions are made here, not only linked."""
        return self._kind == SEQUENCE

    def artifacts(
        self, per_page: int = 50, start: str | None = None, **_more: Any
    ) -> "Artifacts":
        """Its versions, newest first."""
        return Artifacts(
            self.client,
            self.entity,
            self.project,
            self.name,
            self.type,
            per_page=per_page,
            start=start,
        )

    def change_type(self, new_type: str) -> None:
        """Give the collection another type."""
        fields = {
            "artifactSequenceID": self.id,
            "destinationArtifactTypeName": new_type,
        }
        self.client.ask(documents.MOVE_SEQUENCE, {"input": fields})
        self.type = new_type
        self._saved = (*self._saved[:2], new_type, self._saved[3])

    def save(self) -> None:
        """Store changed name, description, type and tags."""
        name, description, type_name, tags = self._saved
        if (self.name, self.description) != (name, description):
            is_sequence = self.is_sequence()
            id_field = "artifactSequenceID" if is_sequence else "artifactPortfolioID"
            document = (
                documents.UPDATE_SEQUENCE if is_sequence else documents.UPDATE_PORTFOLIO
            )
            fields = {
                id_field: self.id,
                "name": self.name,
                "description": self.description,
            }
            self.client.ask(document, {"input": fields})
        if self.type != type_name:
            self.change_type(self.type)
        self._save_tags(tags)
        self._saved = (self.name, self.description, self.type, tuple(self.tags))

    def delete(self) -> None:
        """Delete the collection with its versions (of a portfolio: its links)."""
        if self.is_sequence():
            fields = {"artifactSequenceID": self.id}
            self.client.ask(documents.DELETE_SEQUENCE, {"input": fields})
        else:
            fields = {"artifactPortfolioID": self.id}
            self.client.ask(documents.DELETE_PORTFOLIO, {"input": fields})

    def _save_tags(self, saved: tuple[str, ...]) -> None:
        for tags, document in (
            ([tag for tag in self.tags if tag not in saved], documents.ADD_TAGS),
            ([tag for tag in saved if tag not in self.tags], documents.DELETE_TAGS),
        ):
            if tags:
                fields = {
                    "entityName": self.entity,
                    "projectName": self.project,
                    "artifactCollectionName": self.name,
                    "tags": [{"tagName": tag} for tag in tags],
                }
                self.client.ask(document, {"input": fields})

    def __repr__(self) -> str:
        return f"<ArtifactCollection {self.name} ({self.type})>"


class ArtifactCollections(Pages[ArtifactCollection]):
    """The collections of one type in a project."""

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        type_name: str,
        order: str | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            client,
            documents.COLLECTIONS,
            _place(entity, project, type=type_name, order=order),
            lambda data: inner(data, "project", "artifactType", "artifactCollections"),
            lambda edge: ArtifactCollection(client, edge["node"]),
            per_page=per_page,
            start=start,
        )


class Artifacts(Pages[Artifact]):
    """The committed versions of a collection, newest first."""

    def __init__(
        self,
        client: GraphqlClient,
        entity: str,
        project: str,
        collection: str,
        type_name: str,
        *,
        order: str | None = None,
        tags: list[str] | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        filters: dict[str, Any] = {"state": "COMMITTED"}
        if tags:
            filters["tags"] = {"$in": list(tags)}
        place = Collection(entity, project, collection)

        def make(edge: dict[str, Any]) -> Artifact | None:
            return _version(client, edge, place, tags)

        super().__init__(
            client,
            documents.VERSIONS,
            _place(
                entity,
                project,
                type=type_name,
                collection=collection,
                order=order,
                filters=json.dumps(filters),
            ),
            lambda data: inner(
                data, "project", "artifactType", "artifactCollection", "artifacts"
            ),
            make,
            per_page=per_page,
            start=start,
        )


class RunArtifacts(Pages[Artifact]):
    """The versions that a run logged, or used."""

    def __init__(
        self,
        client: GraphqlClient,
        place: Mapping[str, str],
        mode: str = "logged",
        per_page: int = 50,
    ) -> None:
        """`place`: entity, project and name of the run; mode: logged or used."""
        used = mode == "used"
        super().__init__(
            client,
            documents.RUN_INPUTS if used else documents.RUN_OUTPUTS,
            place,
            lambda data: inner(data, "project", "run", "artifacts"),
            lambda edge: _own_version(client, edge["node"]),
            per_page=per_page,
        )


class ArtifactFiles(Pages[File]):
    """The stored files of a version."""

    def __init__(
        self,
        client: GraphqlClient,
        artifact: Artifact,
        names: list[str] | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> None:
        super().__init__(
            client,
            FILES,
            {"id": artifact.id, "names": names},
            lambda data: inner(data, "artifact", "files"),
            lambda edge: File(client, edge["node"]),
            per_page=per_page,
            start=start,
        )
        self.artifact = artifact

    @property
    def path(self) -> list[str]:
        """`[entity, project, name]`."""
        return [self.artifact.entity, self.artifact.project, self.artifact.name]


def _version(
    client: GraphqlClient,
    edge: Mapping[str, Any],
    place: Collection,
    tags: list[str] | None,
) -> Artifact | None:
    from dataclasses import replace

    facts = read_artifact(edge["node"])
    if tags and not set(tags) & set(facts.tags):  # a server that cannot filter
        return None
    version = str(edge.get("version") or "")
    index = int(version[1:]) if version[1:].isdigit() else facts.version_index
    if place.path != facts.source.path:
        # Aliases of the fragment are those of every collection; keep this one's.
        named = [
            alias["alias"]
            for alias in edge["node"].get("aliases") or ()
            if inner(alias, "artifactCollection", "name") == place.name
        ]
        link = replace(place, kind=PORTFOLIO)
        facts = replace(facts, collection=link, aliases=tuple(named))
    return Artifact._of_server(client, replace(facts, version_index=index))


def _own_version(client: GraphqlClient, node: Mapping[str, Any]) -> Artifact:
    return Artifact._of_server(client, read_artifact(node))


def _place(entity: str, project: str, **more: Any) -> dict[str, Any]:
    return {"entity": entity, "project": project, **more}
