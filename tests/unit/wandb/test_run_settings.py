"""Checks of project, id and tags; default project; resume file; run directory."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from wandb.errors import Error, UsageError
from wandb.sdk.environment import (
    Program,
    gather_environment,
    gather_machine,
    gather_telemetry,
)
from wandb.sdk.git import Repository
from wandb.sdk.names import readable_name
from wandb.sdk.run_directory import make_run_directory
from wandb.sdk.run_settings import (
    check_names,
    default_project,
    forget_kept_id,
    with_run_id,
)
from wandb.sdk.server_choice import choose_server
from wandb.sdk.wandb_settings import Settings
from wandb.sdk.where import batch_variable, in_container
from wandb_proto.places import Places

NOON = 1795176000.0


@pytest.mark.parametrize(
    "values",
    [
        {"project": "a/b"},
        {"project": "a:b"},
        {"project": "p" * 129},
        {"run_id": ""},
        {"run_id": " a"},
        {"run_id": "a/b"},
        {"run_id": "a:b"},
        {"run_tags": ("",)},
        {"run_tags": ("t" * 65,)},
    ],
)
def test_names_that_no_server_takes_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        check_names(Settings(**values))


def test_names_within_the_limits_are_taken() -> None:
    check_names(Settings(project="p" * 128, run_id="a.b-c_d", run_tags=("t" * 64,)))


def test_default_project_is_the_repository_and_the_scripts_directory(
    tmp_path: Path,
) -> None:
    root = tmp_path.resolve()
    repository = Repository(root, "c", "https://host/team/tool.git")

    assert default_project(Program(str(root / "a.py"), ()), repository) == "tool"
    deep = Program(str(root / "x" / "y" / "a.py"), ())
    assert default_project(deep, repository) == "tool-x_y"
    outside = Program("/elsewhere/a.py", ())
    assert default_project(outside, repository) == "tool"
    assert default_project(outside, None) == "uncategorized"


def test_resume_auto_keeps_the_id_until_a_run_ends_well(tmp_path: Path) -> None:
    auto = Settings(resume="auto", root_dir=str(tmp_path))

    first = with_run_id(auto).run_id
    second = with_run_id(auto).run_id
    assert first == second
    kept = json.loads((tmp_path / "wandb" / "wandb-resume.json").read_text())
    assert kept == {"run_id": first}

    forget_kept_id(auto, 1)
    assert with_run_id(auto).run_id == first
    forget_kept_id(auto, 0)
    assert with_run_id(auto).run_id != first


def test_run_without_resume_forgets_the_kept_id(tmp_path: Path) -> None:
    auto = Settings(resume="auto", root_dir=str(tmp_path))
    first = with_run_id(auto).run_id

    with_run_id(Settings(root_dir=str(tmp_path)))

    assert with_run_id(auto).run_id != first


def test_damaged_resume_file_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "wandb").mkdir()
    (tmp_path / "wandb" / "wandb-resume.json").write_text("{")

    assert with_run_id(Settings(resume="auto", root_dir=str(tmp_path))).run_id


def test_names_are_readable() -> None:
    adjective, noun, number = readable_name().split("-")

    assert adjective.isalpha()
    assert noun.isalpha()
    assert 1 <= int(number) <= 99


def test_run_directory_has_its_parts_and_links(tmp_path: Path) -> None:
    settings = Settings(root_dir=str(tmp_path), mode="offline")

    first = make_run_directory(settings, "abc", NOON)
    second = make_run_directory(settings, "abc", NOON)

    assert first.name.startswith("offline-run-")
    assert first.name.endswith("-abc")
    assert second.name == first.name + "-1"
    assert (first / "files").is_dir()
    assert (first / "logs").is_dir()
    latest = tmp_path / "wandb" / "latest-run"
    assert os.readlink(latest) == second.name
    assert os.readlink(tmp_path / "wandb" / "debug.log").endswith("logs/debug.log")


def test_hidden_directory_is_used_where_it_exists(tmp_path: Path) -> None:
    (tmp_path / ".wandb").mkdir()

    made = make_run_directory(Settings(root_dir=str(tmp_path)), "abc", NOON)

    assert made.parent.name == ".wandb"


def test_unwritable_root_falls_back_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "root").write_text("a file, so that nobody can make a directory here")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()

    made = make_run_directory(Settings(root_dir=str(tmp_path / "root")), "abc", NOON)

    assert made.is_relative_to(tmp_path / "temporary")
    assert "is not writable" in capsys.readouterr().err


def test_without_any_writable_directory_the_error_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "root").write_text("a file")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "root"))

    with pytest.raises(Error, match="WANDB_DIR"):
        make_run_directory(Settings(root_dir=str(tmp_path / "root")), "abc", NOON)


def _places(tmp_path: Path) -> Places:
    return Places.from_environment(
        {"WANDB_RUNTIME_DIR": str(tmp_path), "WANDB_DATA_DIR": str(tmp_path / "data")}
    )


def test_unconfigured_runs_go_to_the_server_of_this_machine(tmp_path: Path) -> None:
    environ = {"NETRC": str(tmp_path / "netrc"), "WANDB_API_KEY": "k" * 40}
    places = _places(tmp_path)

    chosen = choose_server(Settings(api_key="k" * 40), places, environ)
    assert (chosen.base_url, chosen.local) == ("http://localhost:8080", True)

    (tmp_path / "data" / "server").mkdir(parents=True)
    (tmp_path / "data" / "server" / "settings.json").write_text('{"port": 9001}')
    assert choose_server(Settings(), places, environ).base_url.endswith(":9001")

    (tmp_path / "server.json").write_text('{"url": "http://localhost:9002/"}')
    assert choose_server(Settings(), places, environ).base_url.endswith(":9002")


def test_unconfigured_runs_in_batch_jobs_stay_offline(tmp_path: Path) -> None:
    environ = {"NETRC": str(tmp_path / "netrc"), "SLURM_JOB_ID": "5"}
    places = _places(tmp_path)

    assert choose_server(Settings(), places, environ).offline_because == "SLURM_JOB_ID"
    configured = Settings(base_url="http://host")
    assert choose_server(configured, places, environ).offline_because == ""
    asked = Settings(mode="online")
    assert choose_server(asked, places, environ).offline_because == ""
    assert batch_variable({"CI": "false"}) is None
    assert in_container({"container": "podman"})


def test_key_of_the_environment_is_marked_as_such(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine host login user password {'n' * 40}\n")
    environ = {"NETRC": str(netrc)}
    places = _places(tmp_path)
    base_url = "http://host"

    kept = choose_server(Settings(base_url=base_url), places, environ)
    assert (kept.api_key, kept.key_from_environment) == ("n" * 40, False)
    given = Settings(base_url=base_url, api_key="e" * 40)
    chosen = choose_server(given, places, environ)
    assert (chosen.api_key, chosen.key_from_environment) == ("e" * 40, True)


def test_environment_record_holds_program_git_and_machine(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    repository = Repository(root, "c0ffee", "https://host/x.git")
    program = Program(str(root / "src" / "train.py"), ("--lr", "0.1"))

    facts = gather_environment(Settings(), program, repository, NOON)
    machine = gather_machine(Settings(), {"SLURM_JOB_ID": "5"})

    assert facts.code_path == "src/train.py"
    assert list(facts.args) == ["--lr", "0.1"]
    assert facts.git.commit == "c0ffee"
    assert machine.cpu_count_logical == os.cpu_count()
    assert 1 <= machine.cpu_count <= machine.cpu_count_logical
    assert machine.memory.total > 1 << 30
    assert machine.disk["/"].total > machine.disk["/"].used > 0
    assert facts.host
    assert machine.slurm["job_id"] == "5"
    assert facts.started_at.seconds == int(NOON)
    chosen = gather_machine(Settings(x_stats_cpu_count=7, x_stats_gpu_type="X9"), {})
    assert (chosen.cpu_count, chosen.gpu_type) == (7, "X9")
    private = Settings(x_disable_machine_info=True)
    bare = gather_environment(private, program, None, NOON)
    assert not bare.host
    assert not bare.cpu_count
    assert gather_telemetry().cli_version
