"""`wandb.Artifact`: a version of a collection, as a draft, on its way, or at a server.

The signatures are those of the official package; what a call does is in the modules
beside this one.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from wandb._terminal import termwarn
from wandb.sdk.artifacts import validators
from wandb.sdk.artifacts.artifact_fields import ArtifactFields
from wandb.sdk.artifacts.artifact_manifest import ArtifactManifest
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.exceptions import (
    ArtifactFinalizedError,
    ArtifactNotLoggedError,
)
from wandb.sdk.artifacts.staging import Staging

if TYPE_CHECKING:
    from wandb.apis.public.artifacts import ArtifactFiles
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.server_facts import ServerFacts
    from wandb.sdk.wandb_settings import Settings

Method = TypeVar("Method", bound=Callable[..., Any])


def _needs_draft(method: Method) -> Method:
    """Refuse the call once the content is fixed."""

    @wraps(method)
    def checked(self: "Artifact", *arguments: Any, **keywords: Any) -> Any:
        if self._final:
            raise ArtifactFinalizedError(f"Artifact.{method.__name__}", self)
        return method(self, *arguments, **keywords)

    return cast(Method, checked)


def _needs_server(method: Method) -> Method:
    """Refuse the call until a server has the artifact."""

    @wraps(method)
    def checked(self: "Artifact", *arguments: Any, **keywords: Any) -> Any:
        self._require_facts(method.__name__)
        return method(self, *arguments, **keywords)

    return cast(Method, checked)


class Artifact(ArtifactFields):
    """Files and references under one name; see the signatures of `sdk-surface`.

    Raises:
        ValueError: a name, type or metadata that cannot be; the text says why.
        TypeError: metadata that is no mapping.
    """

    @classmethod
    def _of_server(cls, client: "GraphqlClient", facts: "ServerFacts") -> "Artifact":
        """A version that a server has."""
        self = cls("placeholder", "placeholder")
        self._manifest = None
        self._final = True
        self._learn(client, facts)
        return self

    # ---- adding content

    @_needs_draft
    def add_file(
        self,
        local_path: str,
        name: str | None = None,
        is_tmp: bool | None = False,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        overwrite: bool = False,
    ) -> ArtifactManifestEntry:
        """Add a file under `name`, by default its own name.

        policy="immutable" promises not to change it until it is uploaded: no copy.
        is_tmp: name it after its content.

        Raises:
            ValueError: no such file, a bad name, or the path is taken.
        """
        from wandb.sdk.artifacts.adding import add_file

        return add_file(
            self, local_path, name, bool(is_tmp), bool(skip_cache), policy, overwrite
        )

    @_needs_draft
    def add_dir(
        self,
        local_path: str,
        name: str | None = None,
        skip_cache: bool | None = False,
        policy: str | None = "mutable",
        merge: bool = False,
    ) -> None:
        """Add all files below a directory, links followed; below `name` if given.

        merge: replace entries that are there with other content.

        Raises:
            ValueError: no such directory, or a path is taken.
        """
        from wandb.sdk.artifacts.adding import add_dir

        add_dir(self, local_path, name, bool(skip_cache), policy, merge)

    @_needs_draft
    def add_reference(
        self,
        uri: str | ArtifactManifestEntry,
        name: str | None = None,
        checksum: bool = True,
        max_objects: int | None = None,
    ) -> Sequence[ArtifactManifestEntry]:
        """Add references to content elsewhere; see `references`.

        Raises:
            ValueError: no address, nothing there, too many objects.
        """
        from wandb.sdk.artifacts.adding import add_reference

        return add_reference(self, uri, name, checksum, max_objects)

    @_needs_draft
    def add(self, obj: Any, name: Any, overwrite: bool = False) -> Any:
        """Add a media object or table as `<name>.<type>.json`, with its files.

        Raises:
            TypeError: not such an object.
        """
        from wandb.sdk.artifacts.adding import add_value

        return add_value(self, obj, str(name), overwrite)

    @contextmanager
    def new_file(
        self,
        name: str,
        mode: str = "x",
        encoding: str | None = None,
        policy: str = "mutable",
    ) -> Iterator[IO[Any]]:
        """A file of the artifact to write to; added when the block ends well.

        Raises:
            ValueError: the path is taken.
        """
        from wandb.sdk.artifacts.adding import new_file

        if self._final:
            raise ArtifactFinalizedError("Artifact.new_file", self)
        with new_file(self, name, mode, encoding) as file:
            yield file

    @_needs_draft
    def remove(self, item: Any) -> None:
        """Take out a file, a directory or an entry.

        Raises:
            FileNotFoundError: there is none.
        """
        if isinstance(item, ArtifactManifestEntry):
            self.manifest.remove_entry(item)
            return
        path = str(PurePosixPath(item))
        entry = self.manifest.get_entry_by_path(path)
        found = [entry] if entry else self.manifest.get_entries_in_directory(path)
        if not found:
            raise FileNotFoundError(f"No such file or directory: {path}")
        for entry in found:
            self.manifest.remove_entry(entry)

    def get_added_local_path_name(self, local_path: str) -> str | None:
        """Path in the artifact of a file added from here; None if it was not."""
        return self._added_paths.get(os.path.abspath(local_path))

    def finalize(self) -> None:
        """Fix the content."""
        self._final = True

    def is_draft(self) -> bool:
        """Whether it is not at a server."""
        return self.state == "PENDING"

    def new_draft(self) -> "Artifact":
        """A draft of the next version, with this one's content.

        Raises:
            ArtifactNotLoggedError: it is not at a server.
        """
        facts = self._require_facts("new_draft")
        draft = Artifact(facts.source.name, self.type)
        draft._description = self._description
        draft._metadata = validators.checked_metadata(self._metadata)
        draft._base_id = self.id
        draft._manifest = ArtifactManifest(
            list(self.manifest.entries.values()), self.manifest.storage_region
        )
        return draft

    # ---- at a server

    def wait(self, timeout: int | None = None) -> "Artifact":
        """Return when the server has it.

        Raises:
            ArtifactNotLoggedError: it was not logged, or offline.
            WaitTimeoutError: not within `timeout` seconds; the upload goes on.
            CommError: the server refuses it.
        """
        if self._facts is None:
            if self._pending is None:
                raise ArtifactNotLoggedError("Artifact.wait", self)
            self._pending.wait(self, timeout)
        return self

    def save(
        self, project: str | None = None, settings: "Settings | None" = None
    ) -> None:
        """Store changed fields; a draft is logged, in a run of its own if none is."""
        from wandb.sdk.artifacts.saving import log_in_any_run, store_changes

        if self._facts is not None:
            store_changes(self)
        else:
            log_in_any_run(self, project, settings)

    @_needs_server
    def download(
        self,
        root: Any = None,
        allow_missing_references: bool = False,
        skip_cache: bool | None = None,
        path_prefix: Any = None,
        multipart: bool | None = None,
    ) -> str:
        """Put the files below `root`, default `./artifacts/<name>:v<N>`; its path.

        Files that are there with the right content are not fetched again.

        Raises:
            CommError: something cannot be had, or its digest is wrong.
        """
        from wandb.sdk.artifacts.download import download

        prefix = None if path_prefix is None else str(path_prefix)
        target = download(
            self,
            None if root is None else str(root),
            allow_missing_references=allow_missing_references,
            skip_cache=bool(skip_cache),
            path_prefix=prefix,
        )
        self._download_root = target
        return target

    @_needs_server
    def checkout(self, root: str | None = None) -> str:
        """Make `root` hold exactly the artifact's files: others there are removed."""
        from wandb.sdk.artifacts.download import remove_strangers

        target = root or self._default_root()
        remove_strangers(self, target)
        return str(self.download(root=target))

    @_needs_server
    def verify(self, root: str | None = None) -> None:
        """Check that `root` holds exactly the artifact's files.

        Raises:
            ValueError: a file is missing, differs, or is one too many.
        """
        from wandb.sdk.artifacts.download import verify

        verify(self, root or self._default_root())

    def file(self, root: str | None = None) -> str:
        """Download the only file; its path.

        Raises:
            ValueError: the artifact has more than one.
        """
        self._require_facts("file")
        entries = list(self.manifest.entries.values())
        if len(entries) != 1:
            raise ValueError(
                "This artifact contains more than one file, call `.download()` to get "
                'all files or call .get_entry("filename").download()'
            )
        target = root or self._default_root()
        return entries[0].download(target)

    @_needs_server
    def files(
        self,
        names: list[str] | None = None,
        per_page: int = 50,
        start: str | None = None,
    ) -> "ArtifactFiles":
        """The stored files, page by page; with `names` only these."""
        from wandb.apis.public.artifacts import ArtifactFiles

        return ArtifactFiles(self._server(), self, names, per_page, start)

    @_needs_server
    def get_entry(self, name: Any) -> ArtifactManifestEntry:
        """The entry of a path.

        Raises:
            KeyError: there is none.
        """
        path = str(name)
        entry = self.manifest.get_entry_by_path(path)
        if entry is None:
            raise KeyError(f"Path not contained in artifact: {path}")
        entry._artifact = self
        return entry

    def get_path(self, name: Any) -> ArtifactManifestEntry:
        """The old name of `get_entry`."""
        termwarn("Artifact.get_path(name) is deprecated, use get_entry.", repeat=False)
        return self.get_entry(name)

    @_needs_server
    def get(self, name: str) -> Any:
        """The media object or table that was added under this name, or None."""
        from wandb.sdk.artifacts.values import read_value

        return read_value(self, str(name))

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def __setitem__(self, name: str, item: Any) -> Any:
        return self.add(item, name)

    @_needs_server
    def link(
        self, target_path: str, aliases: Iterable[str] | None = None
    ) -> "Artifact":
        """List it in another collection, `[entity/]project/name`; the link."""
        from wandb.sdk.artifacts.linking import link

        return link(self, target_path, validators.checked_aliases(aliases))

    @_needs_server
    def unlink(self) -> None:
        """Take it out of the collection that links it.

        Raises:
            ValueError: it was not asked for through a link.
        """
        from wandb.sdk.artifacts.linking import unlink

        unlink(self)

    @_needs_server
    def delete(self, delete_aliases: bool = False) -> None:
        """Delete this version; one that is only linked is unlinked.

        Raises:
            CommError: it has aliases, and `delete_aliases` is not set.
        """
        from wandb.sdk.artifacts.linking import delete

        delete(self, delete_aliases)

    @_needs_server
    def logged_by(self) -> Any:
        """The run that made it (public API), or None."""
        from wandb.sdk.artifacts.look_up import creator_of

        return creator_of(self)

    @_needs_server
    def used_by(self) -> list[Any]:
        """The runs that used it (public API)."""
        from wandb.sdk.artifacts.look_up import users_of

        return users_of(self)

    @_needs_server
    def json_encode(self) -> dict[str, Any]:
        """How values of config and summary name it."""
        facts = self._require_facts("json_encode")
        return {
            "_type": "artifactVersion",
            "_version": "v0",
            "id": facts.id,
            "version": self.source_version,
            "sequenceName": facts.source.name,
            "usedAs": None,
        }

    # ---- inside

    def _stage(self) -> Staging:
        if self._staging is None:
            from wandb.sdk.wandb_setup import setup

            self._staging = Staging(Path(setup().places.data_dir), self._client_id)
        return self._staging

    def _default_root(self) -> str:
        from wandb.sdk.artifacts.download import default_root

        return default_root(self)

    def __repr__(self) -> str:
        return f"<Artifact {self.id or self.name}>"
