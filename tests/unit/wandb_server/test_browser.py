"""Opening the page: only where there is a screen, and without showing the token."""

import stat
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest
from wandb_server.browser import has_screen, open_in_browser

ADDRESS = "http://localhost:8080/auth?token=secret&next=/"


class RecordingBrowser(webbrowser.BaseBrowser):
    """Stands where a real browser would be registered."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:
        self.opened.append(url)
        return True


def test_the_browser_is_told_of_a_private_file_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = RecordingBrowser()
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    webbrowser.register("recording", None, browser, preferred=True)

    assert open_in_browser(ADDRESS, tmp_path)

    (opened,) = browser.opened
    assert "secret" not in opened
    page = Path(url2pathname(urlsplit(opened).path))
    assert "token=secret&amp;next=/" in page.read_text()
    assert stat.S_IMODE(page.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, False), ({"DISPLAY": ":0"}, True), ({"WAYLAND_DISPLAY": "w"}, True)],
)
def test_a_browser_needs_a_screen(environ: dict[str, str], expected: bool) -> None:
    assert has_screen(environ) is expected
