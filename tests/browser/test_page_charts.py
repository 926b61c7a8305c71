"""The workspace: charts are drawn, live, zoomed, searched; nothing is hidden."""

import json
import math
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Browser, LoggedRun, curve

MakeRun = Callable[..., LoggedRun]

COLOURED = """(card) => {
  const canvas = card.querySelector('.uplot canvas');
  if (!canvas || canvas.width === 0) return 0;
  const { width, height } = canvas;
  const { data } = canvas.getContext('2d').getImageData(0, 0, width, height);
  let count = 0;
  for (let at = 0; at < data.length; at += 4) {
    const [r, g, b, a] = data.slice(at, at + 4);
    if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 50) count += 1;
  }
  return count;
}"""
PICTURE = "(card) => card.querySelector('.uplot canvas').toDataURL()"
LINE_PIXELS_MIN = 100


def card(page: Any, metric: str) -> Any:
    """The panel of a metric."""
    return page.locator(f'[data-panel="{metric}"]')


def wait_until_drawn(page: Any, metric: str) -> None:
    """Until the chart holds lines in colour."""
    card(page, metric).wait_for()
    page.wait_for_function(
        f'(id) => {{ const card = document.querySelector(`[data-panel="${{id}}"]`);'
        f" return card && ({COLOURED})(card) > {LINE_PIXELS_MIN}; }}",
        arg=metric,
    )


def wait_until_changed(page: Any, metric: str, before: str) -> None:
    """Until the picture of a chart is another one."""
    page.wait_for_function(
        f"([id, before]) => ({PICTURE})("
        'document.querySelector(`[data-panel="${id}"]`)) !== before',
        arg=[metric, before],
    )


def point_at(page: Any, metric: str, share: float, height: float = 0.5) -> None:
    """Move the pointer to a place of the plotting area, as shares of its size."""
    box = card(page, metric).locator(".u-over").bounding_box()
    x, y = box["x"] + share * box["width"], box["y"] + height * box["height"]
    page.mouse.move(x - 4, y)
    page.mouse.move(x, y)


def drag(page: Any, metric: str, start: float, end: float) -> None:
    """Select a range of a chart's x-axis with the mouse."""
    point_at(page, metric, start)
    page.mouse.down()
    point_at(page, metric, (start + end) / 2)
    point_at(page, metric, end)
    page.mouse.up()


def wait_until_live(page: Any) -> None:
    """Until the page hears of changes."""
    page.locator(".link-live").wait_for()


def asks_for_series(request: Any) -> bool:
    """Whether it is the charts' question."""
    return bool(
        request.url.endswith("/graphql")
        and json.loads(request.post_data)["operationName"] == "PageSeries"
    )


def watch_series(page: Any) -> list[dict[str, Any]]:
    """The variables of every request for series from now on."""
    asked: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        if asks_for_series(request):
            asked.append(json.loads(request.post_data)["variables"])

    page.on("request", note)
    return asked


def after_series(page: Any, act: Callable[[], Any]) -> None:
    """Do what makes the page ask for series; it has them and has had time to draw."""
    with page.expect_response(lambda answer: asks_for_series(answer.request)):
        act()
    page.wait_for_timeout(400)


def test_every_metric_of_every_run_is_drawn(
    browser: Browser, make_run: MakeRun
) -> None:
    for number in range(3):
        make_run("drawn", f"run{number}", f"net-{number}").log(curve(300, 1 + number))

    page = browser.workspace("drawn")

    for metric in ("train/loss", "train/accuracy", "rate"):
        wait_until_drawn(page, metric)
    sections = page.locator(".section-head").all_inner_texts()
    assert [text.split() for text in sections] == [["Charts", "1"], ["train", "2"]]
    assert page.locator(".run").count() == 3
    colours = page.locator(".run .swatch line").evaluate_all(
        "(lines) => lines.map((line) => line.getAttribute('stroke')"
        " + line.getAttribute('stroke-dasharray'))"
    )
    assert len(set(colours)) == 3


