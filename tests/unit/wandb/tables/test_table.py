"""Tables in memory. Types and texts: data-types.md section 5, and the official client
run on the same calls."""

import datetime
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from wandb.sdk.data_types.column_json import type_from_json, type_to_json
from wandb.sdk.data_types.table import Table


def column_type(*cells: Any, **arguments: Any) -> dict[str, Any]:
    """The JSON of the type that a column of these cells has."""
    table = Table(columns=["a"], data=[[cell] for cell in cells], **arguments)
    return type_to_json(table.type_of_column("a"))


def or_none(*types: Any) -> dict[str, Any]:
    return {"wb_type": "union", "params": {"allowed_types": list(types)}}


NONE = {"wb_type": "none"}
NUMBER = {"wb_type": "number"}
STRING = {"wb_type": "string"}
BOOLEAN = {"wb_type": "boolean"}
TIMESTAMP = {"wb_type": "timestamp"}


def array(*shape: int) -> dict[str, Any]:
    params = {"shape": list(shape), "serialization_path": None}
    return {"wb_type": "ndarray", "params": params}


def list_of(element: Any, length: int) -> dict[str, Any]:
    params = {"element_type": element, "length": length}
    return {"wb_type": "list", "params": params}


def fields(**types: Any) -> dict[str, Any]:
    return {"wb_type": "typedDict", "params": {"type_map": types}}


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([True, None], or_none(BOOLEAN, NONE)),
        ([1, 2.5, float("nan")], or_none(NONE, NUMBER)),
        ([None], or_none(NONE, {"wb_type": "unknown"})),
        ([None, "x"], or_none(NONE, STRING)),
        (["x", float("nan")], or_none(NONE, STRING)),
        ([np.int64(3), np.float16(2)], or_none(NONE, NUMBER)),
        ([np.bool_(True)], or_none(BOOLEAN, NONE)),
        ([np.array(3.5)], or_none(NONE, NUMBER)),
        ([datetime.date(2024, 1, 2)], or_none(NONE, TIMESTAMP)),
        ([np.datetime64("2024-01-01")], or_none(NONE, TIMESTAMP)),
        ([pd.Timestamp("2024-01-01"), pd.NaT], or_none(NONE, TIMESTAMP)),
        ([[1, 2], [1, 2, 3]], or_none(NONE, list_of(NUMBER, 3))),
        ([[], [1]], or_none(NONE, list_of(NUMBER, 1))),
        ([[1, "a"]], or_none(list_of({"wb_type": "invalid"}, 2), NONE)),
        ([(1, 2)], or_none(NONE, list_of(NUMBER, 2))),
        ([{"x": 1}], or_none(NONE, fields(x=NUMBER))),
        ([np.zeros((2, 3))], or_none(array(2, 3), NONE)),
        (
            [1j],
            or_none(
                NONE, {"wb_type": "pythonObject", "params": {"class_name": "complex"}}
            ),
        ),
    ],
)
def test_columns_take_their_type_from_the_cells(
    cells: list[Any], expected: dict[str, Any]
) -> None:
    assert column_type(*cells) == expected
    assert type_to_json(type_from_json(expected)) == expected


@pytest.mark.parametrize(
    "cells",
    [
        [1, "x"],
        [True, 1],
        [[1], ["a"]],
        [{"x": 1}, {"y": 2}],
        [np.zeros(2), np.zeros(3)],
    ],
)
def test_a_cell_of_another_type_is_refused_and_named(cells: list[Any]) -> None:
    table = Table(columns=["a", "b"], data=[["first", cells[0]]])

    with pytest.raises(TypeError, match=r"column 'b' holds .* row 1 has"):
        table.add_data("second", cells[1])

    assert len(table.data) == 1


def test_mixed_types_are_taken_when_allowed() -> None:
    any_or_none = or_none({"wb_type": "any"}, NONE)

    assert column_type(1, "x", None, allow_mixed_types=True) == any_or_none


def test_types_can_be_said_and_none_forbidden() -> None:
    table = Table(columns=["a", "b"], dtype=[int, str], optional=[True, False])

    types = type_to_json(table.column_types())
    assert types == fields(a=or_none(NONE, NUMBER), b=STRING)
    with pytest.raises(TypeError, match="column 'b' holds String, and row 0 has None"):
        table.add_data(1, None)


def test_torch_like_scalars_are_numbers() -> None:
    class Tensor:
        shape = ()

        def item(self) -> int:
            return 7

    Tensor.__module__ = "torch"

    assert column_type(Tensor()) == or_none(NONE, NUMBER)


@pytest.mark.parametrize("cells", [(1,), (1, 2, 3)])
def test_rows_have_one_cell_per_column(cells: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"expects 2 columns: \['a', 'b'\], found"):
        Table(columns=["a", "b"]).add_data(*cells)


