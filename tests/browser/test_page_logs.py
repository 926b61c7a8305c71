"""The console: search from end to end, lines in the address, colours, download."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.browser.conftest import Browser, LoggedRun

MakeRun = Callable[..., LoggedRun]
LINE_COUNT = 100_000
STAMP = "2026-11-20T10:00:00.000000 "


def printed(run: LoggedRun) -> None:
    """A long console with a few lines to find, one of them in colour."""
    lines = [f"{STAMP}epoch {number}" for number in range(LINE_COUNT)]
    lines[77] = f"{STAMP}\x1b[33mwarning\x1b[0m: lo\x1b[31mss is NaN\x1b[0m"
    lines[60_000] = f"{STAMP}loss is nan once more"
    lines[99_998] = f"ERROR {STAMP}Loss is NaN, giving up"
    for first in range(0, LINE_COUNT, 25_000):
        run._post("output.log", lines[first : first + 25_000])


def current_line(page: Any) -> str:
    """Number and text of the line that is pointed out."""
    return " ".join(page.locator(".log-line.current").inner_text().split())


def test_the_whole_console_is_searched_and_walked_through(
    browser: Browser, make_run: MakeRun, tmp_path: Path
) -> None:
    printed(make_run("prints", "run1"))
    page = browser.open(f"/{browser.server.entity}/prints/runs/run1/logs")
    page.get_by_text("epoch 99999", exact=True).wait_for()

    page.keyboard.press("/")
    page.keyboard.type("/loss is nan")
    page.get_by_role("status").get_by_text("3 lines", exact=True).wait_for()

    page.get_by_role("button", name="Follow").click()
    page.locator(".logs-list").evaluate("(list) => { list.scrollTop = 0; }")
    page.get_by_text("epoch 0", exact=True).wait_for()
    field = page.get_by_label("Search the console")
    field.press("Enter")
    page.locator(".log-line.current").wait_for()
    assert current_line(page) == "78 warning: loss is NaN"
    marked = page.locator(".log-line.current mark").all_inner_texts()
    assert "".join(marked) == "loss is NaN"
    assert page.locator(".log-line.current .ansi-3").inner_text() == "warning"
    field.press("Enter")
    page.locator(".log-line.current", has_text="once more").wait_for()
    assert current_line(page).startswith("60001 ")
    page.get_by_text("2 of 3 lines").wait_for()
    field.press("Shift+Enter")
    field.press("Shift+Enter")
    page.locator(".log-line.current.error", has_text="giving up").wait_for()
    assert "line=99999" in page.url
    assert page.locator(".log-line").count() < 200


def test_what_is_no_expression_is_said_and_hides_nothing(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("prints-odd", "run1")
    run.print([f"{STAMP}only line"])
    page = browser.open(f"/{browser.server.entity}/prints-odd/runs/run1/logs")
    page.get_by_text("only line").wait_for()

    page.get_by_label("Search the console").fill("/(")

    page.get_by_role("alert").wait_for()
    assert page.get_by_text("only line").is_visible()


def test_a_line_in_the_address_is_shown_and_lines_are_jumped_to(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("prints-line", "run1")
    run.print([f"{STAMP}row {number}" for number in range(3000)])
    address = f"/{browser.server.entity}/prints-line/runs/run1/logs?line=1500"

    page = browser.open(address)

    page.locator(".log-line.current", has_text="row 1499").wait_for()
    page.get_by_label("Go to line").fill("2800")
    page.get_by_label("Go to line").press("Enter")
    page.locator(".log-line.current", has_text="row 2799").wait_for()
    assert "line=2800" in page.url


def test_the_console_is_downloaded_whole_with_times_if_they_are_shown(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("prints-file", "run1")
    run.print([f"{STAMP}row {number}" for number in range(12_000)])
    page = browser.open(f"/{browser.server.entity}/prints-file/runs/run1/logs")
    page.get_by_text("row 11999", exact=True).wait_for()

    with page.expect_download() as plain:
        page.get_by_role("button", name="Download").click()
    page.get_by_role("button", name="Times").click()
    with page.expect_download() as timed:
        page.get_by_role("button", name="Download").click()

    assert plain.value.suggested_filename == "run1-output.log"
    lines = Path(plain.value.path()).read_text().splitlines()
    assert lines == [f"row {number}" for number in range(12_000)]
    first = Path(timed.value.path()).read_text().splitlines()[0]
    assert first.startswith("2026-11-20T10:00:00")
    assert first.endswith("row 0")
