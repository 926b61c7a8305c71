"""Artifact records for logs, with the files that they name."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

from wandb_proto.v1 import record_pb2 as pb


def artifact_record(
    folder: Path,
    name: str = "data",
    files: Mapping[str, bytes] | None = None,
    references: Mapping[str, str] | None = None,
    *,
    client_id: str = "",
    **fields: object,
) -> pb.Record:
    """A record as the bindings write it; the files lie in its staging folder.

    Digests are computed here, from the description of the format.
    """
    client_id = client_id or hashlib.sha512(name.encode()).hexdigest()
    staging = folder / "artifacts" / "staging" / client_id[:32]
    staging.mkdir(parents=True, exist_ok=True)
    record = pb.Record()
    made = record.artifact
    made.name, made.type, made.client_id = name, "dataset", client_id
    made.sequence_client_id = f"s{client_id[1:]}"
    made.finalize = True
    made.digest_algorithm = "MANIFEST_MD5"
    made.aliases.append("latest")
    made.manifest.version = 1
    made.manifest.storage_policy = "wandb-storage-policy-v1"
    made.manifest.storage_policy_config.add(key="storageLayout", value_json='"V2"')
    for index, (path, content) in enumerate(sorted((files or {}).items())):
        local = staging / str(index)
        local.write_bytes(content)
        made.manifest.contents.add(
            path=path, digest=md5(content), size=len(content), local_path=str(local)
        )
    for path, ref in (references or {}).items():
        made.manifest.contents.add(path=path, digest=ref, ref=ref)
    lines = sorted(f"{e.path}:{e.digest}\n" for e in made.manifest.contents)
    text = "wandb-artifact-manifest-v1\n" + "".join(lines)
    made.digest = hashlib.md5(text.encode()).hexdigest()
    for field, value in fields.items():
        setattr(made, field, value)
    return record


def md5(content: bytes) -> str:
    """base64(MD5)."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()