def test_columns_default_and_come_from_frames_and_arrays() -> None:
    frame = pd.DataFrame({"n": [1, 2], "s": [None, "x"], "f": [1.5, float("nan")]})

    assert Table().columns == ["Input", "Output", "Expected"]
    assert Table(dataframe=frame).columns == ["n", "s", "f"]
    assert Table(dataframe=frame).data[0] == [1, None, 1.5]
    assert type_to_json(Table(data=frame).type_of_column("s")) == or_none(NONE, STRING)
    assert Table(columns=["a", "b"], data=np.arange(4).reshape(2, 2)).data[1] == [2, 3]


def test_frames_of_other_packages_have_rows() -> None:
    class DataFrame:
        """As polars has it."""

        columns = ("a", "b")

        def rows(self) -> list[tuple[Any, ...]]:
            return [(1, "x"), (2, None)]

    table = Table(dataframe=DataFrame())

    assert (table.columns, table.data) == (["a", "b"], [[1, "x"], [2, None]])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"log_mode": "SOMETIMES"}, "Invalid log_mode: SOMETIMES"),
        ({"columns": [1.5]}, "list of strings or ints"),
        ({"columns": "ab"}, "columns argument expects a `list`"),
        ({"data": "ab"}, "data argument expects a `list`"),
        ({"columns": ["a"], "dtype": [int, str]}, "2 types for 1 columns"),
    ],
)
def test_arguments_that_cannot_be_say_so(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(AssertionError, match=said):
        Table(**arguments)


# ---- reading and changing


@pytest.fixture
def table() -> Table:
    return Table(columns=["a", "b"], data=[[1, "x"], [2, "y"]])


def test_rows_know_their_number_and_their_table(table: Table) -> None:
    rows = list(table.iterrows())

    assert rows == [(0, [1, "x"]), (1, [2, "y"])]
    assert rows[1][0].get_row() == {"a": 2, "b": "y"}
    assert table.get_index()[0].get_row() == {"a": 1, "b": "x"}


def test_columns_can_be_read_and_added(table: Table) -> None:
    table.add_column("c", [1.5, 2.5])
    table.add_column("d", np.array([3, 4]))
    table.add_computed_columns(lambda index, row: {"e": row["a"] * 10, "f": index})

    assert table.columns == ["a", "b", "c", "d", "e", "f"]
    assert table.data == [[1, "x", 1.5, 3, 10, 0], [2, "y", 2.5, 4, 20, 1]]
    assert table.get_column("b") == ["x", "y"]
    assert table.get_column("a", convert_to="numpy").tolist() == [1, 2]
    assert table.get_dataframe()["c"].tolist() == [1.5, 2.5]
    assert type_to_json(table.type_of_column("c")) == NUMBER


def test_first_column_of_an_empty_table_makes_its_rows() -> None:
    table = Table(columns=[])
    table.add_column("a", [1, 2])

    assert table.data == [[1], [2]]


@pytest.mark.parametrize(
    ("name", "cells", "said"),
    [
        ("a", [1, 2], "needs a new name"),
        (5, [1, 2], "needs a new name"),
        ("c", [1], "Expected length 2, found 1"),
        ("c", "xy", "takes a list or an array"),
    ],
)
def test_columns_that_do_not_fit_are_refused(
    table: Table, name: Any, cells: Any, said: str
) -> None:
    with pytest.raises(AssertionError, match=said):
        table.add_column(name, cells)

    assert table.columns == ["a", "b"]


def test_types_can_be_changed_where_all_cells_fit(table: Table) -> None:
    table.cast("a", float)

    assert type_to_json(table.type_of_column("a")) == NUMBER
    with pytest.raises(TypeError, match="Existing data 1, of type Number"):
        table.cast("a", str)


def test_keys_lead_to_their_tables() -> None:
    parents = Table(columns=["id", "v"], data=[["k1", 1], ["k2", 2]])
    parents.set_pk("id")
    children = Table(columns=["of", "w"], data=[["k2", 7]])
    children.set_fk("of", parents, "id")
    rows = Table(columns=["row"], data=[[parents.index_ref(1)]])

    assert children.data[0][0].column_key() == (parents, "id")
    assert rows.data[0][0].get_row() == {"id": "k2", "v": 2}
    with pytest.raises(TypeError, match="holds Primarykey"):
        parents.add_data(None, 3)
    parents.add_data("k3", 3)
    assert parents.data[2][0].column_key() == (parents, "id")


def test_tables_are_equal_when_their_cells_are() -> None:
    def rows() -> Iterator[list[Any]]:
        yield [1, np.arange(3), float("nan")]

    same = [Table(columns=["a", "b", "c"], data=list(rows())) for _ in range(2)]

    assert same[0] == same[1]
    assert same[0] != Table(columns=["a"], data=[[1]])


def test_200_000_rows_are_added_in_a_moment() -> None:
    """Cells of a type that was seen cost a look at their class, no more."""
    import time

    table = Table(columns=["a", "b", "c"])
    began = time.process_time()
    for number in range(200_000):
        table.add_data(number, "x", 0.5)

    assert time.process_time() - began < 2
