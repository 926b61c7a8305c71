"""The same script under the official client and ours: the logs say the same of media.

What may differ, and why:
- the bytes of PNG files: ours are compressed by core; the pixels are compared instead;
- the step in file names of `log(step=…)`: the official name has the step before it.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from wandb_core.run_state import RunState
from wandb_core.transaction_log import LogReader
from wandb_proto import json_codec

Image = pytest.importorskip("PIL.Image")
np = pytest.importorskip("numpy")

SCRIPT = Path(__file__).parents[1] / "support" / "media_script.py"
NEEDED = "import numpy, PIL, matplotlib, plotly, soundfile, moviepy"


@dataclass(frozen=True)
class Logged:
    """What a run's directory holds."""

    rows: list[dict[str, Any]]
    config: dict[str, Any]
    summary: dict[str, Any]
    announced: set[str]
    files: Path


def run_script(python: str, env: dict[str, str], cwd: Path) -> Logged:
    cwd.mkdir()
    done = subprocess.run(
        [python, str(SCRIPT), str(cwd)],
        env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [log] = cwd.glob("wandb/offline-run-*/*.wandb")
    state, rows, announced = RunState(), [], set()
    with LogReader(log) as reader:
        while logged := reader.read():
            for entry in logged:
                state.apply(entry.record)
                kind = entry.record.WhichOneof("record_type")
                if kind == "history":
                    line = state.history_line(entry.record.history)
                    rows.append(json_codec.loads(line))
                elif kind == "files":
                    announced |= {item.path for item in entry.record.files.files}
    config = json.loads(state.config_json())["_wandb"]["value"]
    summary = json_codec.loads(state.summary_json())
    return Logged(rows, config, summary, announced, log.parent / "files")


@pytest.fixture
def both(
    places_env: dict[str, str], official_python: str, tmp_path: Path
) -> tuple[Logged, Logged]:
    has_all = subprocess.run([official_python, "-c", NEEDED], capture_output=True)
    if has_all.returncode:
        pytest.skip("the official interpreter lacks media packages")
    env = places_env | {"WANDB_ERROR_REPORTING": "false", "MPLCONFIGDIR": str(tmp_path)}
    official = run_script(official_python, env, tmp_path / "official")
    return official, run_script(sys.executable, env, tmp_path / "ours")


def comparable(value: Any, files: Path) -> Any:
    """Names without hash and step; of PNG files the pixels instead of the bytes."""
    if isinstance(value, list):
        return [comparable(item, files) for item in value]
    if isinstance(value, str) and value.startswith("media/"):
        return named(value, files)
    if not isinstance(value, dict):
        if isinstance(value, str) and re.fullmatch(r".*_\d+_[0-9a-f]{20}\..*", value):
            return re.sub(r"_\d+_([0-9a-f]{20})", r"_\1", value)
        return value
    plain = {key: comparable(item, files) for key, item in value.items()}
    if str(value.get("path", "")).endswith(".png"):
        plain.pop("sha256"), plain.pop("size")
    return plain


def named(path: str, files: Path) -> Any:
    if not path.endswith(".png"):
        return re.sub(r"_(\d+|summary)_([0-9a-f]{20})", r"_\2", path)
    with Image.open(files / path) as image:
        pixels = np.asarray(image).tolist()
        return re.sub(r"_(\d+|summary)_[0-9a-f]{20}", "", path), image.mode, pixels


def test_the_same_script_logs_the_same_media(both: tuple[Logged, Logged]) -> None:
    official, ours = both

    assert len(ours.rows) == len(official.rows) == 3
    for theirs, own in zip(official.rows, ours.rows, strict=True):
        assert own["_step"] == theirs["_step"]
        media = {key for key in theirs if not key.startswith("_")}
        assert {key for key in own if not key.startswith("_")} == media
        for key in media:
            expected = comparable(theirs[key], official.files)
            assert comparable(own[key], ours.files) == expected, key
    for section in ("mask/class_labels", "bounding_box/class_labels"):
        assert ours.config[section] == official.config[section]
    expected = comparable(official.summary["best"], official.files)
    assert comparable(ours.summary["best"], ours.files) == expected
    assert "_summary_" in ours.summary["best"]["path"]


def test_every_file_is_there_announced_and_has_its_hash(
    places_env: dict[str, str], tmp_path: Path
) -> None:
    ours = run_script(sys.executable, places_env, tmp_path / "run")

    import hashlib

    found = {}
    for root, _, names in os.walk(ours.files / "media"):
        for name in names:
            path = Path(root, name)
            found[path.relative_to(ours.files).as_posix()] = path.read_bytes()
    objects = list(file_objects(ours.rows))
    assert len(objects) > 40
    for item in objects:
        content = found[item["path"]]
        assert item["size"] == len(content)
        assert item["sha256"] == hashlib.sha256(content).hexdigest()
        assert item["sha256"][:20] in item["path"]
    announced = {name for name in ours.announced if name.startswith("media/")}
    assert set(found) == announced
    assert not list(ours.files.parent.glob("tmp/pixels/*"))


def file_objects(value: Any) -> Any:
    if isinstance(value, dict):
        if "sha256" in value:
            yield value
        for item in value.values():
            yield from file_objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from file_objects(item)
