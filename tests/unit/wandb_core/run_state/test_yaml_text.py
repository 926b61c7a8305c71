import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from wandb_core.run_state.yaml_text import yaml_text


def test_shape_is_the_one_of_config_yaml() -> None:
    config = {
        "nested": {"value": {"b": [1, {"c": 3, "d": [4]}, [], [5]], "a": 1}},
        "lr": {"value": 0.5},
        "_wandb": {"value": {"m": [], "t": {"3": [2, 14], "4": "3.11.7"}}},
    }

    assert yaml_text(config) == (
        "_wandb:\n"
        "    value:\n"
        "        m: []\n"
        "        t:\n"
        '            "3":\n'
        "                - 2\n"
        "                - 14\n"
        '            "4": "3.11.7"\n'
        "lr:\n"
        "    value: 0.5\n"
        "nested:\n"
        "    value:\n"
        "        a: 1\n"
        "        b:\n"
        "            - 1\n"
        "            - c: 3\n"
        "              d:\n"
        "                  - 4\n"
        "            - []\n"
        "            - - 5\n"
    )


def test_empty_mapping_is_a_document() -> None:
    assert yaml_text({}) == "{}\n"


@pytest.mark.parametrize(
    "value",
    [
        "y", "3", "true", "null", "", " x", "a: b", "# c", "é", "\x85\u2028\x7f",
        "a\nb", "0x1f", "1e5", ".5", "~", "-", "=", "2001-01-01", "word", "a/b.c", "%",
        "\ud83d", "😀", 1e-05, 1.5e300, 1e22, -0.0, math.inf, -math.inf, None, True, 12,
        [], {},
    ],
)  # fmt: skip
def test_value_survives_a_yaml_reader(value: Any) -> None:
    assert yaml.safe_load(yaml_text({"k": value})) == {"k": value}


def test_nan_survives_a_yaml_reader() -> None:
    assert math.isnan(yaml.safe_load(yaml_text({"k": math.nan}))["k"])


keys = st.text(max_size=10)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20)
    | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
    ),
    max_leaves=12,
)  # fmt: skip


@settings(deadline=None)
@given(st.dictionaries(keys, values, max_size=4))
def test_every_config_survives_a_yaml_reader(config: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_text(config)) == config
