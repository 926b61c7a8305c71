"""`run.config`."""

import argparse
import enum
import math
from pathlib import Path
from typing import Any

import numpy
import pytest
from wandb.sdk.lib.config_util import ConfigError, read_config_file
from wandb.sdk.plain_values import plain
from wandb.sdk.wandb_config import Config, config_mapping


class _Colour(enum.Enum):
    RED = "red"


def _config(**options: Any) -> tuple[Config, list[dict[str, Any]]]:
    published: list[dict[str, Any]] = []
    return Config(published.append, **options), published


def test_values_are_set_and_read_in_every_way() -> None:
    config, published = _config()

    config["a"] = 1
    config.b = 2
    config.update({"c": 3})
    config.setdefaults({"c": 4, "d": 5})

    assert dict(config.items()) == {"a": 1, "b": 2, "c": 3, "d": 5}
    assert (config.a, config["b"], config.get("x", 9), "d" in config) == (1, 2, 9, True)
    assert published == [{"a": 1}, {"b": 2}, {"c": 3}, {"d": 5}]
    assert dict(config) == config.as_dict()
    with pytest.raises(AttributeError):
        _ = config.missing
    with pytest.raises(KeyError):
        _ = config["missing"]


def test_changing_a_value_needs_permission() -> None:
    config, published = _config()
    config.update({"lr": 0.1})

    with pytest.raises(ConfigError, match=r'"lr" from 0\.1 to 0\.2'):
        config.update({"lr": 0.2, "new": 1})
    config.update({"lr": 0.2}, allow_val_change=True)

    assert config.as_dict() == {"lr": 0.2}
    assert published == [{"lr": 0.1}, {"lr": 0.2}]


def test_run_wide_permission_lets_every_value_change() -> None:
    config, _ = _config(allow_val_change=True)

    config.lr = 1
    config.lr = 2

    assert config.lr == 2


def test_same_value_again_is_no_change() -> None:
    config, published = _config()

    config.update({"a": (1, 2), "n": math.nan})
    config.update({"a": [1, 2], "n": math.nan})

    assert len(published) == 1


def test_keys_of_a_sweep_stay(capsys: pytest.CaptureFixture[str]) -> None:
    config, _ = _config()
    config.update_locked({"lr": 0.5})

    config.update({"lr": 0.1}, allow_val_change=True)

    assert config.lr == 0.5
    assert "'lr' was set by the sweep" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ((1, 2), [1, 2]),
        (numpy.float32(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.arange(3), [0, 1, 2]),
        (numpy.bool_(True), True),
        (Path("/a/b"), "/a/b"),
        (_Colour.RED, "red"),
        ({1: {"a": (1,)}}, {"1": {"a": [1]}}),
        (b"abc", "abc"),
        (range(10_000_000), "range(0, 10000000)"),
        (dict, "dict"),
        (None, None),
    ],
)
def test_values_become_plain(value: Any, stored: Any) -> None:
    assert plain(value) == stored
    assert type(plain(value)) is type(stored)


def test_sets_become_lists_and_objects_text() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    assert sorted(plain({1, 2})) == [1, 2]
    assert plain(object()).startswith("<object object")
    assert plain(Broken()) == "Broken"
    endless: dict[str, Any] = {}
    endless["self"] = endless
    assert isinstance(plain(endless), dict)


def test_namespace_flags_and_file_are_taken(tmp_path: Path) -> None:
    class Flags:
        def flag_values_dict(self) -> dict[str, Any]:
            return {"f": 1}

    path = tmp_path / "c.yaml"
    path.write_text(
        "wandb_version: 1\nlr:\n  desc: x\n  value: 0.1\n_wandb:\n  value: {}\n"
    )

    assert config_mapping(argparse.Namespace(a=1)) == {"a": 1}
    assert config_mapping(Flags()) == {"f": 1}
    assert config_mapping(str(path)) == {"lr": 0.1}
    assert config_mapping(path) == {"lr": 0.1}
    assert config_mapping(None) == {}
    with pytest.raises(ConfigError):
        config_mapping(5)


@pytest.mark.parametrize(
    "text", ["lr: 0.1\n", "- 1\n", "wandb_version: 2\n", "a: {\n", ""]
)
def test_file_of_another_form_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"c\.yaml"):
        read_config_file(path)


def test_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml"):
        read_config_file(tmp_path / "none.yaml")
