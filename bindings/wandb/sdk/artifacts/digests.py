"""Digests as the artifact formats have them: MD5, in base64 or hex.

They name content for deduplication and find damage; they protect against nobody.
"""

import base64
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MANIFEST_HEAD = b"wandb-artifact-manifest-v1\n"
READ_BYTES = 1 << 20


def new_md5() -> Any:
    """A running MD5."""
    return hashlib.md5(usedforsecurity=False)


def file_digest(path: Path | str) -> str:
    """base64(MD5) of a file's content.

    Raises:
        OSError: it cannot be read.
    """
    md5 = new_md5()
    with open(path, "rb") as file:
        while piece := file.read(READ_BYTES):
            md5.update(piece)
    return in_base64(md5)


def text_digest(text: str) -> str:
    """base64(MD5) of a text, such as an address that stands for its content."""
    md5 = new_md5()
    md5.update(text.encode())
    return in_base64(md5)


def manifest_digest(entries: Iterable[tuple[str, str]]) -> str:
    """Hex MD5 over (path, digest) of all entries, whatever their order."""
    md5 = new_md5()
    md5.update(MANIFEST_HEAD)
    for path, digest in sorted(entries):
        md5.update(f"{path}:{digest}\n".encode())
    return str(md5.hexdigest())


def in_base64(md5: Any) -> str:
    """The digest as manifests have it."""
    return base64.b64encode(md5.digest()).decode()


def hex_of(digest: str) -> str:
    """Hex of a base64 digest, fit for a file name; of any other digest, its own MD5."""
    try:
        content = base64.b64decode(digest, validate=True)
    except ValueError:
        content = b""
    if len(content) != 16:
        return hashlib.md5(digest.encode(), usedforsecurity=False).hexdigest()
    return content.hex()


def hex_of_id(artifact_id: str) -> str:
    """An artifact's id as `wandb-artifact://` addresses hold it."""
    return base64.b64decode(artifact_id).hex()


def id_of_hex(text: str) -> str:
    """The inverse of `hex_of_id`.

    Raises:
        ValueError: not hex.
    """
    return base64.b64encode(bytes.fromhex(text)).decode()
