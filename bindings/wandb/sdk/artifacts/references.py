"""Entries that only refer to content elsewhere, with what identifies that content.

```
file://      every file of a directory        base64(MD5) of the content
http(s)://   one object                       ETag, else the address
s3://, gs:// every object below a prefix      ETag (the store's libraries are needed)
wandb-artifact://<hex id>/<path>              digest of that entry
other        one object, needs a name         the address
```
Without `checksum` the address is the digest (of a file: the address's MD5).
"""

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from wandb._terminal import termwarn
from wandb.errors import CommError, Error
from wandb.sdk.artifacts.artifact_manifest_entry import ArtifactManifestEntry
from wandb.sdk.artifacts.digests import file_digest, id_of_hex, text_digest

if TYPE_CHECKING:
    from wandb.sdk.artifacts.artifact import Artifact

OBJECTS_MAX = 10_000_000
HTTP_TIMEOUT_S = 30.0

FindArtifact = Callable[[str], "Artifact"]
"""From an artifact's id to the artifact."""


def reference_entries(
    uri: str,
    name: str | None,
    *,
    checksum: bool,
    max_objects: int | None,
    find_artifact: FindArtifact,
) -> list[ArtifactManifestEntry]:
    """The entries that stand for what the address points to.

    Raises:
        ValueError: no address, nothing there, or more objects than `max_objects`.
        Error: the library of the object store is not installed.
        CommError: the server does not answer.
    """
    parts = urlsplit(uri)
    if not parts.scheme:
        raise ValueError(
            "References must be URIs. To reference a local file, use file://"
        )
    limit = OBJECTS_MAX if max_objects is None else max_objects
    scheme = parts.scheme
    if scheme == "file":
        return _file_entries(uri, name, checksum, limit)
    if scheme in ("http", "https"):
        return [_http_entry(uri, name, checksum)]
    if scheme == "s3":
        return _bounded(_s3_entries(uri, name, checksum), uri, limit)
    if scheme == "gs":
        return _bounded(_gs_entries(uri, name, checksum), uri, limit)
    if scheme == "wandb-artifact":
        return [_artifact_entry(uri, name, find_artifact)]
    if scheme == "wandb-client-artifact":
        return [ArtifactManifestEntry(name or _last(uri), uri, ref=uri)]
    if name is None:
        raise ValueError(
            'You must pass name="<entry_name>" when tracking references with unknown '
            f"schemes. ref: {uri}"
        )
    termwarn(f"References of scheme {scheme}:// are not checked.", repeat=False)
    return [ArtifactManifestEntry(name, uri, ref=uri)]


def reference_to(
    source: ArtifactManifestEntry, name: str | None
) -> ArtifactManifestEntry:
    """An entry that refers to an entry of another artifact."""
    return ArtifactManifestEntry(
        path=name or PurePosixPath(source.path).name,
        digest=source.digest,
        ref=source.ref_url(),
        size=source.size,
    )


def split_artifact_address(uri: str) -> tuple[str, str]:
    """Artifact id and path of a `wandb-artifact://<hex id>/<path>`.

    Raises:
        ValueError: the id is no hex text.
    """
    hex_id, _, path = uri.partition("://")[2].partition("/")
    return id_of_hex(hex_id), path


def _file_entries(
    uri: str, name: str | None, checksum: bool, limit: int
) -> list[ArtifactManifestEntry]:
    path = Path(url2pathname(urlsplit(uri).path))
    if path.is_file():
        return [_file_entry(uri, path, name or path.name, checksum)]
    if not path.is_dir():
        raise ValueError(f"Path {uri!r} must be a valid file or directory path")
    entries: list[ArtifactManifestEntry] = []
    for file in files_below(path):
        inside = file.relative_to(path).as_posix()
        if len(entries) >= limit:
            raise _too_many(uri, limit)
        entry_name = f"{name}/{inside}" if name else inside
        ref = f"{uri.rstrip('/')}/{inside}"
        entries.append(_file_entry(ref, file, entry_name, checksum))
    return entries


def _file_entry(
    uri: str, path: Path, name: str, checksum: bool
) -> ArtifactManifestEntry:
    digest = file_digest(path) if checksum else text_digest(uri)
    return ArtifactManifestEntry(name, digest, ref=uri, size=path.stat().st_size)


def files_below(folder: Path) -> Iterator[Path]:
    """All files of a directory tree, links followed, in order of their names."""
    for parent, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        for name in sorted(files):
            yield Path(parent) / name


