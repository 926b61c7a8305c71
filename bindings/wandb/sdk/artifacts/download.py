"""Bring the files of a version to this machine, verified.

```
 manifest ─► per file, 16 at a time:
     there already, with its digest? ─► nothing to do
     in the cache? ─► copied            (cloned where the file system can)
     else fetched ─► digest checked ─► cache ─► copied
```

A broken download goes on where it was. References are fetched from where they point to.
"""

import os
import shutil
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wandb._terminal import termlog, termwarn
from wandb.errors import CommError
from wandb.sdk.artifacts import documents
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.digests import file_digest
from wandb.sdk.artifacts.fetching import AddressExpired, fetch
from wandb.sdk.artifacts.file_cache import FileCache, arriving, open_cache
from wandb.sdk.artifacts.staging import copy_file
from wandb.sdk.artifacts.validators import checked_path

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact

THREADS = 16
URLS_PER_PAGE = 5_000
NAMES_PER_QUESTION = 500
TOLD_FROM_BYTES = 50 << 20
TOLD_FROM_FILES = 1_000


@dataclass(frozen=True, slots=True)
class _Download:
    """What the threads of one download share."""

    artifact: "Artifact"
    root: Path
    cache: FileCache
    skip_cache: bool
    allow_missing_references: bool
    urls: dict[str, str]


def default_root(artifact: "Artifact") -> str:
    """`./artifacts/<name>:v<N>`, or below WANDB_ARTIFACT_DIR."""
    from wandb.sdk.wandb_setup import setup

    folder = setup().settings.artifact_dir or os.path.join(".", "artifacts")
    separator = ":" if os.name != "nt" else "-"
    name = f"{artifact._name}{separator}{artifact.version}"
    return os.path.abspath(os.path.join(folder, name))


def download(
    artifact: "Artifact",
    root: str | None,
    *,
    allow_missing_references: bool = False,
    skip_cache: bool = False,
    path_prefix: str | None = None,
) -> str:
    """See `Artifact.download`."""
    target = Path(root or default_root(artifact))
    target.mkdir(parents=True, exist_ok=True)
    entries = [
        entry
        for entry in artifact.manifest.entries.values()
        if path_prefix is None or entry.path.startswith(path_prefix)
    ]
    began = time.monotonic()
    size = sum(entry.size or 0 for entry in entries)
    is_large = size > TOLD_FROM_BYTES or len(entries) > TOLD_FROM_FILES
    if is_large:
        megabytes = size / 2**20
        termlog(
            f"Downloading artifact {artifact.name}, {megabytes:,.1f} MB, "
            f"{len(entries):,} files …"
        )
    cache = open_cache()
    missing = [e for e in entries if not _is_there(e, _place(target, e))]
    wanted = [e for e in missing if e.ref is None and not _is_cached(cache, e)]
    shared = _Download(
        artifact,
        target,
        cache,
        skip_cache,
        allow_missing_references,
        _urls(artifact, wanted),
    )
    with ThreadPoolExecutor(THREADS, "wandb-download") as threads:
        for _ in threads.map(lambda entry: _bring(shared, entry), missing):
            pass
    if wanted and not skip_cache:
        cache.clean_up()
    if is_large:
        termlog(f"Done, {time.monotonic() - began:.1f} s")
    return os.path.abspath(target)


def download_entry(
    artifact: "Artifact",
    entry: ArtifactManifestEntry,
    root: str | None,
    *,
    skip_cache: bool = False,
) -> str:
    """Bring one file; its path."""
    target = Path(root or artifact._download_root or default_root(artifact))
    place = _place(target, entry)
    if not _is_there(entry, place):
        cache = open_cache()
        urls = {} if entry.ref else _urls(artifact, [entry])
        _bring(_Download(artifact, target, cache, skip_cache, False, urls), entry)
    return str(place)


def remove_strangers(artifact: "Artifact", root: str) -> None:
    """Remove what is below `root` and no file of the artifact."""
    known = set(artifact.manifest.entries)
    for path in _files(Path(root)):
        if path.relative_to(root).as_posix() not in known:
            path.unlink()


def verify(artifact: "Artifact", root: str) -> None:
    """Check that `root` holds the artifact's files and no others.

    Raises:
        ValueError: names the first difference.
    """
    folder = Path(root)
    known = artifact.manifest.entries
    for path in _files(folder):
        if path.relative_to(folder).as_posix() not in known:
            raise ValueError(f"Found file {path} which is not a member of the artifact")
    for entry in known.values():
        if entry.ref is not None and not entry.ref.startswith("file://"):
            termwarn(f"skipping verification of reference {entry.path}")
            continue
        place = _place(folder, entry)
        if not place.is_file():
            raise ValueError(f"{entry.path} is missing in {folder}")
        if file_digest(place) != entry.digest:
            raise ValueError(f"Digest mismatch for file: {place}")


