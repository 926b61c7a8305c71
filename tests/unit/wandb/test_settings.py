"""`wandb.Settings` and the places it is read from."""

import pickle
from pathlib import Path

import pytest
from wandb.errors import SettingsError, UsageError
from wandb.sdk.wandb_settings import (
    Settings,
    from_environment,
    from_file,
    write_to_file,
)
from wandb.sdk.wandb_setup import setup, teardown


def test_strings_are_turned_into_the_type_of_the_field() -> None:
    settings = Settings(silent="true", init_timeout="5", run_tags=["a"], mode="dryrun")

    assert settings.silent is True
    assert settings.init_timeout == 5.0
    assert settings.run_tags == ("a",)
    assert settings.mode == "offline"


def test_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"proyect.*did you mean project") as caught:
        Settings(proyect="x")

    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, UsageError)


def test_old_private_names_are_tolerated() -> None:
    settings = Settings(_disable_stats=True, _no_such_thing=1)

    assert settings.x_disable_stats is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mode", "sometimes"),
        ("resume", "perhaps"),
        ("init_timeout", "soon"),
        ("finish_timeout", -1),
        ("silent", "maybe"),
        ("base_url", "localhost:8080"),
        ("console", "loud"),
        ("run_tags", 5),
        ("run_tags", ["ok", "x" * 65]),
        ("run_tags", [""]),
    ],
)
def test_refused_value_is_named_with_what_the_field_takes(
    name: str, value: object
) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        Settings(**{name: value})

    assert caught.value.field == name
    assert "object is not" not in str(caught.value)  # Python's words say no range


def test_key_appears_neither_in_repr_nor_in_errors() -> None:
    secret = "s" * 40

    assert secret not in repr(Settings(api_key=secret, project="p"))
    with pytest.raises(SettingsError) as caught:
        Settings(api_key=[secret])
    assert secret not in str(caught.value)


def test_variables_have_their_own_names_and_lists_are_split_at_commas() -> None:
    settings = from_environment(
        {
            "WANDB_NAME": "n",
            "WANDB_TAGS": "a, b",
            "WANDB_JOB_TYPE": "eval",
            "WANDB_DIR": "/d",
            "WANDB__DISABLE_STATS": "true",
            "WANDB_X_LABEL": "rank0",
            "WANDB_NO_SUCH_THING": "1",
            "WANDB_PROJECT": "",
            "HOME": "/h",
        }
    )

    assert settings.given == {
        "run_name",
        "run_tags",
        "run_job_type",
        "root_dir",
        "x_disable_stats",
        "x_label",
    }
    assert settings.run_tags == ("a", "b")


def test_bad_variable_is_named_in_the_error() -> None:
    with pytest.raises(SettingsError, match="variable WANDB_MODE"):
        from_environment({"WANDB_MODE": "sometimes"})


def test_file_is_written_and_read_and_keeps_other_entries(tmp_path: Path) -> None:
    path = tmp_path / "wandb" / "settings"

    write_to_file(path, {"mode": "offline", "project": "p"})
    write_to_file(path, {"mode": None})

    settings = from_file(path)
    assert settings.given == {"project"}
    assert from_file(tmp_path / "missing").given == frozenset()


def test_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "settings"
    path.write_text("no section\n")

    with pytest.raises(SettingsError, match="settings"):
        from_file(path)


def test_argument_beats_variable_beats_workspace_beats_user(
    edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = {"project": "user", "entity": "user", "run_notes": "user", "host": "user"}
    write_to_file(edge.parent / "config" / "settings", user)
    workspace = {
        "project": "workspace",
        "entity": "workspace",
        "run_notes": "workspace",
    }
    write_to_file(edge / "wandb" / "settings", workspace)
    monkeypatch.setenv("WANDB_PROJECT", "variable")
    monkeypatch.setenv("WANDB_ENTITY", "variable")

    settings = setup({"project": "argument"}).settings

    assert settings.project == "argument"
    assert settings.entity == "variable"
    assert settings.run_notes == "workspace"
    assert settings.host == "user"


def test_environment_is_read_once_per_process_until_teardown(
    edge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_PROJECT", "first")
    assert setup().settings.project == "first"

    monkeypatch.setenv("WANDB_PROJECT", "second")
    assert setup().settings.project == "first"

    teardown()
    assert setup().settings.project == "second"


def test_settings_survive_pickling() -> None:
    settings = Settings(project="p", run_tags=("a",))

    copy = pickle.loads(pickle.dumps(settings))  # noqa: S301

    assert copy == settings
    assert copy.given == settings.given


def test_every_field_has_a_row_with_variable_and_meaning() -> None:
    rows = Settings.table()

    assert len(rows) > 100
    assert all(row.doc.endswith(".") for row in rows)
    assert {"WANDB_DIR", "WANDB_NAME", "WANDB_FINISH_TIMEOUT"} <= {
        row.variable for row in rows
    }
