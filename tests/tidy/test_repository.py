"""Properties of the repository itself: the rules that a tool can check."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("bindings/wandb", "daemon/wandb_core", "daemon/wandb_server", "proto")
BANNED_NAMES = {
    "event", "job", "manager", "handler", "helper", "util", "common", "misc", "base",
    "info", "stuff",
}  # fmt: skip
UPSTREAM_NAMES = {"bindings/wandb/util.py", "bindings/wandb/helper.py"}
"""Names that integrations import; everything else names the thing."""

FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 100


def sources() -> Iterator[Path]:
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = set(path.parts)
            if "node_modules" not in parts and "_pb2" not in path.name:
                yield path


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def public_definitions(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        if isinstance(
            node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and not node.name.startswith("_"):
            yield node


def test_top_level_holds_only_what_the_design_names() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert {path.split("/")[0] for path in tracked} <= {
        "pyproject.toml", "proto", "daemon", "bindings", "tests", "benchmarks",
        "Makefile", "README.md", "LICENSE", ".ci", ".gitignore",
    }  # fmt: skip


def test_every_module_and_public_name_says_what_it_is() -> None:
    missing = []
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if ast.get_docstring(tree) is None:
            missing.append(name_of(path))
        missing += [
            f"{name_of(path)}: {node.name}"  # type: ignore[attr-defined]
            for node in public_definitions(tree)
            if ast.get_docstring(node) is None  # type: ignore[arg-type]
        ]

    assert missing == []


def test_files_and_functions_stay_readable() -> None:
    too_long = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if (count := len(text.splitlines())) > FILE_LINES_MAX:
            too_long.append(f"{name_of(path)}: {count} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                if "migrations" in path.parts:
                    continue  # a snapshot of the tables, better whole
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES_MAX:
                    too_long.append(f"{name_of(path)}: {node.name} {length} lines")

    assert too_long == []


def test_files_and_classes_name_the_thing() -> None:
    found = []
    for path in sources():
        name = name_of(path)
        if name not in UPSTREAM_NAMES and path.stem.strip("_") in BANNED_NAMES:
            found.append(name)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                last_word = re.findall(r"[A-Z][a-z]*", node.name)[-1:]
                if last_word and last_word[0].lower() in BANNED_NAMES:
                    found.append(f"{name}: {node.name}")

    assert found == []


def test_only_the_edges_print() -> None:
    """Ruff's T20 finds the calls; this says where they are allowed."""
    allowed = re.compile(r"(_terminal|__main__|demo|build_hook)\.py$")
    printing = [
        name_of(path)
        for path in sources()
        if re.search(r"^\s*print\(", path.read_text(encoding="utf-8"), re.MULTILINE)
        and not allowed.search(path.name)
    ]

    assert printing == []


def test_only_the_edges_read_the_environment() -> None:
    # `env` is an interface of its own.
    allowed = re.compile(
        r"(settings|_launcher|__main__|cli|build_hook|wandb_setup|env|_left_rings)\.py$"
    )
    reading = [
        name_of(path)
        for path in sources()
        if re.search(r"os\.(environ|getenv)", path.read_text(encoding="utf-8"))
        and not allowed.search(path.name)
    ]

    assert reading == []


HEAVY = ("grpc", "aiohttp", "uvloop", "numpy", "click", "duckdb", "google.protobuf")


def test_import_wandb_is_light() -> None:
    """Everything heavy is imported when first used."""
    code = f"import sys, wandb; print([m for m in {HEAVY} if m in sys.modules])"

    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert answer.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["wandb_core", "wandb_server", "wandb_proto"])
def test_processes_import_no_stranger(package: str) -> None:
    """lint-imports says so statically; this catches imports inside functions too."""
    strangers = {"wandb", "wandb_core", "wandb_server"} - {package}
    found = []
    for path in sources():
        if f"/{package}/" not in f"/{name_of(path)}":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and node.level == 0
                else []
            )
            found += [
                f"{name_of(path)} imports {name}"
                for name in names
                if name.split(".")[0] in strangers
            ]

    assert found == []


def test_nothing_committed_names_this_machine() -> None:
    words = [r"/work/" + "main", r"/root/" + r"\.", "forge" + r"\.coreweave"]
    answer = subprocess.run(
        ["git", "grep", "-nIE", "|".join(words)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert answer.stdout == ""
