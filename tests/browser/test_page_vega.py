"""Custom charts of `wandb.plot`, drawn by our own specifications."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.browser.conftest import Browser, LoggedRun
from tests.support.page_media import Picture, custom_chart, table

MakeRun = Callable[..., LoggedRun]


def log_chart(
    run: LoggedRun, key: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """The table of a chart, as `wandb.plot` logs it."""
    run.log([{f"{key}_table": table(run, key, columns, rows)}])


def drawn(page: Any, key: str) -> Any:
    """The picture of a chart."""
    place = page.locator(f'[data-panel="~{key}"] .vega-place svg')
    place.wait_for()
    return place


def started(
    make_run: MakeRun, project: str, name: str, charts: Mapping[str, Any]
) -> LoggedRun:
    """A run whose config says what its charts are."""
    return make_run(project, name, _wandb={"visualize": dict(charts)})


def test_lines_of_several_runs_have_their_colours(
    browser: Browser, make_run: MakeRun
) -> None:
    chart = custom_chart("curve", "wandb/line/v0", {"x": "x", "y": "y"}, "A sine")
    for number, name in enumerate(("one", "two")):
        run = started(make_run, "lines", name, chart)
        log_chart(run, "curve", ["x", "y"], [[x, x * number] for x in range(9)])

    page = browser.workspace("lines")
    picture = drawn(page, "curve")

    assert page.get_by_role("heading", name="A sine").is_visible()
    strokes = picture.locator(".mark-line path").evaluate_all(
        "paths => paths.map(path => path.getAttribute('stroke')).sort()"
    )
    swatches = page.locator(".run .swatch line").evaluate_all(
        "lines => lines.map(line => line.getAttribute('stroke')).sort()"
    )
    assert strokes == swatches
    assert page.locator('[data-panel="~curve_table"]').count() == 0


def test_a_confusion_matrix_has_its_counts_in_both_themes(
    browser: Browser, make_run: MakeRun
) -> None:
    fields = {"Actual": "Actual", "Predicted": "Predicted", "nPredictions": "n"}
    chart = custom_chart("matrix", "wandb/confusion_matrix/v1", fields)
    run = started(make_run, "matrix", "run1", chart)
    rows = [["cat", "cat", 5], ["cat", "dog", 1], ["dog", "cat", 2], ["dog", "dog", 9]]
    log_chart(run, "matrix", ["Actual", "Predicted", "n"], rows)

    for theme in ("light", "dark"):
        page = browser.workspace("matrix", theme=theme)
        picture = drawn(page, "matrix")
        texts = picture.locator(".mark-text.role-mark text").all_text_contents()
        assert sorted(texts) == ["1", "2", "5", "9"]
        ground = Picture(picture.screenshot()).pixel(0.01, 0.01)
        assert (sum(ground) > 600) == (theme == "light")


def test_bars_have_the_length_of_their_values(
    browser: Browser, make_run: MakeRun
) -> None:
    chart = custom_chart("bars", "wandb/bar/v0", {"label": "kind", "value": "count"})
    run = started(make_run, "bars", "run1", chart)
    log_chart(run, "bars", ["kind", "count"], [["a", 10], ["b", 5], ["c", 20]])

    picture = drawn(browser.workspace("bars"), "bars")

    widths = picture.locator(".mark-rect path").evaluate_all(
        "paths => paths.map(path => path.getBBox().width)"
    )
    assert len(widths) == 3
    assert abs(widths[0] / widths[1] - 2) < 0.01
    assert abs(widths[2] / widths[1] - 4) < 0.01


def test_an_unknown_chart_says_so_and_shows_its_table(
    browser: Browser, make_run: MakeRun
) -> None:
    chart = custom_chart("own", "somebody/strange", {"x": "p"})
    run = started(make_run, "unknown-chart", "run1", chart)
    log_chart(run, "own", ["p", "q"], [["left", 1.5]])

    page = browser.workspace("unknown-chart")

    panel = page.locator('[data-panel="~own"]')
    panel.get_by_text("somebody/strange is not known to this page").wait_for()
    panel.get_by_text("left", exact=True).wait_for()


def test_a_chart_can_be_read_as_a_table(browser: Browser, make_run: MakeRun) -> None:
    chart = custom_chart("points", "wandb/scatter/v0", {"x": "a", "y": "b"})
    run = started(make_run, "as-table", "run1", chart)
    log_chart(run, "points", ["a", "b"], [[1.25, 2], [3, 4]])

    page = browser.workspace("as-table")
    assert drawn(page, "points").locator(".mark-symbol path").count() == 2
    panel = page.locator('[data-panel="~points"]')
    panel.hover()
    panel.get_by_role("button", name="table").click()

    panel.get_by_text("1.25").wait_for()
