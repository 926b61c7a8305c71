"""Bring content into a draft."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from wandb._terminal import termlog
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.digests import file_digest, hex_of
from wandb.sdk.artifacts.references import (
    files_below,
    reference_entries,
    reference_to,
)
from wandb.sdk.artifacts.validators import checked_path, checked_policy

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact

THREADS = 8
"""Hashing and copying release the interpreter's lock."""

TEMPORARY_NAME_CHARACTERS = 20


def add_file(
    artifact: "Artifact",
    local_path: Any,
    name: str | None,
    is_tmp: bool,
    skip_cache: bool,
    policy: str | None,
    overwrite: bool,
) -> ArtifactManifestEntry:
    """See `Artifact.add_file`."""
    policy = checked_policy(policy)
    source = Path(local_path)
    if not source.is_file():
        raise ValueError(f"Path is not a file: {str(local_path)!r}")
    entry = _entry(artifact, source, checked_path(name or source.name), policy)
    if is_tmp:
        entry.path = _content_name(entry, source)
    entry.skip_cache = skip_cache
    return _keep(artifact, entry, source, overwrite)


def add_dir(
    artifact: "Artifact",
    local_path: Any,
    name: str | None,
    skip_cache: bool,
    policy: str | None,
    merge: bool,
) -> None:
    """See `Artifact.add_dir`."""
    policy = checked_policy(policy)
    folder = Path(local_path)
    if not folder.is_dir():
        raise ValueError(f"Path is not a directory: {str(local_path)!r}")
    began = time.monotonic()
    prefix = f"{checked_path(name)}/" if name and str(name) != "." else ""

    def make(source: Path) -> tuple[Path, ArtifactManifestEntry]:
        path = prefix + source.relative_to(folder).as_posix()
        return source, _entry(artifact, source, path, policy)

    artifact._stage()
    with ThreadPoolExecutor(THREADS, "wandb-artifact") as threads:
        for source, entry in threads.map(make, files_below(folder)):
            entry.skip_cache = skip_cache
            _keep(artifact, entry, source, merge)
    took_s = time.monotonic() - began
    termlog(f"Adding directory to artifact ({local_path})... Done. {took_s:.1f}s")


def add_reference(
    artifact: "Artifact",
    uri: str | ArtifactManifestEntry,
    name: str | None,
    checksum: bool,
    max_objects: int | None,
) -> list[ArtifactManifestEntry]:
    """See `Artifact.add_reference`."""
    checked = checked_path(name) if name is not None else None
    if isinstance(uri, ArtifactManifestEntry):
        entries = [reference_to(uri, checked)]
    else:
        entries = reference_entries(
            str(uri),
            checked,
            checksum=checksum,
            max_objects=max_objects,
            find_artifact=_find_artifact,
        )
    for entry in entries:
        artifact.manifest.add_entry(entry)
    return entries


def add_value(
    artifact: "Artifact", value: Any, name: str, overwrite: bool
) -> ArtifactManifestEntry:
    """See `Artifact.add`; the same object added again is the same entry."""
    if not getattr(value, "_wandb_value", False):
        raise TypeError(
            f"Found object of type {type(value)}, expected a media object or table; "
            "files are added with add_file"
        )
    path = checked_path(value.with_suffix(name))
    known = artifact._added_values.get(id(value))
    if known is not None:
        return known[1]
    if not overwrite and (entry := artifact.manifest.entries.get(path)):
        return entry
    content = value.to_json(artifact)
    text = json.dumps(content, sort_keys=True)
    target = artifact._stage().new_path()
    target.write_text(text, encoding="utf-8", errors="surrogatepass")
    entry = _written(target, path)
    artifact.manifest.add_entry(entry, overwrite=overwrite)
    artifact._added_values[id(value)] = (value, entry)
    return entry


@contextmanager
def new_file(
    artifact: "Artifact", name: str, mode: str, encoding: str | None
) -> Iterator[IO[Any]]:
    """See `Artifact.new_file`."""
    path = checked_path(name)
    is_new = "w" not in mode
    if is_new and path in artifact.manifest.entries:
        raise ValueError(f"File with name {path!r} already exists in the artifact")
    target = artifact._stage().new_path()
    try:
        with open(target, mode, encoding=encoding) as file:
            yield file
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    entry = _written(target, path)
    entry.skip_cache = True
    artifact.manifest.add_entry(entry, overwrite=not is_new)


def _entry(
    artifact: "Artifact", source: Path, path: str, policy: str
) -> ArtifactManifestEntry:
    if policy == "immutable":
        digest, size, kept = file_digest(source), source.stat().st_size, source
    else:
        kept, digest, size = artifact._stage().take(source)
    # Absolute: a script may change its directory before the upload.
    local_path = os.path.abspath(kept)
    return ArtifactManifestEntry(path, digest, size=size, local_path=local_path)


def _keep(
    artifact: "Artifact", entry: ArtifactManifestEntry, source: Path, overwrite: bool
) -> ArtifactManifestEntry:
    artifact.manifest.add_entry(entry, overwrite=overwrite)
    artifact._added_paths[os.path.abspath(source)] = entry.path
    return entry


def _written(target: Path, path: str) -> ArtifactManifestEntry:
    return ArtifactManifestEntry(
        path,
        file_digest(target),
        size=target.stat().st_size,
        local_path=os.path.abspath(target),
    )


def _content_name(entry: ArtifactManifestEntry, source: Path) -> str:
    stem = hex_of(entry.digest)[:TEMPORARY_NAME_CHARACTERS]
    return str(PurePosixPath(entry.path).with_name(stem + source.suffix))


def _find_artifact(artifact_id: str) -> "Artifact":
    from wandb.apis.public import Api
    from wandb.sdk.artifacts.look_up import artifact_by_id

    return artifact_by_id(Api().client, artifact_id)
