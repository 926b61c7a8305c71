"""Core's settings come from the environment and are checked."""

from dataclasses import fields

import pytest
from wandb_core.errors import SettingsError
from wandb_core.settings import CoreSettings


def test_the_environment_overrides_defaults() -> None:
    settings = CoreSettings.from_environment(
        {"WANDB_CORE_FSYNC": "always", "WANDB_CORE_IDLE_TIMEOUT_S": "2.5"}
    )

    assert settings.fsync == "always"
    assert settings.idle_timeout_s == 2.5
    assert settings.transport == "auto"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WANDB_CORE_FSYNC", "sometimes"),
        ("WANDB_CORE_CLIENTS_MAX", "many"),
        ("WANDB_CORE_CLIENTS_MAX", "0"),
        ("WANDB_CORE_IDLE_TIMEOUT_S", "nan"),
    ],
)
def test_a_bad_value_is_named_with_its_source(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        CoreSettings.from_environment({name: text})


def test_an_unknown_variable_is_no_error() -> None:
    assert CoreSettings.from_environment({"WANDB_CORE_FSNC": "x"}) == CoreSettings()


def test_every_setting_has_a_range_and_an_explanation() -> None:
    for spec in fields(CoreSettings):
        assert spec.metadata["allowed"]
        assert spec.metadata["doc"].endswith(".")