def test_new_rows_and_new_metrics_appear_by_themselves(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("live", "run1")
    run.log(curve(50))
    page = browser.workspace("live")
    wait_until_drawn(page, "train/loss")
    wait_until_live(page)
    before = card(page, "train/loss").evaluate(PICTURE)

    run.log([{"train/loss": 3.0, "fresh/metric": 1.0}, {"fresh/metric": 2.0}])

    wait_until_changed(page, "train/loss", before)
    card(page, "fresh/metric").wait_for()


def test_a_new_run_appears_by_itself(browser: Browser, make_run: MakeRun) -> None:
    make_run("growing", "first").log(curve(20))
    page = browser.workspace("growing")
    wait_until_drawn(page, "rate")

    second = make_run("growing", "second", "newcomer")
    second.log(curve(20))
    page.get_by_role("link", name="newcomer").wait_for()
    second.finish(exit_code=1)

    page.locator('[data-run="second"] .state-failed').wait_for()


def test_the_first_run_fills_an_empty_project(
    browser: Browser, make_run: MakeRun
) -> None:
    page = browser.workspace("unborn")
    page.get_by_role("heading", name="There is no project unborn yet").wait_for()
    assert 'wandb.init(project="unborn"' in page.locator(".snippet").inner_text()
    wait_until_live(page)

    make_run("unborn", "run1").log(curve(30))

    wait_until_drawn(page, "train/loss")


def test_dragging_fetches_the_detail_of_the_range_and_double_click_resets(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("zoom", "run1").log(curve(4000))
    page = browser.workspace("zoom")
    wait_until_drawn(page, "train/loss")
    asked = watch_series(page)

    drag(page, "train/loss", 0.25, 0.5)
    page.locator(".zoom").wait_for()
    page.wait_for_url("**zoom=_step**")

    page.wait_for_timeout(500)
    assert 900 < asked[0]["min0"] < 1100
    assert 1900 < asked[0]["max0"] < 2100
    # One request for all charts, every one of them zoomed.
    assert set(asked[0]["keys0"]) == {"train/loss", "train/accuracy", "rate"}
    assert len(asked) == 1

    card(page, "train/accuracy").locator(".u-over").dblclick()
    page.locator(".zoom").wait_for(state="detached")
    page.wait_for_url(lambda address: "?" not in address)


def test_live_data_do_not_pull_the_view_while_zoomed(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("steady", "run1")
    run.log(curve(400))
    page = browser.workspace("steady", "?zoom=_step,100,200")
    wait_until_drawn(page, "train/loss")
    wait_until_live(page)
    before = card(page, "train/loss").evaluate(PICTURE)
    asked = watch_series(page)

    after_series(page, lambda: run.log([{"train/loss": 50.0}] * 200))

    assert all(request["max0"] == 200 for request in asked)
    assert card(page, "train/loss").evaluate(PICTURE) == before


def test_live_data_do_not_move_the_axis_under_the_pointer(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("hovered", "run1")
    run.log([{"loss": 1.0 + step % 7} for step in range(101)])
    page = browser.workspace("hovered")
    wait_until_drawn(page, "loss")
    wait_until_live(page)
    step = page.locator(".tooltip-head b")
    point_at(page, "loss", 0.5)
    assert step.inner_text() == "50"

    rows = [{"loss": 1.0 + step % 7} for step in range(300)]
    after_series(page, lambda: run.log(rows))

    assert step.inner_text() == "50"
    page.mouse.move(5, 5)
    point_at(page, "loss", 0.5)
    assert 195 <= int(step.inner_text()) <= 205


def test_a_spike_between_the_buckets_is_seen(
    browser: Browser, make_run: MakeRun
) -> None:
    rows = [{"loss": 1.0} for _ in range(6000)]
    rows[3000] = {"loss": 1000.0}
    make_run("spike", "run1").log(rows)
    page = browser.workspace("spike")
    wait_until_drawn(page, "loss")

    point_at(page, "loss", 0.5)

    tooltip = page.get_by_role("tooltip")
    tooltip.wait_for()
    bands = set()
    for offset in range(-8, 9):
        point_at(page, "loss", 0.5 + offset / 1000)
        bands.add(page.locator(".tooltip-band").inner_text())
    assert "1 … 1\u2009000" in bands


def test_values_that_are_not_finite_are_marked(
    browser: Browser, make_run: MakeRun
) -> None:
    values = [1.0, 2.0, math.nan, 2.0, math.inf, 1.0, -math.inf, 3.0, 2.0]
    make_run("odd", "run1").log([{"odd": value} for value in values])
    page = browser.workspace("odd")
    wait_until_drawn(page, "odd")

    for step, text in ((2, "NaN"), (4, "+∞"), (6, "−∞")):
        point_at(page, "odd", step / 8)
        page.locator(".tooltip-marks", has_text=text).wait_for()


def test_the_tooltip_names_the_nearest_twelve_and_counts_the_rest(
    browser: Browser, make_run: MakeRun
) -> None:
    for number in range(15):
        make_run("many", f"run{number}", f"net-{number}").log(
            [{"level": float(number)}] * 10
        )
    page = browser.workspace("many")
    wait_until_drawn(page, "level")

    point_at(page, "level", 0.5, 0.03)

    page.get_by_text("and 3 more").wait_for()
    names = page.locator(".tooltip-name").all_inner_texts()
    assert names[0] == "net-14"
    assert len(names) == 12
    crosshair = card(page, "level").locator(".chart-crosshair")
    assert crosshair.evaluate("(line) => line.style.display") == "block"


def test_scale_axis_and_smoothing_change_the_picture_and_the_address(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("settings", "run1").log(curve(200))
    page = browser.workspace("settings")
    wait_until_drawn(page, "train/loss")

    def changes(act: Callable[[], Any], written: str) -> None:
        before = card(page, "train/loss").evaluate(PICTURE)
        act()
        wait_until_changed(page, "train/loss", before)
        page.wait_for_url(f"**{written}**")

    toolbar = page.get_by_role("toolbar")
    changes(lambda: toolbar.get_by_role("button", name="log y").click(), "y=log")
    axis = toolbar.get_by_label("x axis")
    changes(lambda: axis.select_option("_runtime"), "x=_runtime")
    changes(lambda: axis.select_option("_timestamp"), "x=_timestamp")
    changes(lambda: axis.select_option("train/accuracy"), "x=train/accuracy")
    changes(lambda: toolbar.get_by_label("Smoothing").fill("0.9"), "smooth=0.9")

    page.reload()
    wait_until_drawn(page, "train/loss")
    assert axis.input_value() == "train/accuracy"
    assert toolbar.get_by_label("Smoothing").input_value() == "0.9"


def test_eyes_and_search_choose_what_is_drawn(
    browser: Browser, make_run: MakeRun
) -> None:
    for number in range(4):
        make_run("eyes", f"run{number}", f"net-{number}").log(curve(50, number + 1))
    page = browser.workspace("eyes")
    wait_until_drawn(page, "train/loss")
    before = card(page, "train/loss").evaluate(PICTURE)

    page.get_by_role("button", name="Hide net-2").click()
    wait_until_changed(page, "train/loss", before)
    page.get_by_text("3 of 4 shown").wait_for()
    page.wait_for_url("**eyes=newest,-run2**")

    page.get_by_label("Search runs").fill("/net-[01]$")
    page.locator(".run").nth(2).wait_for(state="detached")
    assert page.locator(".run-name").all_inner_texts() == ["net-1", "net-0"]
    page.get_by_label("Search runs").fill("/net-[")
    page.locator(".search-problem").wait_for()
    assert page.locator(".run").count() == 4

    page.get_by_label("Search charts").fill("accuracy")
    card(page, "rate").wait_for(state="detached")
    assert page.locator("[data-panel]").count() == 1


def test_a_panel_of_several_metrics_is_made_kept_and_removed(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("panels", "run1").log(curve(100))
    page = browser.workspace("panels")
    wait_until_drawn(page, "rate")

    page.get_by_role("button", name="Panel", exact=True).click()
    page.get_by_role("checkbox", name="train/loss").check()
    page.get_by_role("checkbox", name="train/accuracy").check()
    page.get_by_role("button", name="Add panel").click()
    own = "+train/loss,train/accuracy"
    wait_until_drawn(page, own)

    page.reload()
    wait_until_drawn(page, own)
    card(page, own).hover()
    card(page, own).get_by_role("button", name="Remove the panel").click()
    card(page, own).wait_for(state="detached")
    page.get_by_role("button", name="Undo").click()
    wait_until_drawn(page, own)


def test_keys_move_through_runs_and_open_a_chart_full_screen(
    browser: Browser, make_run: MakeRun
) -> None:
    for number in range(2):
        make_run("keys", f"run{number}", f"net-{number}").log(curve(50))
    page = browser.workspace("keys")
    wait_until_drawn(page, "rate")

    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.ariaLabel") == "Search runs"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press(" ")
    page.get_by_text("1 of 2 shown").wait_for()
    point_at(page, "rate", 0.5)
    page.keyboard.press("f")
    page.locator("dialog .uplot").wait_for()
    page.keyboard.press("Escape")
    page.locator("dialog").wait_for(state="detached")
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keyboard and mouse").wait_for()
