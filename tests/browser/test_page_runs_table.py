"""The runs of a project as a table."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Browser, LoggedRun
from tests.support.server_process import ServerProcess
from tests.support.waiting import wait_until

MakeRun = Callable[..., LoggedRun]
MANY = 1500


@pytest.fixture
def sixty(make_run: MakeRun) -> str:
    """A project of 60 runs: rates 0 to 59, two optimizers, a loss each."""
    for number in range(60):
        optimizer = {"name": "adam" if number % 2 else "sgd"}
        run = make_run(
            "sixty", f"r{number:02}", f"run {number}", rate=number, optimizer=optimizer
        )
        run.summarise({"loss": float((number * 7) % 60), "note": "x"})
    return "sixty"


def open_table(browser: Browser, project: str, query: str = "", **options: Any) -> Any:
    """The table of a project, with rows."""
    page = browser.open(f"/{browser.server.entity}/{project}/table{query}", **options)
    page.locator(".grid-row").first.wait_for()
    return page


def names(page: Any) -> list[str]:
    """The runs in view, from the top."""
    found = page.locator(".grid-row[data-run]").evaluate_all(
        "rows => rows.sort((a, b) => a.getAttribute('aria-rowindex') - "
        "b.getAttribute('aria-rowindex')).map(row => row.dataset.run)"
    )
    return [str(name) for name in found]


def total(page: Any, text: str) -> None:
    """Wait until the number of runs is told."""
    page.get_by_role("status").get_by_text(text, exact=True).wait_for()


def test_runs_are_sorted_by_any_column(browser: Browser, sixty: str) -> None:
    page = open_table(browser, sixty)
    total(page, "60 runs")

    page.get_by_role("columnheader", name="loss").get_by_role("button").click()

    highest = max(range(60), key=lambda number: (number * 7) % 60)
    wait_until(lambda: names(page)[0] == f"r{highest:02}")
    page.get_by_role("columnheader", name="loss").get_by_role("button").click()
    wait_until(lambda: names(page)[0] == "r00")
    assert "sort=summary.loss" in page.evaluate("() => location.search")
    page.reload()
    page.locator(".grid-row").first.wait_for()
    wait_until(lambda: names(page)[0] == "r00")


def test_filters_and_searches_are_answered_by_the_server(
    browser: Browser, sixty: str
) -> None:
    page = open_table(browser, sixty)

    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Column", exact=True).fill("config.rate")
    page.get_by_label("Column", exact=True).press("Enter")
    page.get_by_label("Comparison").select_option(">=")
    page.get_by_label("Value").fill("55")
    page.get_by_label("Value").press("Enter")

    total(page, "5 runs")
    assert sorted(names(page)) == ["r55", "r56", "r57", "r58", "r59"]
    page.get_by_label("Search runs").fill("/5[78]$/")
    total(page, "2 runs")
    page.get_by_label("Search runs").fill("/(/")
    page.get_by_role("alert").wait_for()
    page.get_by_label("Search runs").fill("nothing like this")
    page.get_by_text("No run matches").wait_for()
    page.get_by_role("button", name="Remove the filter").click()
    page.get_by_label("Search runs").fill("/^run 7$/")
    total(page, "1 run")


def test_groups_tell_mean_lowest_and_highest(browser: Browser, sixty: str) -> None:
    page = open_table(browser, sixty, "?group=config.optimizer.name&column=config.rate")

    groups = page.locator(".grid-group")
    groups.first.wait_for()
    page.get_by_role("button", name="sgd 30").click()
    page.get_by_role("button", name="adam 30").click()
    assert groups.count() == 2
    cells = {
        group: page.locator(f'[data-group="{group}"] [role=cell]')
        for group in ("adam", "sgd")
    }
    assert [cells[g].nth(1).inner_text() for g in cells] == ["30", "29"]
    page.get_by_label("Of a group show").select_option("max")
    assert [cells[g].nth(1).inner_text() for g in cells] == ["59", "58"]
    page.get_by_label("Of a group show").select_option("min")
    assert [cells[g].nth(1).inner_text() for g in cells] == ["1", "0"]


def test_columns_are_chosen_moved_and_remembered(browser: Browser, sixty: str) -> None:
    page = open_table(browser, sixty, "?column=state&column=config.rate")
    page.get_by_role("button", name="Columns").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Search columns").fill("loss")
    dialog.get_by_role("checkbox").first.check()
    dialog.get_by_label("Search columns").fill("")
    dialog.get_by_role("button", name="Move summary.loss up").click()
    dialog.get_by_role("button", name="Done").click()

    heads = page.get_by_role("columnheader")
    wait_until(
        lambda: (
            [h.strip() for h in heads.all_inner_texts()]
            == ["Name", "State", "loss", "rate"]
        )
    )
    page.goto(f"{browser.server.url}/{browser.server.entity}/{sixty}/table")
    page.locator(".grid-row").first.wait_for()
    assert [h.strip() for h in heads.all_inner_texts()] == [
        "Name",
        "State",
        "loss",
        "rate",
    ]


def test_csv_holds_all_matching_runs(
    browser: Browser, sixty: str, tmp_path: Path
) -> None:
    page = open_table(
        browser, sixty, "?column=config.rate&column=summary.loss&sort=config.rate"
    )
    total(page, "60 runs")

    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "runs.csv")

    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        saved = list(csv.reader(file))
    assert saved[0] == ["id", "name", "config.rate", "summary.loss"]
    assert saved[1:] == [
        [f"r{n:02}", f"run {n}", str(n), str((n * 7) % 60)] for n in range(60)
    ]


def test_many_runs_are_rows_in_view_only(
    browser: Browser, server: ServerProcess
) -> None:
    """All are loaded page by page; the last is there when one scrolls to it."""
    each = (
        'r{0}: upsertBucket(input: {{name: "m{0}", modelName: "horde"}}) {{ inserted }}'
    )
    for first in range(0, MANY, 100):
        lines = [each.format(number) for number in range(first, first + 100)]
        server.graphql(f"mutation {{ {' '.join(lines)} }}", {})

    page = open_table(browser, "horde", "?column=state&sort=name")
    total(page, "1\u2009500 runs")

    assert page.locator(".grid-row").count() < 80
    wait_until(lambda: page.get_by_role("button", name="CSV").is_enabled())
    page.locator(".grid-scroll").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    page.get_by_role("row").filter(has=page.locator(".grid-name")).last.wait_for()
    wait_until(lambda: page.locator(f'[aria-rowindex="{MANY + 1}"]').count() == 1)


def test_chosen_runs_are_compared_in_the_workspace(
    browser: Browser, sixty: str
) -> None:
    page = open_table(browser, sixty, "?sort=name")
    page.get_by_label("Select run 0", exact=True).check()
    page.get_by_label("Select run 1", exact=True).check()
    page.get_by_text("2 selected").wait_for()

    page.get_by_role("button", name="Compare").click()

    page.get_by_text("2 of 60 shown").wait_for()


def test_an_empty_project_shows_how_to_fill_it(browser: Browser) -> None:
    page = browser.open(f"/{browser.server.entity}/nothing-here/table")

    page.get_by_text("There is no project nothing-here yet").wait_for()
    assert 'project="nothing-here"' in page.locator(".snippet").inner_text()
    assert json.dumps(browser.server.entity) in page.locator(".snippet").inner_text()
