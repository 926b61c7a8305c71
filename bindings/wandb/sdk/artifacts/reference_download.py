"""Bring what a reference points to."""

import shutil
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from wandb.errors import CommError
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.digests import file_digest, text_digest
from wandb.sdk.artifacts.file_cache import arriving
from wandb.sdk.artifacts.staging import copy_file

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact

TIMEOUT_S = 60.0


def bring(artifact: "Artifact", entry: ArtifactManifestEntry, place: Path) -> None:
    """Put the content of a reference at `place`.

    Raises:
        ValueError: it is not what it was, or nothing knows how to fetch it.
        OSError: it cannot be had.
        CommError: the server with the other artifact does not have it.
    """
    assert entry.ref is not None
    scheme = urlsplit(entry.ref).scheme
    if scheme == "file":
        _bring_file(entry, place)
    elif scheme in ("http", "https"):
        _bring_http(entry, place)
    elif scheme in ("wandb-artifact", "wandb-client-artifact"):
        _bring_entry(artifact, entry.ref, place)
    elif scheme == "s3":
        _bring_s3(entry, place)
    elif scheme == "gs":
        _bring_gs(entry, place)
    else:
        raise ValueError(f"references of scheme {scheme}:// are not fetched")


def _bring_file(entry: ArtifactManifestEntry, place: Path) -> None:
    source = Path(entry.ref_target())
    with arriving(place) as new:
        copy_file(source, new)
        is_unchecked = entry.digest == text_digest(str(entry.ref))
        if not is_unchecked and file_digest(new) != entry.digest:
            raise ValueError(f"Digest mismatch for {source}: it has changed")


def _bring_http(entry: ArtifactManifestEntry, place: Path) -> None:
    assert entry.ref is not None
    request = urllib.request.Request(entry.ref, headers={"Accept-Encoding": "identity"})
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
        etag = (answer.headers.get("ETag") or "").strip('"')
        is_unchecked = entry.digest == entry.ref
        if not is_unchecked and etag != entry.digest:
            raise ValueError(f"Digest mismatch for {entry.ref}: it has changed")
        with arriving(place) as new, new.open("wb") as file:
            shutil.copyfileobj(answer, file)


def _bring_entry(artifact: "Artifact", ref: str, place: Path) -> None:
    from wandb.sdk.artifacts.look_up import artifact_of_address

    source, path = artifact_of_address(artifact._server(), ref)
    found = source.manifest.get_entry_by_path(path)
    if found is None:
        raise CommError(f"{source.name} has no entry {path!r}")
    found._artifact = source
    downloaded = Path(found.download())
    with arriving(place) as new:
        copy_file(downloaded, new)


def _bring_s3(entry: ArtifactManifestEntry, place: Path) -> None:
    try:
        import boto3  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ValueError("s3:// needs the package boto3: pip install boto3") from None
    parts = urlsplit(str(entry.ref))
    found = boto3.resource("s3").Object(parts.netloc, parts.path.lstrip("/"))
    version = entry.extra.get("versionID")
    wanted = {"VersionId": version} if version else {}
    answer = found.get(**wanted)
    is_unchecked = entry.digest == entry.ref
    if not is_unchecked and answer["ETag"].strip('"') != entry.digest:
        raise ValueError(f"Digest mismatch for {entry.ref}: it has changed")
    with arriving(place) as new, new.open("wb") as file:
        shutil.copyfileobj(answer["Body"], file)


def _bring_gs(entry: ArtifactManifestEntry, place: Path) -> None:
    try:
        from google.cloud import storage  # type: ignore[import-not-found, import-untyped, attr-defined, unused-ignore]
    except ImportError:
        raise ValueError(
            "gs:// needs the package google-cloud-storage: "
            "pip install google-cloud-storage"
        ) from None
    parts = urlsplit(str(entry.ref))
    bucket = storage.Client().bucket(parts.netloc)
    blob = bucket.blob(parts.path.lstrip("/"), generation=entry.extra.get("versionID"))
    with arriving(place) as new:
        blob.download_to_filename(str(new))
