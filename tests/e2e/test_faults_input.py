"""What a user sees of bad input: keys, sizes, settings."""

import json
from collections.abc import Iterator

import pytest

from tests.support.desk import Desk, desk


@pytest.fixture(scope="module")
def user() -> Iterator[Desk]:
    with desk(WANDB_MODE="offline", WANDB_FINISH_TIMEOUT="30") as made:
        yield made


KEYS = """
import wandb
run = wandb.init(id="keys")
for number in range(3):
    run.log({"_step": 70, "": 1, "a": number})
for bad in ({1: 2}, {("x", "y"): 2}, [1], None):
    try:
        run.log(bad)
    except TypeError as error:
        print(error)
try:
    run.log({"a": 3}, step="four")
except TypeError as error:
    print(error)
run.log({"a": 3, "nested": {1: 2}})
"""


def test_reserved_keys_are_told_once_and_wrong_ones_at_the_call(user: Desk) -> None:
    done = user.run(KEYS)

    assert done.stdout.splitlines() == [
        "Key values passed to `wandb.log` must be strings, not int: 1",
        "Key values passed to `wandb.log` must be strings, not tuple: ('x', 'y')",
        "`wandb.log` must be passed a dictionary, not list: wandb.log({'loss': 0.5})",
        "`wandb.log` must be passed a dictionary, not NoneType: "
        "wandb.log({'loss': 0.5})",
        "wandb.log(step=…) must be an integer, not str",
    ]
    assert done.stderr.count("ignores the key '_step'") == 1
    assert "wandb.log(data, step=…)" in done.stderr
    assert done.stderr.count("ignores the key ''") == 1
    rows = user.rows("keys")
    assert [row["a"] for row in rows] == [0, 1, 2, 3]
    assert rows[-1]["nested.1"] == 2


LIMITS = """
import sys, wandb
run = wandb.init(id="limits", config={"small": 1})
for number in range(2):
    run.log({"value": "x" * 1_100_000, "row": number})
    run.log({f"part{n}": "y" * 990_000 for n in range(26)} | {"row": 2 + number})
run.config.update({"large": "c" * 10_100_000})
run.log({f"key{n}": n for n in range(10_001)} | {"row": 4})
run.log({"row": 5})
"""


def test_values_over_the_limits_are_told_once_and_stored(user: Desk) -> None:
    done = user.run(LIMITS)

    for text in (
        "the value of 'value' has 1,100,012 bytes, more than 1,000,000: it is stored",
        "bytes, more than 25,000,000: it is stored",
        "The config has more than 10,000,000 bytes: it is stored",
        "This run has more than 10,000 metrics: all are stored",
    ):
        assert done.stderr.count(text) == 1, done.stderr[:5000]
    assert done.stderr.count("WARNING") == 4
    rows = user.rows("limits")
    assert [row["row"] for row in rows] == [0, 2, 1, 3, 4, 5]
    assert sum(len(row.get("value", "")) for row in rows) == 2 * 1_100_000
    assert sum(len(row.get("part25", "")) for row in rows) == 2 * 990_000
    assert len(rows[4]) == 10_002


TOO_LARGE = """
import wandb
run = wandb.init(id="large")
run.log({f"part{n}": "y" * 1_000 * 900 for n in range(75)} | {"row": 0}, step=3)
run.log({"n": 1}, step=4)
run.log({"huge": "z" * 64_000_000, "row": 1})
run.log({"row": 2})
"""


def test_call_over_a_message_is_split_and_only_a_single_value_is_refused(
    user: Desk,
) -> None:
    done = user.run(TOO_LARGE)

    assert done.stderr.count("ERROR") == 1, done.stderr
    assert "Data of this run were dropped (one value of 64,000," in done.stderr
    assert "store such data as a file" in done.stderr
    rows = user.rows("large")
    assert [row["row"] for row in rows] == [0, 1, 2]
    assert len(rows[0]) == 76
    assert (rows[1]["n"], "huge" in rows[1]) == (1, False)


SETTINGS = [
    ("settings=dict(finish_timout=3)", "finish_timout", "did you mean finish_timeout?"),
    ("mode='onlin'", "Setting mode (argument) cannot be 'onlin'", "offline"),
    ("project='a/b'", "Invalid project name 'a/b'", "cannot contain /"),
    ("id='a/b'", "Invalid run ID 'a/b'", "cannot contain /"),
    (
        "settings=dict(base_url='localhost')",
        "base_url (argument) cannot be 'localhost'",
        "an address such as http",
    ),
    ("config='no.yaml'", "no.yaml", ""),
]

BAD = """
import json, sys, wandb
told = []
for arguments in json.loads(sys.argv[1]):
    try:
        eval(f"wandb.init({arguments})")
    except wandb.Error as error:
        told.append(f"{error}")
    except Exception as error:
        told.append(repr(error))
print(json.dumps(told))
"""


def test_unknown_and_impossible_settings_say_what_would_do(user: Desk) -> None:
    given = [arguments for arguments, _, _ in SETTINGS]

    told = json.loads(user.run(BAD, json.dumps(given)).stdout)

    for (_, what, hint), text in zip(SETTINGS, told, strict=True):
        assert what in text
        assert hint in text


def test_damaged_settings_files_are_named(user: Desk) -> None:
    folder = user.path("WANDB_CONFIG_DIR")
    folder.mkdir(parents=True)
    for content in (b"no section\n", b"\xff\xfe[[["):
        (folder / "settings").write_bytes(content)

        done = user.run("import wandb; wandb.init()", check=False)

        assert done.returncode == 1
        assert f"{folder}/settings is not a settings file" in done.stderr
        assert "repair or remove it" in done.stderr
        assert done.stderr.count("Traceback") == 1
    (folder / "settings").unlink()


def test_silent_hides_warnings_and_errors_too(user: Desk) -> None:
    code = "import wandb; run = wandb.init(id='silent'); run.log({'_step': 1, 'a': 1})"

    done = user.run(code, WANDB_SILENT="true", WANDB_SPOOL_DIR="/proc/nowhere")

    assert (done.stdout, done.stderr) == ("", "")
    assert user.rows("silent") == [{"a": 1}]
