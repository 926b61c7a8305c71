"""The overview of a run: what is told, what is changed in place, stopping."""

import json
from collections.abc import Callable
from typing import Any

from tests.browser.conftest import Browser, LoggedRun
from tests.browser.records import put_file
from tests.support.waiting import wait_until

MakeRun = Callable[..., LoggedRun]
ENVIRONMENT = {
    "os": "Linux-6.1",
    "python": "CPython 3.11.7",
    "program": "train.py",
    "args": ["--rate", "0 1"],
    "host": "node-07",
    "root": "/home/ada/vision",
    "executable": "/usr/bin/python3",
    "cpu_count_logical": 8,
    "memory": {"total": "25276514304"},
    "gpu": "NVIDIA H100",
    "gpu_count": 4,
    "git": {
        "remote": "git@github.com:lab/vision.git",
        "commit": "3f2a91c0ffee112233445566778899aabbccddee",
    },
    "cudaVersion": "12.4",
}
NOTIFY = """
mutation ($project: String!, $title: String!, $severity: AlertSeverity) {
  notifyScriptableRunAlert(input: {
    entityName: "", projectName: $project, runName: "run1", title: $title,
    text: "look at it", severity: $severity
  }) { success }
}
"""
READ = """
query ($project: String!) { project(name: $project) { run(name: "run1") {
  displayName notes tags state stopped
} } }
"""


def read(browser: Browser, project: str) -> Any:
    """The run as clients read it."""
    return browser.server.graphql(READ, {"project": project})["project"]["run"]


def facts(page: Any) -> dict[str, str]:
    """What the list of facts says."""
    names = page.locator(".facts dt").all_inner_texts()
    values = page.locator(".facts dd").all_inner_texts()
    return {
        name: " ".join(value.split()) for name, value in zip(names, values, strict=True)
    }


def test_the_environment_and_what_belongs_to_the_run_are_told(
    browser: Browser, make_run: MakeRun
) -> None:
    private = {"e": {"w1": ENVIRONMENT}, "cli_version": "1.0.0", "refused_rows": 3}
    run = make_run("whereabouts", "run1", _wandb=private)
    run.summarise({"_runtime": 3725})
    run.finish()
    put_file(browser.server, "whereabouts", "run1", "notes.txt", b"x")
    for title, severity in (("slow", "WARN"), ("broken", "ERROR")):
        variables = {"project": "whereabouts", "title": title, "severity": severity}
        browser.server.graphql(NOTIFY, variables)

    page = browser.open(f"/{browser.server.entity}/whereabouts/runs/run1/overview")

    page.get_by_role("link", name="0 in, 0 out").wait_for()
    said = facts(page)
    told = {
        "State": "finished exit code 0",
        "Duration": "1 h 2 m",
        "Host": "node-07",
        "Directory": "/home/ada/vision",
        "Python": "CPython 3.11.7",
        "Executable": "/usr/bin/python3",
        "CPU": "8 logical cores",
        "Memory": "25.3 GB",
        "GPU": "4 × NVIDIA H100",
        "Files": "1",
        "Refused rows": "3 (their step was below the run's)",
    }
    assert {name: said[name] for name in told} == told
    commit = page.get_by_role("link", name="3f2a91c0ff")
    assert commit.get_attribute("href") == (
        "https://github.com/lab/vision/commit/3f2a91c0ffee112233445566778899aabbccddee"
    )
    command = page.locator(".facts .snippet pre").inner_text()
    assert command == "python train.py --rate '0 1'"
    alerts = [" ".join(t.split()) for t in page.locator(".alert").all_inner_texts()]
    assert alerts == [
        "broken error · just now look at it",
        "slow warning · just now look at it",
    ]
    page.get_by_label("Search config and summary").fill("cuda")
    page.wait_for_function(
        "() => document.querySelectorAll('[aria-label=Environment] [role=treeitem]')"
        ".length === 1"
    )
    tree = page.get_by_label("Environment").inner_text()
    assert " ".join(tree.split()) == "Environment 13 cudaVersion 12.4"


def test_name_tags_and_notes_are_changed_in_place(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("edited", "run1", "old-name").finish()
    page = browser.open(f"/{browser.server.entity}/edited/runs/run1/overview")

    page.get_by_role("button", name="Change the name").click()
    page.get_by_label("name", exact=True).fill("new-name")
    page.get_by_label("name", exact=True).press("Enter")
    page.get_by_role("heading", name="new-name").wait_for()
    for tag in ("first", "second"):
        page.get_by_role("button", name="Add a tag").click()
        page.get_by_label("New tag").fill(tag)
        page.get_by_label("New tag").press("Enter")
        page.get_by_role("button", name=f"Remove the tag {tag}").wait_for()
    page.get_by_role("button", name="Remove the tag first").click()
    page.get_by_role("button", name="Change the notes").click()
    page.get_by_label("notes", exact=True).fill("line one\nline two")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change the notes").wait_for()

    wait_until(lambda: read(browser, "edited")["tags"] == ["second"])
    kept = read(browser, "edited")
    assert kept["displayName"] == "new-name"
    assert kept["notes"] == "line one\nline two"
    # Changing a run's page does not begin it again.
    assert kept["state"] == "finished"
    page.get_by_role("button", name="Change the notes").click()
    page.get_by_label("notes", exact=True).fill("thrown away")
    page.keyboard.press("Escape")
    page.get_by_text("line two").wait_for()


def test_a_change_that_fails_says_why_and_keeps_what_was_typed(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("not-edited", "run1").finish()
    page = browser.open(f"/{browser.server.entity}/not-edited/runs/run1/overview")
    page.get_by_role("button", name="Change the notes").click()

    def refuse(route: Any) -> None:
        if json.loads(route.request.post_data)["operationName"] == "PageEditRun":
            body = {"errors": [{"message": "the disk is full"}]}
            route.fulfill(status=500, json=body)
        else:
            route.continue_()

    page.route("**/graphql", refuse)
    page.get_by_label("notes", exact=True).fill("important")
    page.get_by_role("button", name="Save").click()

    page.get_by_text("Not saved: the disk is full").wait_for()
    assert page.get_by_label("notes", exact=True).input_value() == "important"
    page.unroute("**/graphql")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Change the notes").wait_for()
    assert read(browser, "not-edited")["notes"] == "important"


def test_a_running_script_is_asked_to_stop(browser: Browser, make_run: MakeRun) -> None:
    make_run("stopping", "run1")
    page = browser.open(f"/{browser.server.entity}/stopping/runs/run1/overview")

    page.get_by_role("button", name="Stop").click()
    assert read(browser, "stopping")["stopped"] is False
    page.get_by_role("button", name="Stop the script").click()

    page.get_by_text("was asked to stop").wait_for()
    wait_until(lambda: read(browser, "stopping")["stopped"] is True)
