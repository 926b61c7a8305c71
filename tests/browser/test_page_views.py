"""Projects, the page of a run, themes, faults and access."""

import json
import math
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Browser, LoggedRun, curve
from tests.browser.test_page_charts import wait_until_drawn, wait_until_live

MakeRun = Callable[..., LoggedRun]


def answer_instead(page: Any, operation: str, status: int) -> None:
    """Let requests of one operation fail."""

    def handle(route: Any) -> None:
        if json.loads(route.request.post_data)["operationName"] == operation:
            body = json.dumps({"errors": [{"message": "the disk is full"}]})
            route.fulfill(status=status, body=body, content_type="application/json")
        else:
            route.continue_()

    page.route("**/graphql", handle)


def test_projects_are_listed_and_lead_to_their_workspace(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("listed", "run1").log(curve(30))

    page = browser.open("/")

    row = page.locator("tr", has=page.get_by_role("link", name="listed", exact=True))
    row.wait_for()
    cells = row.locator("td").all_inner_texts()
    assert cells[1] == "1"
    assert cells[3] == "just now"
    row.get_by_role("link").click()
    wait_until_drawn(page, "train/loss")


def test_the_overview_tells_what_the_run_is(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run(
        "told", "run1", "calm-sea-1",
        rate=0.001, model={"kind": "cnn", "drop": math.nan, "sizes": [64, 32]},
    )  # fmt: skip
    run.log(curve(30))
    run.summarise({"best": {"acc": {"max": 0.97}}, "worst": math.inf})
    run.finish(exit_code=3)

    page = browser.open(f"/{browser.server.entity}/told/runs/run1/overview")

    facts = page.get_by_label("Facts")
    facts.wait_for()
    text = facts.inner_text()
    assert "failed" in text
    assert "exit code 3" in text
    assert "30, last step 29" in text
    trees = [" ".join(tree.split()) for tree in page.locator(".tree").all_inner_texts()]
    assert "rate 0.001 model 3 keys kind cnn drop NaN sizes [64, 32]" in trees[0]
    assert "max 0.97 worst ∞" in trees[1]
    page.get_by_label("Search config and summary").fill("kind")
    page.get_by_text("Nothing here.").wait_for()
    assert "rate" not in page.locator(".tree").first.inner_text()


def test_the_console_is_virtual_marks_stderr_and_follows(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("console", "run1")
    stamp = "2026-11-20T10:00:00.000000 "
    run.print([f"{stamp}line {number}" for number in range(20_000)])
    page = browser.open(f"/{browser.server.entity}/console/runs/run1/logs")
    page.get_by_text("line 19999", exact=True).wait_for()
    assert page.locator(".log-line").count() < 200

    run.print([f"ERROR {stamp}\x1b[31mit broke\x1b[0m"])

    line = page.locator(".log-line.error", has_text="it broke")
    line.wait_for()
    assert "\x1b" not in line.inner_text()
    page.locator(".logs-list").evaluate("(list) => { list.scrollTop = 0; }")
    page.get_by_text("line 0", exact=True).wait_for()
    follow = page.get_by_role("button", name="Follow")
    page.wait_for_function(
        "(button) => button.getAttribute('aria-pressed') === 'false'",
        arg=follow.element_handle(),
    )
    run.print([f"{stamp}one more"])
    page.get_by_text("20 002 lines".replace(" ", "\u2009", 1)).wait_for()
    assert page.get_by_text("line 0", exact=True).is_visible()


def test_the_charts_of_one_run(browser: Browser, make_run: MakeRun) -> None:
    make_run("single", "run1", "lonely").log(curve(60))
    page = browser.open(f"/{browser.server.entity}/single/runs/run1")

    wait_until_drawn(page, "train/loss")

    assert page.locator(".runs").count() == 0
    page.get_by_role("link", name="Logs").click()
    page.get_by_role("heading", name="No console output").wait_for()
    page.go_back()
    wait_until_drawn(page, "train/loss")


def test_dark_and_light_follow_the_system_and_the_choice(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("themes", "run1").log(curve(30))
    ground = "getComputedStyle(document.body).backgroundColor"
    page = browser.workspace("themes", theme="dark")
    wait_until_drawn(page, "rate")
    dark = page.evaluate(ground)

    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").wait_for()

    assert page.evaluate(ground) != dark
    page.reload()
    wait_until_drawn(page, "rate")
    assert page.evaluate(ground) != dark
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_a_failed_request_says_why_and_is_tried_again(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("faulty", "run1").log(curve(30))
    page = browser.open("/")
    answer_instead(page, "PageMetricKeys", 400)
    page.goto(f"{browser.server.url}/{browser.server.entity}/faulty")
    page.get_by_text("the disk is full").wait_for()

    page.unroute("**/graphql")
    page.get_by_role("button", name="Try again").click()

    wait_until_drawn(page, "train/loss")


def test_what_is_on_the_screen_stays_when_the_server_fails(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("stays", "run1")
    run.log(curve(30))
    page = browser.workspace("stays")
    wait_until_drawn(page, "train/loss")
    wait_until_live(page)
    answer_instead(page, "PageSeries", 500)

    run.log(curve(5))

    page.get_by_text("not up to date").first.wait_for()
    wait_until_drawn(page, "train/loss")
    page.unroute("**/graphql")
    page.get_by_text("not up to date").first.wait_for(state="detached")


def test_without_the_cookie_there_is_no_page_but_a_hint(browser: Browser) -> None:
    page = browser.open(f"/{browser.server.entity}/any", signed_in=False)

    assert "wandb server open" in page.inner_text("body")
    status = page.evaluate("fetch('/graphql', {method: 'POST'}).then((a) => a.status)")
    assert status == 401


def test_a_session_that_ended_says_how_to_sign_in(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("ended", "run1").log(curve(30))
    page = browser.workspace("ended")
    wait_until_drawn(page, "rate")
    refuse = json.dumps({"errors": [{"message": "who are you?"}]})
    page.route("**/api/session", lambda route: route.fulfill(status=401, body=refuse))

    page.reload()

    page.get_by_role("heading", name="You are not signed in").wait_for()
    assert "wandb server open" in page.inner_text("body")


def test_an_unknown_run_and_an_unknown_address_say_so(browser: Browser) -> None:
    entity = browser.server.entity
    page = browser.open(f"/{entity}/void/runs/nobody")
    page.get_by_text("There is no run nobody here").wait_for()
    page.goto(f"{browser.server.url}/{entity}/void/nonsense/x")
    page.get_by_text(f"There is nothing at /{entity}/void/nonsense/x").wait_for()


def test_ten_thousand_runs_are_a_short_list_of_elements(browser: Browser) -> None:
    def handle(route: Any) -> None:
        body = json.loads(route.request.post_data)
        if body["operationName"] != "PageRuns":
            return route.continue_()
        first = int(body["variables"]["after"] or 0)
        end = min(first + body["variables"]["first"], 10_000)
        edges = [
            {
                "cursor": str(number + 1),
                "node": {
                    "name": f"r{number}", "displayName": f"net-{number}",
                    "state": "finished", "createdAt": "2026-11-20T10:00:00Z",
                    "heartbeatAt": None, "group": None, "tags": [],
                },
            }
            for number in range(first, end)
        ]  # fmt: skip
        page_info = {"endCursor": str(end), "hasNextPage": end < 10_000}
        runs = {"edges": edges, "pageInfo": page_info}
        return route.fulfill(json={"data": {"project": {"runs": runs}}})

    page = browser.open("/")
    page.route("**/graphql", handle)
    page.goto(f"{browser.server.url}/{browser.server.entity}/huge")
    page.get_by_text("20 of 10\u2009000 shown").wait_for()

    page.locator(".runs-list").evaluate("(list) => { list.scrollTop = 150_000; }")

    page.get_by_text("net-5000", exact=True).wait_for()
    assert page.locator(".run").count() < 100
    page.get_by_label("Search runs").fill("net-9999")
    page.get_by_text("net-9999", exact=True).wait_for()
    assert page.locator(".run").count() == 1


def test_nothing_is_wider_than_a_phone(browser: Browser, make_run: MakeRun) -> None:
    make_run("phone", "run1", "a-name-that-is-rather-long-for-a-phone").log(curve(30))
    page = browser.workspace("phone", width=390, height=844)
    wait_until_drawn(page, "train/loss")
    overflow = "document.documentElement.scrollWidth - window.innerWidth"

    assert page.evaluate(overflow) <= 0
    page.get_by_role("button", name="Runs").click()
    page.get_by_role("link", name="a-name-that-is").wait_for()
    page.get_by_role("link", name="a-name-that-is").click()
    wait_until_drawn(page, "train/loss")
    assert page.evaluate(overflow) <= 0


def test_the_first_view_is_small(browser: Browser, make_run: MakeRun) -> None:
    make_run("small", "run1").log(curve(30))
    page = browser.workspace("small")
    wait_until_drawn(page, "train/loss")

    size = page.evaluate(
        "performance.getEntriesByType('resource')"
        ".filter((entry) => !entry.name.includes('graphql'))"
        ".reduce((sum, entry) => sum + entry.transferSize, 0)"
    )

    assert 50_000 < size < 350_000