def _bring(shared: _Download, entry: ArtifactManifestEntry) -> None:
    place = _place(shared.root, entry)
    if entry.ref is not None:
        _bring_reference(shared, entry, place)
        return
    cache = shared.cache
    if not shared.skip_cache and cache.copy_to(entry.digest, entry.size, place):
        return
    try:
        _fetch_file(shared, entry, place)
    except OSError as problem:
        raise CommError(f"{entry.path} cannot be downloaded: {problem}") from problem


def _fetch_file(shared: _Download, entry: ArtifactManifestEntry, place: Path) -> None:
    cache = shared.cache
    url = shared.urls.get(entry.path)
    if url is None:  # it was in the cache, and is damaged or gone
        url = _url_of(shared.artifact, entry)
    with cache.partial(entry.digest, entry.size) as (partial, file):
        try:
            fetch(url, file, entry.size)
        except AddressExpired:
            fetch(_url_of(shared.artifact, entry), file, entry.size)
        file.flush()
        if file_digest(partial) != entry.digest:
            partial.unlink(missing_ok=True)
            raise CommError(
                f"Digest mismatch for {entry.path} of {shared.artifact.name}: what "
                "was downloaded is damaged; try again"
            )
        if not shared.skip_cache:
            try:
                kept = cache.keep(partial, entry.digest, entry.size)
            except OSError:  # no room for a cache
                kept = partial
        else:
            kept = partial
        with arriving(place) as new:
            if kept is partial:
                shutil.move(str(partial), str(new))
            else:
                copy_file(kept, new)


def _bring_reference(
    shared: _Download, entry: ArtifactManifestEntry, place: Path
) -> None:
    from wandb.sdk.artifacts.reference_download import bring

    try:
        bring(shared.artifact, entry, place)
    except (OSError, ValueError, CommError) as problem:
        if not shared.allow_missing_references:
            raise CommError(
                f"{entry.path} refers to {entry.ref}, which cannot be had: {problem}"
            ) from problem
        termwarn(f"Skipped {entry.path}: {problem}")


def _place(root: Path, entry: ArtifactManifestEntry) -> Path:
    """Where an entry goes; a manifest cannot lead out of the directory."""
    try:
        return root / checked_path(entry.path)
    except ValueError as problem:
        raise CommError(f"the artifact's manifest is not sound: {problem}") from problem


def _is_there(entry: ArtifactManifestEntry, place: Path) -> bool:
    is_checked = entry.ref is None or entry.ref.startswith("file://")
    try:
        same_size = entry.size is None or place.stat().st_size == entry.size
        return is_checked and same_size and file_digest(place) == entry.digest
    except OSError:
        return False


def _is_cached(cache: FileCache, entry: ArtifactManifestEntry) -> bool:
    return cache.place(entry.digest, entry.size).exists()


def _urls(artifact: "Artifact", entries: list[ArtifactManifestEntry]) -> dict[str, str]:
    """Path -> address of these files; few are asked by name, many by page."""
    if len(entries) <= NAMES_PER_QUESTION:
        return _ask_urls(artifact, [entry.path for entry in entries])
    return _ask_urls(artifact, None)


def _url_of(artifact: "Artifact", entry: ArtifactManifestEntry) -> str:
    found = _ask_urls(artifact, [entry.path]).get(entry.path)
    if found is None:
        raise CommError(f"The server has no file {entry.path} of {artifact.name}")
    return found


def _ask_urls(artifact: "Artifact", names: list[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    cursor: str | None = None
    more = names is None or bool(names)
    while more:
        variables = {
            "id": artifact.id,
            "cursor": cursor,
            "perPage": URLS_PER_PAGE,
            "names": names,
        }
        data = artifact._server().ask(documents.FILE_URLS, variables)
        page = (data.get("artifact") or {}).get("files") or {}
        nodes = [edge["node"] for edge in page.get("edges") or ()]
        found |= {node["name"]: node["directUrl"] for node in nodes}
        ahead = page.get("pageInfo") or {}
        cursor, more = ahead.get("endCursor"), bool(ahead.get("hasNextPage"))
    return found


def _files(root: Path) -> Iterable[Path]:
    return [path for path in root.rglob("*") if path.is_file()]
