"""Tables of runs: sorted, searched, joined, saved; media in their cells."""

import csv
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.conftest import Browser, LoggedRun
from tests.support.page_media import table

MakeRun = Callable[..., LoggedRun]
SCRIPT = """
import numpy, wandb
with wandb.init(project="real-tables", name="from-a-script") as run:
    rows = wandb.Table(columns=["id", "picture"])
    for number in range(3):
        pixels = numpy.full((20, 30, 3), number * 60, numpy.uint8)
        rows.add_data(number, wandb.Image(pixels))
    run.log({"predictions": rows})
"""


def grid(page: Any, key: str) -> Any:
    """The table of a panel, with rows."""
    found = page.locator(f'[data-panel="~{key}"] .data-table')
    found.locator(".data-row").first.wait_for()
    return found


def column(found: Any, index: int) -> list[str]:
    """What is in a column of the rows that exist."""
    rows = found.locator(".data-row")
    cells = rows.evaluate_all(
        "(rows, index) => rows"
        ".sort((a, b) => a.getAttribute('aria-rowindex') - "
        "b.getAttribute('aria-rowindex'))"
        ".map(row => row.children[index].innerText.trim())",
        index,
    )
    return [str(cell) for cell in cells]


def many_rows(count: int) -> list[list[Any]]:
    """number, a word, a text."""
    words = ("cat", "dog", "bird")
    return [[(n * 7) % count, words[n % 3], f"row {n}"] for n in range(count)]


def test_ten_thousand_rows_are_sorted_and_searched_at_once(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("long-table", "run1")
    rows = many_rows(10_000)
    run.log([{"t": table(run, "t", ["n", "word", "text"], rows)}])

    page = browser.workspace("long-table")
    found = grid(page, "t")

    assert "10\u2009000 rows" in found.inner_text()
    assert found.locator(".data-row").count() < 60
    found.get_by_role("columnheader").nth(0).get_by_role("button").click()
    assert column(found, 0)[:3] == ["0", "1", "2"]
    found.get_by_role("columnheader").nth(0).get_by_role("button").click()
    assert column(found, 0)[0] == "9\u2009999"
    found.get_by_label("Search rows").fill("/^row 12[34]$/")
    found.get_by_text("2 of 10\u2009000 rows").wait_for()
    assert sorted(column(found, 2)) == ["row 123", "row 124"]
    found.get_by_label("Search rows").fill("/(/")
    found.get_by_role("alert").wait_for()
    found.get_by_label("Search rows").fill("bird")
    found.get_by_label("Search in").select_option("1")
    found.get_by_text("3333 of").or_(found.get_by_text("3\u2009333 of")).wait_for()


def test_tables_of_several_runs_are_one_and_saved_as_csv(
    browser: Browser, make_run: MakeRun, tmp_path: Path
) -> None:
    for name, rows in (("one", [[1, 'a "b"']]), ("two", [[2, "=x"], [3, "c,d"]])):
        run = make_run("joined", name)
        run.log([{"t": table(run, "t", ["n", "text"], rows)}])

    page = browser.workspace("joined")
    found = grid(page, "t")
    found.get_by_text("3 rows").wait_for()
    with page.expect_download() as download:
        found.get_by_role("button", name="CSV").click()
    download.value.save_as(tmp_path / "t.csv")

    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        saved = list(csv.reader(file))
    assert saved[0] == ["run", "n", "text"]
    assert sorted(saved[1:]) == [
        ["one", "1", 'a "b"'], ["two", "2", "'=x"], ["two", "3", "c,d"],
    ]  # fmt: skip
    assert found.locator(".data-row .swatch").count() == 3


def test_a_row_opens_with_its_long_texts(browser: Browser, make_run: MakeRun) -> None:
    run = make_run("details", "run1")
    long = "a long text " * 60
    run.log([{"t": table(run, "t", ["id", "text"], [[1, long]])}])

    page = browser.workspace("details")
    found = grid(page, "t")
    found.locator(".data-row").dblclick()

    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    assert long.strip() in dialog.inner_text()


def test_pictures_in_cells_come_from_the_artifact(
    browser: Browser, tmp_path: Path
) -> None:
    """With our own client: the short form in the run only says `Image`."""
    script = tmp_path / "train.py"
    script.write_text(SCRIPT, encoding="utf-8")
    environment = dict(browser.server.environment)
    done = subprocess.run(
        [sys.executable, str(script)],
        env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    subprocess.run(
        [sys.executable, "-m", "wandb_core", "stop"],
        env=environment, cwd=tmp_path, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()

    page = browser.workspace("real-tables")
    found = grid(page, "predictions")

    found.locator(".data-media img").nth(2).wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('.data-media img')]"
        ".every(image => image.complete && image.naturalWidth === 30)"
    )
    assert column(found, 0) == ["0", "1", "2"]
