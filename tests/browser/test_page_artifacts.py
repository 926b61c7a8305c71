"""Artifacts: lists, a version's tabs, aliases, deleting with a way back."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Browser, LoggedRun
from tests.browser.records import log_artifact, use_artifact

MakeRun = Callable[..., LoggedRun]
Stage = Callable[[str], dict[str, str]]


@pytest.fixture
def stage(browser: Browser, make_run: MakeRun) -> Stage:
    """A project in which data made a model: ids of the versions by name."""

    def staged(project: str) -> dict[str, str]:
        server = browser.server
        for name in ("prepare", "train", "evaluate"):
            make_run(project, name, f"{name}-title")
        # Blobs are shared by all projects: this one is of no other.
        own = project.ljust(20).encode() + b"z\n" * 4990
        first = {"a.csv": b"x,y\n1,2\n", "notes/read.md": b"# Data\n"}
        ids = {
            "data:v0": log_artifact(
                server, project, "prepare", "data", "dataset", first,
                metadata={"rows": 2}, description="The first.",
            ),
            "data:v1": log_artifact(
                server, project, "prepare", "data", "dataset",
                first | {"b.csv": own}, aliases=["production"],
            ),
        }  # fmt: skip
        use_artifact(server, project, "train", ids["data:v1"])
        ids["net:v0"] = log_artifact(
            server, project, "train", "net", "model", {"net.bin": b"\0" * 700}
        )
        use_artifact(server, project, "evaluate", ids["net:v0"])
        return ids

    return staged


def table(page: Any) -> list[list[str]]:
    """The cells of the tables on the page, as they are read."""
    return [
        [" ".join(cell.split()) for cell in row.locator("td").all_inner_texts()]
        for row in page.locator("tbody tr").all()
    ]


def facts(page: Any) -> dict[str, str]:
    """What the list of facts says."""
    names = page.locator(".facts dt").all_inner_texts()
    values = page.locator(".facts dd").all_inner_texts()
    return {
        name: " ".join(value.split()) for name, value in zip(names, values, strict=True)
    }


def test_types_lead_to_collections_and_these_to_versions(
    browser: Browser, stage: Stage
) -> None:
    stage("artifact-lists")
    page = browser.open(f"/{browser.server.entity}/artifact-lists")
    page.get_by_label("Project").get_by_role("link", name="Artifacts").click()
    page.get_by_role("link", name="data", exact=True).wait_for()

    assert page.locator(".artifact-type h2").all_inner_texts() == [
        "dataset 1",
        "model 1",
    ]
    assert table(page) == [
        ["data", "2", "v1", "3", "10 kB", "just now"],
        ["net", "1", "v0", "1", "700 B", "just now"],
    ]
    page.get_by_label("Search artifacts").fill("/^ne")
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    page.get_by_label("Search artifacts").fill("")
    page.get_by_role("link", name="data", exact=True).click()
    page.get_by_text("2 versions").wait_for()
    assert [row[:6] for row in table(page)] == [
        ["v1", "latest production", "3", "10 kB", "just now", "prepare-title"],
        ["v0", "", "2", "15 B", "just now", "prepare-title"],
    ]
    page.get_by_role("link", name="v0", exact=True).click()
    page.get_by_text("The first.").wait_for()
    assert page.url.endswith("/artifacts/dataset/data/v0")


def test_the_overview_of_a_version_tells_what_it_is(
    browser: Browser, stage: Stage
) -> None:
    stage("artifact-facts")
    place = f"/{browser.server.entity}/artifact-facts/artifacts/dataset/data"

    page = browser.open(f"{place}/v0")

    page.get_by_text("The first.").wait_for()
    said = facts(page)
    assert said["Type"] == "dataset"
    assert said["Size"] == "15 B"
    assert said["Files"] == "2"
    assert said["Created by"] == "prepare-title"
    assert len(said["Digest"]) == 32
    metadata = page.get_by_label("Metadata").inner_text()
    assert " ".join(metadata.split()) == "Metadata 1 rows 2"
    page.goto(f"{browser.server.url}{place}/production")
    page.get_by_label("Used by").get_by_text("train-title").wait_for()
    assert facts(page)["Version"] == "v1"


def test_files_and_usage_of_a_version(browser: Browser, stage: Stage) -> None:
    stage("artifact-files")
    entity = browser.server.entity
    page = browser.open(f"/{entity}/artifact-files/artifacts/dataset/data/v1/files")
    page.get_by_role("treeitem", name="a.csv").click()

    page.locator(".code-line", has_text="1,2").wait_for()

    rows = page.get_by_role("treeitem").all_inner_texts()
    assert [" ".join(row.split()) for row in rows] == [
        "notes 1 file 7 B", "≡ read.md 7 B", "≡ a.csv 8 B", "≡ b.csv 10 kB",
    ]  # fmt: skip
    page.get_by_role("link", name="Usage").click()
    snippet = page.get_by_label("In a run, which is noted as using it").locator("pre")
    assert snippet.inner_text().splitlines() == [
        "import wandb",
        f'with wandb.init(entity="{entity}", project="artifact-files") as run:',
        f'    artifact = run.use_artifact("{entity}/artifact-files/data:v1", '
        'type="dataset")',
        "    path = artifact.download()",
    ]


def test_the_lineage_leads_from_data_to_what_used_it(
    browser: Browser, stage: Stage
) -> None:
    stage("artifact-lines")
    entity = browser.server.entity
    page = browser.open(f"/{entity}/artifact-lines/artifacts/model/net/v0/lineage")
    graph = page.locator(".lineage svg")
    graph.wait_for()

    links = graph.get_attribute("aria-label").split("; ")

    assert links == [
        "data:v1 leads to train-title",
        "train-title leads to net:v0",
        "net:v0 leads to evaluate-title",
    ]
    lefts = [
        page.get_by_role("link", name=name).bounding_box()["x"]
        for name in ("data:v1", "train-title", "net:v0", "evaluate-title")
    ]
    assert lefts == sorted(lefts)
    page.get_by_role("link", name="dataset data:v1").click()
    page.wait_for_url("**/artifacts/dataset/data/v1/lineage")
    page.get_by_role("link", name="net:v0").wait_for()


def test_aliases_are_added_moved_and_removed(browser: Browser, stage: Stage) -> None:
    stage("artifact-names")
    place = f"/{browser.server.entity}/artifact-names/artifacts/dataset/data"
    page = browser.open(f"{place}/v0")
    page.get_by_role("button", name="Add an alias").click()
    page.get_by_label("New alias").fill("v7")
    page.get_by_text("v and a number is the name of a version").wait_for()

    page.get_by_label("New alias").fill("production")
    page.get_by_label("New alias").press("Enter")

    page.get_by_role("button", name="Remove the alias production").wait_for()
    page.get_by_role("link", name="Versions").click()
    page.locator("tbody tr").nth(1).wait_for()
    assert [row[1] for row in table(page)] == ["latest", "production"]
    page.get_by_role("button", name="Remove the alias production").click()
    page.wait_for_function(
        "() => ![...document.querySelectorAll('.tag')].some((tag) => tag.textContent === 'production')"  # noqa: E501
    )
    assert [row[1] for row in table(page)] == ["latest", ""]


def test_deleting_a_version_can_be_undone_and_says_what_it_frees(
    browser: Browser, stage: Stage
) -> None:
    stage("artifact-gone")
    place = f"/{browser.server.entity}/artifact-gone/artifacts/dataset/data"
    page = browser.open(place)
    delete = page.get_by_role("button", name="Delete data:v1")
    page.clock.install()
    page.reload()  # so that all of the page goes by the one clock
    delete.wait_for()
    delete.click()
    # b.csv (10,000 bytes) and its manifest: the rest is shared with v0.
    toast = page.locator(".toast")
    toast.wait_for()
    assert re.search(r"data:v1 is deleted, which frees 10\.\d kB", toast.inner_text())
    page.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")

    page.get_by_role("button", name="Undo").click()
    delete.wait_for()
    page.clock.run_for(11_000)
    page.reload()
    delete.click()
    page.get_by_text("data:v1 is deleted").wait_for()
    page.clock.run_for(10_100)

    page.get_by_text(re.compile(r"data:v1 was deleted: 10\.\d kB freed")).wait_for()
    page.reload()
    page.get_by_text("1 version", exact=True).wait_for()


def test_a_run_lists_what_it_used_and_made(browser: Browser, stage: Stage) -> None:
    stage("artifact-runs")
    place = f"/{browser.server.entity}/artifact-runs/runs/train"
    page = browser.open(f"{place}/artifacts")
    page.get_by_label("Inputs").wait_for()

    assert [row[:5] for row in table(page)] == [
        ["net:v0", "model", "latest", "1", "700 B"],
        ["data:v1", "dataset", "latest production", "3", "10 kB"],
    ]
    page.get_by_role("link", name="Overview").click()
    page.get_by_role("link", name="1 in, 1 out").wait_for()


def test_a_project_without_artifacts_says_how_to_make_one(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("artifact-none", "run1")

    page = browser.open(f"/{browser.server.entity}/artifact-none/artifacts")

    page.get_by_role("heading", name="No artifacts yet").wait_for()
    snippet = page.locator(".snippet pre").inner_text()
    assert 'project="artifact-none"' in snippet
    assert 'run.log_artifact("data/", name="my-data", type="dataset")' in snippet
