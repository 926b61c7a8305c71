"""What is recorded in a thread at the start of a run."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from wandb.sdk import git_diff
from wandb.sdk.code_saving import code_name, find_source, wants_code
from wandb.sdk.environment import Program
from wandb.sdk.git import Repository, without_credentials
from wandb.sdk.git_diff import find_patches
from wandb.sdk.requirements import requirement_lines
from wandb.sdk.start_records import StartFacts, StartRecords
from wandb.sdk.wandb_settings import Settings
from wandb_proto.v1 import record_pb2 as pb

ENVIRON = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


def git(where: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    done = subprocess.run(command, cwd=where, capture_output=True, check=True)
    return done.stdout.decode().strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with one commit."""
    root = tmp_path / "checkout"
    (root / "src").mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "src" / "train.py").write_text("lr = 1\n")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "first")
    return root


# ---- requirements ------------------------------------------------------------------


def installed(place: Path, name: str, version: str, origin: Any = None) -> None:
    """A package as pip leaves it."""
    folder = place / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    if origin is not None:
        (folder / "direct_url.json").write_text(json.dumps(origin))


def test_requirements_are_names_and_versions_without_credentials(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    installed(first, "numpy", "2.0")
    installed(first, "Some-Tool", "1.5", {"url": "file:///home/me/tool"})
    installed(
        first,
        "from-git",
        "0.1",
        {
            "url": "https://me:s3cret@host/from-git.git",
            "vcs_info": {"vcs": "git", "commit_id": "c0ffee"},
        },
    )
    installed(
        first,
        "from-archive",
        "3.0",
        {"url": "https://tok@host/from_archive-3.0.whl?token=s3cret"},
    )
    installed(second, "NumPy", "1.0")
    (first / "broken-1.dist-info").mkdir()

    lines = requirement_lines(metadata.distributions(path=[str(first), str(second)]))

    assert lines == [
        "from-archive @ https://host/from_archive-3.0.whl",
        "from-git @ git+https://host/from-git.git@c0ffee",
        "numpy==2.0",
        "Some-Tool==1.5",
    ]


def test_this_environment_has_its_packages() -> None:
    assert f"pytest=={pytest.__version__}" in requirement_lines()


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://u:p@host/x.git", "https://host/x.git"),
        ("https://u:p@ss@host/x@y", "https://host/x@y"),
        ("git+ssh://git@host/x", "git+ssh://host/x"),
        ("https://host/a@b", "https://host/a@b"),
        ("https://host?q=a@b", "https://host?q=a@b"),
        ("git@host:x.git", "git@host:x.git"),
    ],
)
def test_credentials_are_cut_out_of_addresses(url: str, clean: str) -> None:
    assert without_credentials(url) == clean


# ---- patches -----------------------------------------------------------------------


def test_a_dirty_tree_has_a_patch_that_restores_it(
    checkout: Path, tmp_path: Path
) -> None:
    (checkout / "src" / "train.py").write_text("lr = 2\n")
    (checkout / "data.bin").write_bytes(bytes(range(256)))
    git(checkout, "add", "data.bin")

    patches = find_patches(checkout, ENVIRON)

    assert set(patches.files) == {"diff.patch"}
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", str(checkout), str(other))
    (tmp_path / "diff.patch").write_bytes(patches.files["diff.patch"])
    git(other, "apply", str(tmp_path / "diff.patch"))
    assert (other / "src" / "train.py").read_text() == "lr = 2\n"
    assert (other / "data.bin").read_bytes() == bytes(range(256))


def test_a_clean_tree_has_no_patch(checkout: Path) -> None:
    assert find_patches(checkout, ENVIRON).files == {}


def test_commits_that_upstream_lacks_are_in_a_patch_of_their_own(
    checkout: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(checkout), str(clone))
    known = git(clone, "rev-parse", "HEAD")
    (clone / "src" / "train.py").write_text("lr = 3\n")
    git(clone, "commit", "-q", "-a", "-m", "second")

    patches = find_patches(clone, ENVIRON)

    assert set(patches.files) == {f"diff_{known}.patch"}
    assert b"+lr = 3" in patches.files[f"diff_{known}.patch"]


def test_too_large_a_patch_is_left_out_and_told(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_diff, "DIFF_BYTES_MAX", 1 << 20)
    (checkout / "src" / "train.py").write_text("x = 1\n" * 500_000)

    patches = find_patches(checkout, ENVIRON)

    assert patches.files == {}
    assert "larger than 1 MB" in patches.problem


def test_programs_that_the_repository_names_are_not_run(
    checkout: Path, tmp_path: Path
) -> None:
    mark = tmp_path / "was-run"
    for key in ("diff.external", "core.fsmonitor", "diff.evil.textconv"):
        git(checkout, "config", key, f"touch {mark}; true")
    (checkout / ".gitattributes").write_text("*.py diff=evil\n")
    (checkout / "src" / "train.py").write_text("lr = 2\n")

    patches = find_patches(checkout, ENVIRON)

    assert b"+lr = 2" in patches.files["diff.patch"]
    assert not mark.exists()


