"""Files and code of a run: tree, previews, nothing of them runs as ours."""

import io
import json
import math
import struct
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import Browser, LoggedRun
from tests.browser.records import log_artifact, put_file

MakeRun = Callable[..., LoggedRun]
# A picture of one pixel.
GIF = bytes.fromhex(
    "47494638396101000100800000ff0000ffffff21f90401000000002c00000000010001000002024401"
    "003b"
)
HTML = b"""<h1>Report</h1><p id=said></p><script>
let reach = "kept out";
try { parent.document.title; reach = "reached"; } catch { }
document.getElementById("said").textContent = "script ran, " + origin + ", " + reach;
fetch("/api/session").catch(() => { document.body.append("no requests"); });
</script>"""
DIFF = b"""diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,3 +1,4 @@
 import torch
-rate = 0.1
+rate = 0.001
+seed = 1
 net = Net()
"""


def tone() -> bytes:
    """A tenth of a second of sound."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        pieces = [struct.pack("<h", int(9000 * math.sin(i / 5))) for i in range(800)]
        sound.writeframes(b"".join(pieces))
    return stream.getvalue()


@pytest.fixture
def open_file(browser: Browser, make_run: MakeRun) -> Callable[..., Any]:
    """Upload files to a run of its own project; a page with the first one open."""

    def opened(project: str, files: dict[str, bytes], tab: str = "files") -> Any:
        make_run(project, "run1")
        for name, body in files.items():
            put_file(browser.server, project, "run1", name, body)
        first = next(iter(files))
        place = f"/{browser.server.entity}/{project}/runs/run1/{tab}"
        return browser.open(f"{place}?file={first}")

    return opened


def rows(page: Any) -> list[str]:
    """The tree as it is seen, a row each."""
    found = page.get_by_role("treeitem").all_inner_texts()
    return [" ".join(text.split()) for text in found]


def test_files_are_a_tree_with_sizes_that_is_searched(open_file: Any) -> None:
    images = {f"media/images/x_{number}.gif": GIF for number in range(40)}
    page = open_file("tree", {"config.yaml": b"lr: 0.1\n", "code/a.py": b"1", **images})
    page.get_by_role("tree").wait_for()

    assert rows(page) == [
        "code 1 file 1 B",
        "≡ a.py 1 B",
        "media/images 40 files 1.72 kB",
        "≡ config.yaml 8 B",
    ]
    page.get_by_text("42 files · 1.73 kB").wait_for()
    page.get_by_role("treeitem", name="media/images").click()
    page.get_by_role("treeitem", name="x_9.gif").wait_for()
    page.get_by_label("Search files").fill("/x_1\\d")
    page.get_by_text("10 of 42 files").wait_for()
    assert len(rows(page)) == 11
    page.get_by_role("treeitem", name="x_12.gif").click()
    page.wait_for_function(
        "() => document.querySelector('.preview-picture img')?.naturalWidth === 1"
    )
    assert "file=media%2Fimages%2Fx_12.gif" in page.url


def test_the_tree_is_walked_with_the_keyboard(open_file: Any) -> None:
    page = open_file("keys", {"b.txt": b"second\n", "a/one.txt": b"first\n"})
    page.get_by_role("tree").focus()

    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "() => document.querySelectorAll('[role=treeitem]').length === 2"
    )
    page.keyboard.press("ArrowRight")
    page.get_by_role("treeitem", name="one.txt").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")

    page.locator(".code-line", has_text="first").wait_for()
    page.go_back()
    page.locator(".code-line", has_text="second").wait_for()


def test_code_has_numbers_and_colours(open_file: Any) -> None:
    page = open_file("code-view", {"train.py": b"import os  # why\nx = 'text'\n"})
    lines = page.locator(".code-line")
    lines.first.wait_for()

    assert [line.strip() for line in lines.all_inner_texts()] == [
        "import os  # why",
        "x = 'text'",
    ]
    assert lines.nth(1).get_attribute("data-number") == "2"
    assert page.locator(".token-keyword").all_inner_texts() == ["import"]
    assert page.locator(".token-comment").all_inner_texts() == ["# why"]
    assert page.locator(".token-string").all_inner_texts() == ["'text'"]


def test_json_is_a_tree_and_a_diff_has_both_sides(open_file: Any) -> None:
    body = json.dumps({"gpu": {"name": "H100", "count": 8}}).replace("8", "NaN")
    page = open_file("shapes", {"m.json": body.encode(), "diff.patch": DIFF})
    tree = page.locator(".preview-json")
    tree.get_by_text("count").wait_for()
    assert "NaN" in tree.inner_text()

    page.get_by_role("treeitem", name="diff.patch").click()

    page.get_by_text("1 file · +2 −1").wait_for()
    added = page.locator(".diff-added").all_inner_texts()
    assert [" ".join(row.split()) for row in added] == [
        "2 + rate = 0.001",
        "3 + seed = 1",
    ]
    [removed] = page.locator(".diff-removed").all_inner_texts()
    assert " ".join(removed.split()) == "2 − rate = 0.1"


def test_html_runs_in_an_origin_of_its_own_and_reaches_nobody(open_file: Any) -> None:
    page = open_file("framed", {"media/html/report.html": HTML})
    frame = page.frame_locator("iframe")

    assert frame.locator("#said").inner_text() == "script ran, null, kept out"
    frame.get_by_text("no requests").wait_for()
    assert page.locator("iframe").get_attribute("sandbox") == "allow-scripts"
    page.get_by_role("button", name="Source").click()
    page.locator(".code-line", has_text="<h1>Report</h1>").wait_for()


def test_of_a_large_file_the_beginning_is_shown(open_file: Any, tmp_path: Path) -> None:
    body = b"".join(b"line %07d\n" % number for number in range(60_000))
    page = open_file("large", {"big.log": body})

    page.get_by_text("The first 262 kB of 780 kB are shown.").wait_for()

    count = page.locator(".code-line").count()
    assert count == 256 * 1024 // 13 + 1
    with page.expect_download() as got:
        page.get_by_role("link", name="Download").click()
    assert Path(got.value.path()).read_bytes() == body


def test_sound_can_be_played_and_what_is_unknown_is_said(open_file: Any) -> None:
    page = open_file("kinds", {"a.wav": tone(), "w.bin": b"\0\1" * 99, "e.txt": b""})
    page.wait_for_function("() => document.querySelector('audio')?.duration > 0.09")

    page.get_by_role("treeitem", name="w.bin").click()
    page.get_by_text("There is no preview for this kind of file (198 B)").wait_for()
    page.get_by_role("treeitem", name="e.txt").click()
    page.get_by_text("This file is empty.").wait_for()


def test_the_code_tab_opens_the_script_and_offers_the_changes(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("coded", "run1")
    server = browser.server
    page = browser.open(f"/{server.entity}/coded/runs/run1/code")
    page.get_by_role("heading", name="No code was saved").wait_for()
    put_file(server, "coded", "run1", "code/train.py", b"print('trained')\n")
    put_file(server, "coded", "run1", "diff.patch", DIFF)
    put_file(server, "coded", "run1", "unrelated.txt", b"x")

    page.reload()

    page.locator(".code-line", has_text="print('trained')").wait_for()
    assert rows(page) == ["code 1 file 17 B", "≡ train.py 17 B", "± diff.patch 142 B"]


def test_code_that_was_logged_as_an_artifact_is_shown_too(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("code-kept", "run1")
    put_file(browser.server, "code-kept", "run1", "diff.patch", DIFF)
    log_artifact(
        browser.server, "code-kept", "run1", "source-train", "code",
        {"lib/net.py": b"class Net: ...\n", "train.py": b"import lib.net\n"},
    )  # fmt: skip

    page = browser.open(f"/{browser.server.entity}/code-kept/runs/run1/code")

    page.get_by_role("link", name="source-train:v0").wait_for()
    page.get_by_role("treeitem", name="net.py").click()
    page.locator(".code-line", has_text="class Net: ...").wait_for()
    assert rows(page) == [
        "lib 1 file 15 B",
        "≡ net.py 15 B",
        "± diff.patch 142 B",
        "≡ train.py 15 B",
    ]


def test_a_run_without_files_says_how_to_save_one(
    browser: Browser, make_run: MakeRun
) -> None:
    make_run("no-files", "run1").finish()

    page = browser.open(f"/{browser.server.entity}/no-files/runs/run1/files")

    page.get_by_role("heading", name="No files yet").wait_for()
    snippet = page.locator(".snippet pre").inner_text()
    assert 'project="no-files"' in snippet
    assert 'run.save("results.json")' in snippet