def _http_entry(uri: str, name: str | None, checksum: bool) -> ArtifactManifestEntry:
    path = name or _last(uri)
    if not checksum:
        return ArtifactManifestEntry(path, uri, ref=uri)
    request = urllib.request.Request(uri, headers={"Accept-Encoding": "identity"})
    try:
        with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
            headers = answer.headers
            etag, length = headers.get("ETag"), headers.get("Content-Length")
    except OSError as problem:
        raise CommError(
            f"{uri} cannot be read ({problem}); checksum=False refers to it unchecked"
        ) from problem
    extra: dict[str, Any] = {"etag": etag} if etag else {}
    digest = etag.strip('"') if etag else uri
    size = int(length) if length and length.isdigit() else None
    return ArtifactManifestEntry(path, digest, ref=uri, size=size, extra=extra)


def _last(uri: str) -> str:
    """The end of an address as a name; its query belongs to it."""
    parts = urlsplit(uri)
    name = PurePosixPath(parts.path).name or parts.netloc
    return f"{name}?{parts.query}" if parts.query else name


def _s3_entries(
    uri: str, name: str | None, checksum: bool
) -> Iterator[ArtifactManifestEntry]:
    try:
        import boto3  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise Error(
            "s3:// references requires the boto3 library, run pip install boto3"
        ) from None
    parts = urlsplit(uri)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if not checksum:
        yield ArtifactManifestEntry(name or _last(uri), uri, ref=uri)
        return
    # AWS_S3_ENDPOINT_URL and the credentials are boto3's own business.
    found = boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=key)
    for item in found:
        if item.key.endswith("/") or not _is_below(item.key, key):
            continue
        etag = item.e_tag.strip('"')
        yield ArtifactManifestEntry(
            _object_name(item.key, key, name),
            etag,
            ref=f"s3://{bucket}/{item.key}",
            size=item.size,
            extra={"etag": etag},
        )


def _gs_entries(
    uri: str, name: str | None, checksum: bool
) -> Iterator[ArtifactManifestEntry]:
    try:
        from google.cloud import storage  # type: ignore[import-not-found, import-untyped, attr-defined, unused-ignore]
    except ImportError:
        raise Error(
            "gs:// references require the google-cloud-storage library, "
            "run pip install google-cloud-storage"
        ) from None
    parts = urlsplit(uri)
    bucket, key = parts.netloc, parts.path.lstrip("/")
    if not checksum:
        yield ArtifactManifestEntry(name or _last(uri), uri, ref=uri)
        return
    for item in storage.Client().list_blobs(bucket, prefix=key):
        if item.name.endswith("/") or not _is_below(item.name, key):
            continue
        extra = {"etag": item.etag, "versionID": item.generation}
        yield ArtifactManifestEntry(
            _object_name(item.name, key, name),
            item.md5_hash or item.etag,
            ref=f"gs://{bucket}/{item.name}",
            size=item.size,
            extra=extra,
        )


def _is_below(key: str, prefix: str) -> bool:
    """A prefix names an object, or a folder: not all that begins alike."""
    folder = prefix.rstrip("/") + "/" if prefix else ""
    return key == prefix or key.startswith(folder)


def _object_name(key: str, prefix: str, name: str | None) -> str:
    if key == prefix:
        return name or PurePosixPath(key).name
    inside = key[len(prefix.rstrip("/")) :].lstrip("/") if prefix else key
    return f"{name}/{inside}" if name else inside


def _artifact_entry(
    uri: str, name: str | None, find_artifact: FindArtifact
) -> ArtifactManifestEntry:
    source_id, path = split_artifact_address(uri)
    artifact = find_artifact(source_id)
    found = artifact.manifest.get_entry_by_path(path)
    if found is None:
        raise ValueError(f"{artifact.name} has no entry {path!r}")
    entry_name = name or PurePosixPath(path).name
    return ArtifactManifestEntry(entry_name, found.digest, ref=uri, size=found.size)


def _bounded(
    entries: Iterator[ArtifactManifestEntry], uri: str, limit: int
) -> list[ArtifactManifestEntry]:
    found: list[ArtifactManifestEntry] = []
    for entry in entries:
        if len(found) >= limit:
            raise _too_many(uri, limit)
        found.append(entry)
    if not found:
        raise ValueError(f"There is nothing at {uri}")
    return found


def _too_many(uri: str, limit: int) -> ValueError:
    return ValueError(
        f"Exceeded {limit} objects tracked, pass max_objects to add_reference: {uri}"
    )
