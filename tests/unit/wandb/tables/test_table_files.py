"""Tables in artifacts and back; what the two forms say of each kind of cell."""

import datetime
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from wandb import Artifact, Html, Image, Settings, Table
from wandb.sdk.data_types.base_types.wb_value import WBValue
from wandb.sdk.data_types.column_json import type_to_json
from wandb.sdk.data_types.joined_table import JoinedTable, PartitionedTable
from wandb.sdk.data_types.table_cells import media_cell
from wandb.sdk.data_types.table_log import artifact_name
from wandb.sdk.data_types.table_typed import limited

TIME = datetime.datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=datetime.UTC)
Stored = Callable[[Any, str], Path]


@pytest.fixture
def stored(
    tmp_path: Path, places_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Stored:
    """Put a value into a new artifact; returns the directory of its files."""
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))

    def store(value: Any, name: str) -> Path:
        artifact = Artifact("a", "dataset")
        artifact.add(value, name)
        root = tmp_path / "files"
        for entry in artifact.manifest.entries.values():
            target = root / entry.path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(entry.local_path, target)
        return root

    return store


def read(root: Path, name: str) -> Any:
    return WBValue.init_from_json(json.loads((root / name).read_bytes()), root)


def round_trip(stored: Stored, table: Table) -> Table:
    back = read(stored(table, "t"), "t.table.json")
    assert isinstance(back, Table)
    return back


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2.5, None],
        ["x", "é", None],
        [True, None],
        [TIME, None],
        [[1, 2], [], None],
        [{"x": 1, "y": None}],
        [np.arange(6).reshape(2, 3), np.ones((2, 3), dtype=int)],
        [Html("<b>x</b>"), None],
        [[Html("a"), Html("b")]],
        [Table(columns=["q"], data=[[1], [2]])],
    ],
)
def test_cells_come_back_as_they_were(stored: Stored, cells: list[Any]) -> None:
    table = Table(columns=["a", "n"], data=[[cell, 7] for cell in cells])

    back = round_trip(stored, table)

    assert back == table
    if not isinstance(cells[0], Table):
        assert back.column_types() == table.column_types()


def test_arrays_with_gaps_come_back(stored: Stored) -> None:
    back = round_trip(stored, Table(columns=["a"], data=[[np.arange(3)], [None]]))

    assert back.data[0][0].tolist() == [0, 1, 2]
    assert back.data[1][0] is None


def test_nan_is_null_in_artifacts_and_bare_in_media() -> None:
    assert repr(media_cell(float("nan"))) == "nan"


def test_keys_come_back_with_their_tables(stored: Stored) -> None:
    parents = Table(columns=["id", "v"], data=[["k1", 1], ["k2", 2]])
    parents.set_pk("id")
    children = Table(columns=["of", "row"], data=[["k2", parents.index_ref(1)]])
    children.set_fk("of", parents, "id")

    back = round_trip(stored, children)

    assert back.data[0][1].get_row() == {"id": "k2", "v": 2}
    table, column = back.data[0][0].column_key()
    assert (table.columns, column) == (["id", "v"], "id")


def test_increments_come_back_as_one_table(tmp_path: Path) -> None:
    typed = {"_type": "table", "columns": ["a"], "log_mode": "INCREMENTAL"}
    (tmp_path / "0-1.t.table.json").write_text(json.dumps(typed | {"data": [[1]]}))
    paths = ["wandb-client-artifact://abc/0-1.t.table.json"]
    last = typed | {"data": [[2]], "previous_increments_paths": paths}
    (tmp_path / "1-2.t.table.json").write_text(json.dumps(last))

    back = read(tmp_path, "1-2.t.table.json")

    assert back.data == [[1], [2]]