@pytest.mark.parametrize("environ", [ENVIRON, {"PATH": "/nowhere"}])
def test_without_repository_or_git_there_is_none(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    assert find_patches(tmp_path, environ) == git_diff.Patches({})


# ---- code --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "account", "wanted"),
    [
        ({}, False, False),
        ({}, True, True),
        ({"save_code": True}, False, True),
        ({"save_code": False}, True, False),
        ({"save_code": True, "disable_code": True}, True, False),
    ],
)
def test_settings_beat_the_account(
    settings: dict[str, bool], account: bool, wanted: bool
) -> None:
    assert wants_code(Settings(**settings), account_allows=account) is wanted


def test_code_is_named_from_the_repository(checkout: Path, tmp_path: Path) -> None:
    source = checkout / "src" / "train.py"
    repository = Repository(checkout, "c0ffee", "")

    assert code_name(source, Settings(), repository) == "code/src/train.py"
    own = Settings(code_dir=str(checkout / "src"))
    assert code_name(source, own, repository) == "code/train.py"
    outside = tmp_path / "elsewhere.py"
    assert code_name(outside, Settings(), repository) == "code/elsewhere.py"


def test_notebooks_are_found_by_their_name(tmp_path: Path) -> None:
    notebook = tmp_path / "a.ipynb"
    notebook.write_text("{}")
    kernel = Program("<python with no main file>", ())

    assert find_source(Settings(notebook_name=str(notebook)), kernel) == notebook
    assert find_source(Settings(), kernel) is None


# ---- the thread --------------------------------------------------------------------


@pytest.fixture
def recorded(checkout: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """recorded(**settings) -> what was written and told at the start of a run."""

    def record(account: bool = False, **settings: Any) -> dict[str, Any]:
        run_dir = tmp_path / "run"
        (run_dir / "files").mkdir(parents=True)
        chosen = Settings(sync_dir=str(run_dir), **settings)
        facts = StartFacts(
            run_id="r",
            settings=chosen,
            program=Program(str(checkout / "src" / "train.py"), ()),
            repository=Repository(checkout, "c0ffee", ""),
            environ=ENVIRON,
            writer_id="w",
            account_allows_code=lambda: account,
        )
        told: list[bytes] = []
        records = StartRecords(facts, told.append)
        records.start()
        records.finish()
        found = [pb.Record.FromString(data) for data in told]
        return {
            "files": sorted(
                path.relative_to(run_dir / "files").as_posix()
                for path in (run_dir / "files").rglob("*")
                if path.is_file()
            ),
            "told": sorted(i.path for r in found for i in r.files.files),
            "kinds": {r.WhichOneof("record_type") for r in found},
            "config": [
                (tuple(i.nested_key), i.value_json)
                for r in found
                for i in r.config.update
            ],
        }

    return record


def test_by_default_only_packages_and_machine_are_recorded(recorded: Any) -> None:
    found = recorded()

    assert found["files"] == found["told"] == ["requirements.txt"]
    assert found["kinds"] == {"environment", "files"}


def test_with_code_saving_script_and_patch_are_recorded(
    recorded: Any, checkout: Path
) -> None:
    (checkout / "src" / "train.py").write_text("lr = 2\n")

    found = recorded(save_code=True)

    names = ["code/src/train.py", "diff.patch", "requirements.txt"]
    assert found["files"] == found["told"] == names
    assert found["config"] == [(("_wandb", "code_path"), '"code/src/train.py"')]


def test_the_account_may_ask_for_code(recorded: Any) -> None:
    assert "code/src/train.py" in recorded(account=True)["files"]


@pytest.mark.parametrize(
    "settings",
    [
        {"x_primary": False},
        {"x_save_requirements": False, "disable_code": True, "save_code": True},
    ],
)
def test_what_is_switched_off_is_not_recorded(
    recorded: Any, settings: dict[str, Any]
) -> None:
    assert recorded(**settings)["files"] == []


def test_nothing_of_the_machine_is_told_where_it_is_private(recorded: Any) -> None:
    assert "environment" not in recorded(x_disable_machine_info=True)["kinds"]


def test_a_directory_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    facts = StartFacts(
        run_id="r",
        settings=Settings(sync_dir=str(tmp_path), save_code=True),
        program=Program(__file__, ()),
        repository=None,
        environ=ENVIRON,
        writer_id="w",
        account_allows_code=lambda: False,
    )
    told: list[bytes] = []

    records = StartRecords(replace(facts), told.append)
    records.start()
    records.finish()

    kinds = [pb.Record.FromString(data).WhichOneof("record_type") for data in told]
    assert kinds == ["environment"]
