"""Deleting runs on the page: at once, said in bytes, undone for ten seconds."""

from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Browser, LoggedRun, curve
from tests.support.server_process import ServerProcess
from tests.support.waiting import wait_until

MakeRun = Callable[..., LoggedRun]


def on_server(server: ServerProcess, project: str) -> list[str]:
    """Names of the runs that the server tells of."""
    query = """query Names($project: String!) {
      project(name: $project) { runs(first: 100) { edges { node { name } } } }
    }"""
    data = server.graphql(query, {"project": project})
    edges = data["project"]["runs"]["edges"]
    return sorted(edge["node"]["name"] for edge in edges)


def delete_one(browser: Browser, make_run: MakeRun, project: str) -> Any:
    """A table of two runs, one of them deleted a moment ago."""
    for name in ("kept", "gone"):
        make_run(project, name).log(curve(50))
    page = browser.open(f"/{browser.server.entity}/{project}/table")
    page.get_by_label("Select gone").check()
    page.get_by_role("button", name="Delete").click()
    page.locator('.grid-row[data-run="gone"]').wait_for(state="detached")
    return page


def test_a_deleted_run_is_gone_at_once_and_back_after_undo(
    browser: Browser, make_run: MakeRun
) -> None:
    page = delete_one(browser, make_run, "undone")

    toast = page.locator(".toast")
    toast.wait_for()
    assert "Deleted gone, freeing" in toast.inner_text()
    assert " kB" in toast.inner_text()
    assert on_server(browser.server, "undone") == ["kept"]
    toast.get_by_role("button", name="Undo").click()

    page.locator('.grid-row[data-run="gone"]').wait_for()
    assert on_server(browser.server, "undone") == ["gone", "kept"]
    workspace = browser.workspace("undone")
    workspace.get_by_text("2 of 2 shown").wait_for()


def test_a_closed_tab_does_not_bring_the_run_back(
    browser: Browser, make_run: MakeRun
) -> None:
    page = delete_one(browser, make_run, "closed")
    page.locator(".toast").wait_for()
    page.close()

    assert on_server(browser.server, "closed") == ["kept"]
    again = browser.open(f"/{browser.server.entity}/closed/table")
    again.locator('.grid-row[data-run="kept"]').wait_for()
    assert again.locator(".grid-row").count() == 1


def test_a_refused_delete_shows_the_run_again(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("refused", "kept").log(curve(5))
    page = browser.open(f"/{browser.server.entity}/refused/table")
    page.get_by_label("Select kept").check()

    def refuse(route: Any) -> None:
        if "PageRemoveRuns" in route.request.post_data:
            body = '{"errors": [{"message": "the disk is full"}]}'
            route.fulfill(status=503, body=body, content_type="application/json")
        else:
            route.continue_()

    page.route("**/graphql", refuse)
    page.get_by_role("button", name="Delete").click()

    page.get_by_text("could not be deleted: the disk is full").wait_for()
    wait_until(lambda: page.locator('.grid-row[data-run="kept"]').count() == 1)
