"""Remove what the bindings staged for an artifact, once the server has it.

Only files in a folder that is named after the artifact itself are ours to remove: logs
name files of users too, and logs of other clients name theirs.
"""

import logging
import shutil
from pathlib import Path

from wandb_proto.v1.record_pb2 import ArtifactRecord

_log = logging.getLogger(__name__)

FOLDER_CHARACTERS = 32
_STAGING = ("artifacts", "staging")


def remove_staged(record: ArtifactRecord) -> None:
    """Remove the artifact's staging folder, if the record names one."""
    name = record.client_id[:FOLDER_CHARACTERS]
    if len(name) < FOLDER_CHARACTERS or not name.isalnum():
        return
    paths = [entry.local_path for entry in record.manifest.contents]
    paths.append(record.manifest.manifest_file_path)
    for text in filter(None, paths):
        folder = Path(text).parent
        if folder.name == name and folder.parts[-3:-1] == _STAGING:
            shutil.rmtree(folder, ignore_errors=True)
            _log.debug("staging_removed folder=%s", folder)
            return
