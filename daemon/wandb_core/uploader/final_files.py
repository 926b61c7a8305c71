"""The files that the end of a run makes from its log."""

import logging
import os
from pathlib import Path

from wandb_proto import json_codec

from wandb_core.run_state import RunState
from wandb_core.run_state.yaml_text import yaml_text

_log = logging.getLogger(__name__)

CONFIG = "config.yaml"
SUMMARY = "wandb-summary.json"
METADATA = "wandb-metadata.json"
CONSOLE = "output.log"
REQUIREMENTS = "requirements.txt"
OWNED_BY_PRIMARY = (CONFIG, SUMMARY, METADATA, CONSOLE, REQUIREMENTS)
"""Only the primary writer of a run uploads them."""
MEDIA_FOLDER = "media"

USER_FILES_MAX = 10_000


def final_files(
    state: RunState,
    log_path: Path,
    spare_dir: Path,
    *,
    config_json: str,
    summary_json: str,
) -> dict[str, Path]:
    """Write them below `files/` beside the log; returns name -> path.

    They go to spare_dir if that directory cannot be written.
    """
    texts = {
        CONFIG: yaml_text(json_codec.loads(config_json)),
        SUMMARY: summary_json + "\n",
    }
    if state.environment() is not None:
        texts[METADATA] = state.metadata_json() + "\n"
    return {
        name: _write(log_path.parent / "files", spare_dir, name, text)
        for name, text in texts.items()
    }


def write_metadata(state: RunState, files_dir: Path) -> Path | None:
    """`wandb-metadata.json` of a run that goes on; None if it cannot be written."""
    path = files_dir / METADATA
    try:
        files_dir.mkdir(parents=True, exist_ok=True)
        text = state.metadata_json() + "\n"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
    except OSError as error:
        _log.info("cannot_write name=%s reason=%s", METADATA, error)
        return None
    return path


def user_files(log_path: Path) -> list[str]:
    """Names of what lies in `files/` at the end, media excepted: the log names those.

    Empty if the directory holds other logs too: whose files they are is not known then.
    """
    folder = log_path.parent / "files"
    if sum(1 for _ in log_path.parent.glob("*.wandb")) != 1:
        return []
    names: list[str] = []
    for parent, folders, files in os.walk(folder):
        relative = Path(parent).relative_to(folder)
        if relative == Path():
            folders[:] = [name for name in folders if name != MEDIA_FOLDER]
        names += [(relative / name).as_posix() for name in files]
        if len(names) > USER_FILES_MAX:
            _log.warning("too_many_files log=%s", log_path)
            break
    return sorted(names)[:USER_FILES_MAX]


def _write(folder: Path, spare_dir: Path, name: str, text: str) -> Path:
    for place in (folder, spare_dir):
        try:
            place.mkdir(parents=True, exist_ok=True)
            path = place / name
            path.write_text(text, encoding="utf-8", errors="surrogatepass")
            return path
        except OSError as error:
            _log.info("cannot_write name=%s folder=%s reason=%s", name, place, error)
    return spare_dir / name
