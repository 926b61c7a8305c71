"""When the page is built, with which Node, and what is said when that fails."""

import importlib.util
import os
import stat
from pathlib import Path
from types import ModuleType

import pytest

HOOK = Path(__file__).parents[4] / "daemon" / "wandb_server" / "web" / "build_hook.py"


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_hook", HOOK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """Sources of 100 s after 1970, built at 200 s."""
    for name in ("package.json", "src/main.tsx", "dist/index.html"):
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        at = 200 if name.startswith("dist") else 100
        os.utime(path, (at, at))
    return tmp_path / "web"


def make_program(directory: Path, name: str, text: str) -> None:
    """An executable shell script."""
    directory.mkdir(exist_ok=True)
    path = directory / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_fresh_page_is_not_built_again(hook: ModuleType, web: Path) -> None:
    assert not hook.is_due(web, {})


def test_a_changed_source_makes_it_due(hook: ModuleType, web: Path) -> None:
    os.utime(web / "src" / "main.tsx", (300, 300))

    assert hook.is_due(web, {})


def test_a_missing_page_is_due_unless_it_is_not_wanted(
    hook: ModuleType, web: Path
) -> None:
    (web / "dist" / "index.html").unlink()

    assert hook.is_due(web, {})
    assert not hook.is_due(web, {"WANDB_BUILD_PAGE": "0"})


def test_without_sources_there_is_nothing_to_build(
    hook: ModuleType, tmp_path: Path
) -> None:
    assert not hook.is_due(tmp_path, {})


@pytest.mark.parametrize(
    ("version", "is_taken"),
    [("v22.12.0", True), ("v24.1.0", True), ("v22.11.9", False), ("v20.20.2", False),
     ("nonsense", False)],
)  # fmt: skip
def test_node_of_the_path_is_taken_when_new_enough(
    hook: ModuleType, tmp_path: Path, version: str, is_taken: bool
) -> None:
    make_program(tmp_path / "bin", "node", f"echo {version}")
    make_program(tmp_path / "bin", "npm", "true")

    found = hook.node_from_path({"PATH": str(tmp_path / "bin")})

    assert (found is not None) == is_taken


def test_a_failing_npm_is_shown_and_leaves_no_page(hook: ModuleType, web: Path) -> None:
    make_program(web / "bin", "node", "echo v24.0.0")
    make_program(web / "bin", "npm", 'echo "no route to registry"; exit 7')

    with pytest.raises(hook.PageNotBuilt) as caught:
        hook.build(web, {"PATH": str(web / "bin")})

    message = str(caught.value)
    assert "no route to registry" in message
    assert "status 7" in message
    assert "WANDB_BUILD_PAGE=0" in message
    assert hook.is_due(web, {})
