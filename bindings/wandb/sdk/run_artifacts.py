"""What a run does with artifacts: log, use and link them, models and code included.

A logged artifact becomes a record of the run's log; core uploads it from there.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wandb._terminal import termwarn
from wandb.errors import CommError

if TYPE_CHECKING:
    from wandb.apis.public.graphql_client import GraphqlClient
    from wandb.sdk.artifacts.artifact import Artifact
    from wandb.sdk.core_questions import RecordStream, RunQuestions
    from wandb.sdk.wandb_settings import Settings
    from wandb.sdk.wandb_setup import Session

LATEST = "latest"
UNSPECIFIED = "unspecified"
MODEL = "model"
CODE = "code"
MODEL_REGISTRY = "model-registry"


class RunArtifacts:
    """Methods of `Run` about artifacts; `Run` is the only subclass."""

    if TYPE_CHECKING:
        _settings: Settings
        _session: Session
        _stream: RecordStream
        _questions: RunQuestions
        _finished: bool

        @property
        def id(self) -> str: ...
        @property
        def entity(self) -> str: ...
        @property
        def project(self) -> str: ...
        @property
        def group(self) -> str: ...
        @property
        def offline(self) -> bool: ...
        def _append(self, record: bytes) -> None: ...
        def _set_config_wandb(self, key: str, val: Any) -> None: ...

    def log_artifact(
        self,
        artifact_or_path: "Artifact | str | os.PathLike[str]",
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        tags: list[str] | None = None,
    ) -> "Artifact":
        """Log files as the next version of an artifact; returns before the upload.

        A path (file, directory, or address) becomes an artifact of its own, called
        `run-<id>-<its name>` unless `name` says otherwise. The version gets the alias
        `latest` besides those given.

        Raises:
            ValueError: no such path, or names that cannot be.
            UsageError: the run is finished.
        """
        return self._log_artifact(artifact_or_path, name, type, aliases, tags)

    def upsert_artifact(
        self,
        artifact_or_path: "Artifact | str",
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        distributed_id: str | None = None,
    ) -> "Artifact":
        """Add to a version that several runs make together; `finish_artifact` ends it.

        Raises:
            TypeError: the run is in no group, and no distributed_id is given.
        """
        return self._log_part(
            artifact_or_path, name, type, aliases, distributed_id, finalize=False
        )

    def finish_artifact(
        self,
        artifact_or_path: "Artifact | str",
        name: str | None = None,
        type: str | None = None,
        aliases: list[str] | None = None,
        distributed_id: str | None = None,
    ) -> "Artifact":
        """Add the last part of a version that several runs made together.

        Raises:
            TypeError: the run is in no group, and no distributed_id is given.
        """
        return self._log_part(
            artifact_or_path, name, type, aliases, distributed_id, finalize=True
        )

    def use_artifact(
        self,
        artifact_or_name: "Artifact | str",
        type: str | None = None,
        aliases: list[str] | None = None,
        use_as: str | None = None,
    ) -> "Artifact":
        """Note that the run uses a version, and return it for `download`.

        A name is `[[entity/]project/]name:alias`. A draft is logged first.

        Raises:
            TypeError: the run is offline.
            CommError: there is no such version, it is not of this `type`, or there is
                no server.
        """
        from wandb.sdk.artifacts.artifact import Artifact

        if self.offline:
            raise TypeError("Cannot use artifact when in offline mode.")
        if isinstance(artifact_or_name, Artifact):
            artifact, name = artifact_or_name, artifact_or_name.name
            if artifact.is_draft():
                return self._log_artifact(
                    artifact, None, None, aliases, None, use_after_commit=True
                )
        else:
            name = str(artifact_or_name)
            artifact = self._find_artifact(name)
        if type is not None and type != artifact.type:
            raise CommError(
                f"Supplied type {type} does not match type {artifact.type} of "
                f"artifact {artifact.name}"
            )
        self._tell_use(artifact, use_as, name)
        return artifact

    def link_artifact(
        self,
        artifact: "Artifact",
        target_path: str,
        aliases: list[str] | None = None,
    ) -> "Artifact":
        """List a version in a collection `[[entity/]project/]collection`; the link.

        A draft is logged first. Waits until the server has the version.

        Raises:
            ArtifactNotLoggedError: the run is offline.
            CommError: the server refuses.
        """
        from wandb.sdk.artifacts.linking import parse_target

        entity, project, name = parse_target(target_path, self.entity, self.project)
        if artifact.id is None and artifact._pending is None:
            self.log_artifact(artifact)
        artifact.wait()
        return artifact.link(f"{entity}/{project}/{name}", aliases)

    def log_model(
        self,
        path: str | os.PathLike[str],
        name: str | None = None,
        aliases: list[str] | None = None,
    ) -> "Artifact":
        """Log a file or directory as an artifact of type model.

        Raises:
            ValueError: no such path, or a name that cannot be.
        """
        return self._log_artifact(path, name, MODEL, aliases, None)

    def use_model(self, name: str) -> str:
        """Download a model, `[[entity/]project/]name:alias`; its path.

        That of the file if it holds only one, else that of the directory.

        Raises:
            TypeError: the run is offline.
            ValueError: the artifact is not of a type whose name holds "model".
        """
        if self.offline:
            raise TypeError("Cannot use artifact when in offline mode.")
        artifact = self.use_artifact(name)
        if MODEL not in artifact.type.lower():
            raise ValueError(
                "You can only use this method for 'model' artifacts. For an artifact "
                f"to be a 'model' artifact, its type must hold 'model': {name} is of "
                f"type {artifact.type!r}"
            )
        folder = artifact.download()
        entries = list(artifact.manifest.entries.values())
        if len(entries) == 1 and entries[0].ref is None:
            return os.path.join(folder, entries[0].path)
        return str(folder)

    def link_model(
        self,
        path: str | os.PathLike[str],
        registered_model_name: str,
        name: str | None = None,
        aliases: list[str] | None = None,
    ) -> "Artifact | None":
        """Log a model, or take the one that has this name, and link it in the registry.

        Raises:
            ValueError: a name that cannot be, or no such path.
        """
        if "/" in registered_model_name or ":" in registered_model_name:
            raise ValueError(
                "registered_model_name must be a name without / and :, not "
                f"{registered_model_name!r}"
            )
        artifact = self._known_model(name) if name else None
        if artifact is None:
            artifact = self._log_artifact(path, name, MODEL, None, None)
        if self.offline:
            termwarn("Models are linked by the server: link it when you are online.")
            return None
        target = f"{self.entity}/{MODEL_REGISTRY}/{registered_model_name}"
        return self.link_artifact(artifact, target, aliases)

    def log_code(
        self,
        root: str | None = ".",
        name: str | None = None,
        include_fn: Callable[..., bool] | None = None,
        exclude_fn: Callable[..., bool] | None = None,
    ) -> "Artifact | None":
        """Log the program's source below `root`; None if there is none.

        Taken are `.py` files, requirements and Dockerfiles, or what include_fn(path,
        root) says, without what exclude_fn(path, root) says; wandb's own directories
        never.
        """
        from wandb.sdk.artifacts.code_files import code_artifact

        artifact = code_artifact(self, root, name, include_fn, exclude_fn)
        if artifact is None:
            place = os.path.abspath(root or ".")
            termwarn(
                f"log_code: there is no source file below {place}; none is logged."
            )
            return None
        self._set_config_wandb("code_path", artifact.name)
        return self._log_artifact(artifact, None, None, None, None)

    # ---- inside

    def _log_part(
        self,
        artifact_or_path: Any,
        name: str | None,
        type: str | None,
        aliases: list[str] | None,
        distributed_id: str | None,
        *,
        finalize: bool,
    ) -> "Artifact":
        group = distributed_id or self.group
        if not group:
            raise TypeError(
                "Cannot upsert artifact unless run is in a group or distributed_id "
                "is provided"
            )
        return self._log_artifact(
            artifact_or_path,
            name,
            type,
            aliases,
            None,
            distributed_id=group,
            finalize=finalize,
        )

    def _log_artifact(
        self,
        artifact_or_path: Any,
        name: str | None,
        type: str | None,
        aliases: list[str] | None,
        tags: list[str] | None,
        *,
        use_after_commit: bool = False,
        finalize: bool = True,
        distributed_id: str | None = None,
    ) -> "Artifact":
        from wandb.sdk.artifacts import records, validators
        from wandb.sdk.artifacts.pending import PendingLog

        artifact = self._as_artifact(artifact_or_path, name, type)
        given = validators.checked_aliases(aliases)
        wanted = validators.checked_tags(tags)
        if artifact.id is not None:  # a version of the server: only its names change
            return _with_names(artifact, given, wanted)
        artifact.distributed_id = distributed_id or artifact.distributed_id
        artifact.finalize()
        logging = records.Logging(
            self.id,
            self.entity,
            self.project,
            tuple(dict.fromkeys([*given, LATEST])),
            tuple(wanted),
            use_after_commit,
            finalize,
        )
        self._append(records.artifact_record(artifact, logging))
        if artifact._staging is not None:
            artifact._staging.hand_over()
        artifact._pending = PendingLog(self)  # type: ignore[arg-type]
        return artifact

    def _as_artifact(
        self, artifact_or_path: Any, name: str | None, type: str | None
    ) -> "Artifact":
        from wandb.sdk.artifacts.artifact import Artifact
        from wandb.sdk.artifacts.validators import safe_name

        if isinstance(artifact_or_path, Artifact):
            return artifact_or_path
        path = os.fspath(artifact_or_path)
        is_address = "://" in path
        if not is_address and not os.path.exists(path):
            raise ValueError(
                "path must be a file, directory or external reference like "
                f"s3://bucket/path: there is nothing at {path!r}"
            )
        base = Path(path.rstrip("/")).name if is_address else Path(path).resolve().name
        artifact = Artifact(
            name or safe_name(f"run-{self.id}-{base}"), type or UNSPECIFIED
        )
        if is_address:
            artifact.add_reference(path)
        elif os.path.isdir(path):
            artifact.add_dir(path)
        else:
            artifact.add_file(path)
        return artifact

    def _find_artifact(self, name: str) -> "Artifact":
        from wandb.sdk.artifacts.look_up import (
            artifact_by_path,
            artifact_of_address,
            parse_path,
        )
        from wandb.sdk.artifacts.pending import client_of

        client = client_of(self)  # type: ignore[arg-type]
        if "://" in name:
            return artifact_of_address(client, name)[0]
        entity = self.entity or _viewer_entity(client)  # not said yet by the server
        return artifact_by_path(client, *parse_path(name, entity, self.project))

    def _tell_use(self, artifact: "Artifact", use_as: str | None, name: str) -> None:
        """Through the log: it is told even if the server is away just now."""
        from wandb.sdk.artifacts.records import used_record

        self._append(used_record(self.id, artifact, use_as or name))

    def _known_model(self, name: str) -> "Artifact | None":
        if self.offline:
            return None
        try:
            return self._find_artifact(name)
        except CommError:
            return None


def _viewer_entity(client: "GraphqlClient") -> str | None:
    from wandb.apis.public.documents import VIEWER

    entity = (client.ask(VIEWER, {}).get("viewer") or {}).get("entity")
    return str(entity) if entity else None


def _with_names(
    artifact: "Artifact", aliases: Iterable[str], tags: Iterable[str]
) -> "Artifact":
    artifact.aliases = list(dict.fromkeys([*artifact.aliases, *aliases]))
    artifact.tags = list(dict.fromkeys([*artifact.tags, *tags]))
    artifact.save()
    return artifact