def test_a_name_in_a_file_cannot_leave_the_artifact(tmp_path: Path) -> None:
    column = {"wb_type": "foreignKey", "params": {"table": "../../x", "col_name": "a"}}
    typed = {"_type": "table", "columns": ["a"], "data": [["k"]]}
    types = {"wb_type": "typedDict", "params": {"type_map": {"a": column}}}
    (tmp_path / "t.table.json").write_text(json.dumps(typed | {"column_types": types}))

    with pytest.raises(ValueError, match="lies outside"):
        read(tmp_path, "t.table.json")


def test_joined_tables_carry_both(stored: Stored) -> None:
    tables = [Table(columns=["id", "a"], data=[["k", n]]) for n in range(2)]
    root = stored(JoinedTable(*tables, join_key="id"), "j")
    made = json.loads((root / "j.joined-table.json").read_bytes())

    assert made["join_key"] == "id"
    assert read(root, made["table1"]) == tables[0]
    assert read(root, made["table2"]) == tables[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((Table(), "x", "id"), "table2 should be an artifact path"),
        ((Table(), Table(), 5), "join_key should be"),
    ],
)
def test_joined_tables_say_what_cannot_be(arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        JoinedTable(*arguments)


def test_partitioned_tables_name_their_directory(stored: Stored) -> None:
    root = stored(PartitionedTable("parts"), "p")

    text = (root / "p.partitioned-table.json").read_text()
    assert json.loads(text) == {"_type": "partitioned-table", "parts_path": "parts"}


# ---- limits and names


def test_too_many_rows_are_cut_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert limited([1, 2, 3], 2) == [1, 2]
    assert "Truncating wandb.Table object to 2 of its 3 rows" in capsys.readouterr().err


def test_too_many_rows_raise_where_that_is_set() -> None:
    settings = Settings(table_raise_on_max_row_limit_exceeded=True)

    with pytest.raises(ValueError, match="3 rows, the limit is 2"):
        limited([1, 2, 3], 2, settings)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("run-abc-t", "run-abc-t"),
        # As the official client names them.
        ("run-abc-k/v x", "run-abc-kvx-hBsOPA"),
        (
            "run-abc-Custom Chart Tables/split_table",
            "run-abc-CustomChartTablessplit_table-fqolXA",
        ),
    ],
)
def test_artifact_names_are_safe_and_unique(name: str, expected: str) -> None:
    assert artifact_name(name) == expected


def test_long_artifact_names_are_cut_and_stay_apart() -> None:
    names = {artifact_name("run-abc-" + "k" * 200 + end) for end in "ab"}

    assert len(names) == 2
    assert {len(name) for name in names} == {128}


# ---- images


def test_columns_of_images_say_which_layers_and_classes_they_have() -> None:
    """Expected: what the official client says of the same images."""
    pixels = np.zeros((3, 3, 3), dtype=np.uint8)
    labels = {0: "bg", 1: "cat"}
    mask = {"mask_data": np.eye(3, dtype=int), "class_labels": labels}
    place = {"minX": 0.1, "maxX": 0.2, "minY": 0.3, "maxY": 0.4}
    box = {"position": place, "class_id": 1, "scores": {"acc": 0.5}}
    boxes = {"b": {"box_data": [box], "class_labels": {1: "cat"}}}
    table = Table(columns=["i"], data=[[Image(pixels)], [None]])
    table.add_data(Image(pixels, masks={"pred": mask}))
    table.add_data(Image(pixels, boxes=boxes))

    described = type_to_json(table.type_of_column("i"))

    [image, none] = described["params"]["allowed_types"]
    assert (image["wb_type"], none["wb_type"]) == ("image-file", "none")
    constants = {
        "box_class_maps": {"b": {"1": "cat"}},
        "box_layers": {"b": [1]},
        "box_score_keys": ["acc"],
        "class_map": {"0": "bg", "1": "cat"},
        "mask_class_maps": {"pred": {"0": "bg", "1": "cat"}},
        "mask_layers": {"pred": [0, 1]},
    }
    found = {key: value["params"]["val"] for key, value in image["params"].items()}
    assert found == constants
