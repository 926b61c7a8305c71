"""Charts: which table, which specification, which texts (data-types.md section 6)."""

import pytest
import wandb
from wandb import plot
from wandb.errors import Error
from wandb.sdk.data_types.table import Table


@pytest.fixture
def table() -> Table:
    return Table(columns=["a", "b", "c"], data=[[1, 2, "k"]])


def test_chart_describes_itself_for_the_page(table: Table) -> None:
    chart = plot.line(table, "a", "b", stroke="c", title="Loss")
    chart.set_key("loss")

    assert chart.spec.table_key == "loss_table"
    assert chart.spec.config_key == ("_wandb", "visualize", "loss")
    assert chart.spec.config_value == {
        "panel_type": "Vega2",
        "panel_config": {
            "panelDefId": "wandb/line/v0",
            "fieldSettings": {"x": "a", "y": "b", "stroke": "c"},
            "stringSettings": {"title": "Loss"},
            "transform": {"name": "tableWithLeafColNames"},
            "userQuery": {
                "queryFields": [
                    {
                        "name": "runSets",
                        "args": [{"name": "runSets", "value": "${runSets}"}],
                        "fields": [
                            {"name": "id", "fields": []},
                            {"name": "name", "fields": []},
                            {"name": "_defaultColorIndex", "fields": []},
                            {
                                "name": "summaryTable",
                                "args": [{"name": "tableKey", "value": "loss_table"}],
                                "fields": [],
                            },
                        ],
                    }
                ]
            },
        },
    }


def test_split_table_goes_to_a_section_of_its_own(table: Table) -> None:
    chart = plot.scatter(table, "a", "b", split_table=True)
    chart.set_key("points")

    assert chart.spec.table_key == "Custom Chart Tables/points_table"


@pytest.mark.parametrize(
    ("chart", "spec_name", "fields"),
    [
        ("scatter", "wandb/scatter/v0", {"x": "a", "y": "b"}),
        ("bar", "wandb/bar/v0", {"label": "a", "value": "b"}),
    ],
)
def test_two_columns_are_drawn(
    table: Table, chart: str, spec_name: str, fields: dict[str, str]
) -> None:
    spec = getattr(plot, chart)(table, "a", "b", "T").spec

    assert (spec.spec_name, spec.fields) == (spec_name, fields)
    assert spec.string_fields == {"title": "T"}


def test_histogram_draws_one_column(table: Table) -> None:
    spec = plot.histogram(table, "a").spec

    assert (spec.spec_name, spec.fields) == ("wandb/histogram/v0", {"value": "a"})


def test_lines_share_positions_or_have_their_own() -> None:
    shared = plot.line_series(xs=[0, 1], ys=[[5, 6], [7]], keys=["p", "q"], xname="n")
    own = plot.line_series(xs=[[0], [4, 5]], ys=[[1], [2, 3]])

    assert shared.table.columns == ["step", "lineKey", "lineVal"]
    assert shared.table.data == [[0, "p", 5], [1, "p", 6], [0, "q", 7]]
    assert shared.spec.string_fields == {"title": "", "xname": "n"}
    assert own.table.data == [[0, "line_0", 1], [4, "line_1", 2], [5, "line_1", 3]]


def test_lines_without_their_positions_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x-series \(2\) must match y-series \(1\)"):
        plot.line_series(xs=[[0], [1]], ys=[[1]])
    with pytest.raises(ValueError, match=r"keys \(2\) must match y-series \(1\)"):
        plot.line_series(xs=[0], ys=[[1]], keys=["a", "b"])


def test_what_is_no_table_is_refused() -> None:
    with pytest.raises(Error, match=r"`wandb.Table` type, instead got list"):
        plot.line([[1, 2]], "a", "b")  # type: ignore[arg-type]
    with pytest.raises(Error, match=r"`wandb.Table` type, instead got list"):
        wandb.visualize("x", [1])


def test_a_column_that_the_table_does_not_have_is_told(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    plot.scatter(table, "a", "loss")

    told = capsys.readouterr().err
    assert "no column loss" in told
    assert "a, b, c" in told
