"""After signing in, the browser goes on within this server only."""

import pytest
from wandb_server.api.session_routes import local_path


@pytest.mark.parametrize("path", ["/", "/me/proj", "/me/proj/runs/x?tab=logs#l10"])
def test_own_paths_are_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/a\r\nX: y",
        "x",
    ],
)
def test_other_places_become_the_first_page(path: str) -> None:
    assert local_path(path) == "/"
