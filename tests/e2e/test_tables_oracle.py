"""The same script under the official client and ours: the logs say the same of tables.

What may differ, and why:
- client ids of artifacts, times in the entries of increments, memory addresses in the
  names of joined tables: random in both;
- the type of a column of lists: ours says the longest list of the column, the official
  client sometimes the first one's length;
- arrays: both keep them in a `.npz`; its bytes depend on the packer;
- a table that was changed after it was logged once and for all: ours says how many rows
  the file has, the official client how many the table has now;
- a table of a joined table that was logged before: the official client refers to the
  other artifact, ours stores it again (the server keeps equal content once).
"""

import json
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from wandb_core.run_state import RunState
from wandb_core.transaction_log import LogReader
from wandb_proto import json_codec

pytest.importorskip("pandas")

SCRIPT = Path(__file__).parents[1] / "support" / "tables_script.py"
HEX = "[0-9a-f]{20}"


@dataclass
class Logged:
    """What a run's directory holds of tables."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: list[Any] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)


def run_script(python: str, env: dict[str, str], cwd: Path) -> Logged:
    cwd.mkdir()
    done = subprocess.run(
        [python, str(SCRIPT), str(cwd)],
        env=env, cwd=cwd, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    [log] = cwd.glob("wandb/offline-run-*/*.wandb")
    logged, state = Logged(), RunState()
    with LogReader(log) as reader:
        while entries := reader.read():
            for entry in entries:
                _take(logged, state, entry.record)
    logged.config = json.loads(state.config_json())["_wandb"]["value"]
    logged.summary = json_codec.loads(state.summary_json())
    root = log.parent / "files"
    for path in root.glob("media/table/**/*.json"):
        name = re.sub(rf"_\w+_({HEX})", r"_\1", str(path.relative_to(root)))
        logged.files[name] = json_codec.loads(path.read_bytes())
    return logged


def _take(logged: Logged, state: RunState, record: Any) -> None:
    state.apply(record)
    kind = record.WhichOneof("record_type")
    if kind == "history":
        logged.rows.append(json_codec.loads(state.history_line(record.history)))
    elif kind == "artifact" and record.artifact.manifest.contents:
        made = record.artifact
        entries = {
            re.sub(rf"\d{{10,}}|{HEX}", "#", entry.path): _content(entry)
            for entry in made.manifest.contents
        }
        logged.artifacts.append((made.type, made.name, list(made.aliases), entries))


def _content(entry: Any) -> Any:
    """What a staged file says; typed tables as JSON, without what may differ."""
    path = Path(entry.local_path)
    if not entry.local_path or path.suffix == ".npz" or entry.path.endswith(".npz"):
        return None
    if not entry.path.endswith(".json"):
        return entry.digest
    return comparable(json_codec.loads(path.read_bytes()))


def comparable(value: Any, key: str = "") -> Any:
    """Without random ids, times, and steps in file names."""
    if isinstance(value, dict):
        return {name: comparable(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if key == "length":
        return None
    if isinstance(value, str):
        value = re.sub(
            "wandb-client-artifact://[^/:]+", "wandb-client-artifact://#", value
        )
        value = re.sub(r"\d{10,}", "#", value)
        value = re.sub(
            rf"media/serialized_data/{HEX}", "media/serialized_data/#", value
        )
        return re.sub(rf"_\w+_({HEX})", r"_\1", value)
    return value


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Logged, Logged]:
    import os

    from tests.conftest import isolated_environment

    official = os.environ.get("WANDB_OFFICIAL_PYTHON", "")
    if not os.path.exists(official):
        pytest.skip("WANDB_OFFICIAL_PYTHON names no interpreter: run through make")
    if subprocess.run(
        [official, "-c", "import pandas"], capture_output=True
    ).returncode:
        pytest.skip("the official interpreter lacks pandas")
    root = tmp_path_factory.mktemp("tables")
    env = isolated_environment(root) | {"WANDB_ERROR_REPORTING": "false"}
    theirs = run_script(official, env, root / "official")
    return theirs, run_script(sys.executable, env, root / "ours")


def own_keys(row: dict[str, Any]) -> dict[str, Any]:
    found = {key: value for key, value in row.items() if not key.startswith("_")}
    if "immutable" in found:
        found["immutable"] = found["immutable"] | {"nrows": "of the file, or of now"}
    return found


def test_rows_hold_the_same_objects(both: tuple[Logged, Logged]) -> None:
    theirs, ours = both

    assert len(ours.rows) == len(theirs.rows) > 35
    for expected, row in zip(theirs.rows, ours.rows, strict=True):
        assert comparable(own_keys(row)) == comparable(own_keys(expected))


def test_files_of_the_run_hold_the_same_tables(both: tuple[Logged, Logged]) -> None:
    theirs, ours = both

    assert ours.files.keys() == theirs.files.keys()
    assert len(ours.files) > 30
    for name, expected in theirs.files.items():
        assert repr(ours.files[name]) == repr(expected), name


def test_artifacts_hold_the_same_typed_tables(both: tuple[Logged, Logged]) -> None:
    theirs, ours = both

    assert len(ours.artifacts) == len(theirs.artifacts)
    for expected, artifact in zip(theirs.artifacts, ours.artifacts, strict=True):
        *facts, entries = artifact
        assert facts == list(expected[:-1])
        assert entries.keys() == expected[-1].keys()
        for name, content in expected[-1].items():
            # None: only a reference.
            assert content is None or entries[name] == content, name


def test_charts_are_described_alike(both: tuple[Logged, Logged]) -> None:
    theirs, ours = both

    assert ours.config["visualize"] == theirs.config["visualize"]
    assert ours.config["viz"] == theirs.config["viz"]
    assert "deep.bars" in ours.config["visualize"]


def test_summaries_hold_the_same_tables(both: tuple[Logged, Logged]) -> None:
    theirs, ours = both

    expected = comparable(own_keys(theirs.summary))
    assert comparable(own_keys(ours.summary)) == expected
    assert ours.summary["final"]["_type"] == "table-file"
