"""What `import wandb` offers, and what it costs."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
import wandb
from packaging.version import Version
from wandb import _later
from wandb.errors import Error, UnsupportedError, UsageError

PUBLIC = """
__version__ init finish setup teardown require run config summary Run join login log
define_metric save restore watch unwatch alert log_artifact use_artifact log_model
use_model link_model plot_table visualize plot profiler Image Audio Video Table
EvalTable JoinedTable Html Histogram Object3D Molecule Plotly Graph Classes box3d
data_types Artifact ArtifactTTL sweep agent controller Error CommError UsageError
errors termlog termwarn termerror termsetup Settings env AlertLevel helper
ensure_configured util sdk wandb_sdk wandb_lib patched _attach _teardown integration
keras lightgbm catboost xgboost sklearn tensorflow tensorboard gym sacred jupyter
sagemaker_auth wandb_torch trigger analytics api attach mark_preempting
pin_config_keys AuthenticationError UnsupportedError
"""


def test_every_public_name_is_there() -> None:
    missing = [name for name in PUBLIC.split() if not hasattr(wandb, name)]

    assert missing == []
    assert not hasattr(wandb, "no_such_name")


def test_version_is_one_that_integrations_accept() -> None:
    assert Version(wandb.__version__) >= Version("0.12.10")
    assert wandb.run is None
    try:
        assert importlib.metadata.version("wandb") == wandb.__version__
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("run from source without an installed distribution")


def test_import_loads_nothing_heavy() -> None:
    """Counted is CPU time, for the machine may be busy."""
    code = """
import json, sys, time
before = time.process_time()
import wandb
took_s = time.process_time() - before
print(json.dumps([took_s, sorted({name.split('.')[0] for name in sys.modules})]))
"""
    command = [sys.executable, "-c", code]
    best_s = 9.0
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        took_s, loaded = json.loads(done.stdout)
        best_s = min(best_s, took_s)

    heavy = {"grpc", "aiohttp", "uvloop", "numpy", "click", "duckdb", "google", "yaml"}
    assert heavy.isdisjoint(loaded)
    assert best_s < 0.06


@pytest.mark.parametrize("name", sorted(_later.CLASSES | _later.FUNCTIONS))
def test_calling_what_comes_later_says_so(name: str) -> None:
    with pytest.raises(Error) as caught:
        getattr(wandb, name)()

    text = str(caught.value)
    assert "not available in this version yet" in text or "wandb.init()" in text
    assert isinstance(caught.value, UnsupportedError) or "wandb.init()" in text


def test_placeholder_classes_work_with_isinstance_and_in_modules() -> None:
    assert not isinstance(5, wandb.Image)
    assert wandb.Table is wandb.Table
    with pytest.raises(UnsupportedError, match=r"wandb\.sacred\.line is not available"):
        wandb.sacred.line()


def test_placeholders_before_init_say_what_is_missing() -> None:
    for use in (
        lambda: wandb.config.lr,
        lambda: wandb.config["lr"],
        lambda: wandb.summary.update({}),
        lambda: setattr(wandb.config, "lr", 1),
        lambda: wandb.log({"a": 1}),
        lambda: wandb.define_metric("a"),
        lambda: wandb.save("x"),
    ):
        with pytest.raises(Error, match=r"You must call wandb.init\(\) before wandb\."):
            use()
    assert wandb.config
    assert wandb.finish() is None


def test_require_knows_core_and_refuses_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wandb.require("core")
    wandb.require(["service"])
    wandb.require(experiment="core")

    assert "not needed" in capsys.readouterr().err
    with pytest.raises(UnsupportedError, match="legacy-service"):
        wandb.require("legacy-service")


def test_places_where_integrations_look() -> None:
    from wandb.sdk.lib import RunDisabled
    from wandb.sdk.lib.runid import generate_id
    from wandb.wandb_run import Run

    assert wandb.sdk.wandb_run.Run is Run is wandb.Run
    assert issubclass(wandb.sdk.lib.config_util.ConfigError, Error)
    assert issubclass(wandb.sdk.run_disabled.NoopRun, RunDisabled)
    assert len(generate_id()) == 8
    assert generate_id().isalnum()
    assert wandb.sdk.wandb_settings.Settings is wandb.Settings
    assert wandb.AlertLevel.WARN.value == "WARN"


def test_small_parts_of_the_library(tmp_path: Path) -> None:
    from wandb.sdk.lib.filesystem import mkdir_exists_ok, safe_open
    from wandb.sdk.lib.paths import LogicalPath, StrPath

    assert LogicalPath is str
    assert StrPath is not None
    mkdir_exists_ok(tmp_path / "a" / "b")
    mkdir_exists_ok(tmp_path / "a" / "b")
    path = tmp_path / "a" / "file"
    with safe_open(path, "w") as file:
        file.write("whole")
    with pytest.raises(TypeError), safe_open(path, "w") as file:
        file.writelines(["half", 5])
    assert path.read_text() == "whole"
    wandb.sdk.lib.deprecation.warn_and_record_deprecation(message="old")


def test_error_tree() -> None:
    assert issubclass(wandb.AuthenticationError, wandb.CommError)
    assert issubclass(UnsupportedError, UsageError)
    assert wandb.errors.CommError("x", KeyError()).exc.__class__ is KeyError


def test_helper_leaves_keys_out() -> None:
    parse = wandb.helper.parse_config

    assert parse({"a": 1, "b": 2}, exclude=("a",)) == {"b": 2}
    assert parse({"a": 1, "b": 2}, include=("a",)) == {"a": 1}
    with pytest.raises(UsageError):
        parse({}, exclude=("a",), include=("b",))


def test_util_functions_in_the_wild() -> None:
    util = wandb.util

    assert util.get_module("json") is json
    assert util.get_module("no_such_module_here") is None
    with pytest.raises(UsageError, match="install it"):
        util.get_module("no_such_module_here", required="install it")
    assert util.json_friendly((1,)) == ([1], True)
    assert util.json_dumps_safer({"a": {1}}) == '{"a":[1]}'
    assert util.make_artifact_name_safe("a b/c") == "a_b_c"
    assert not util.is_numpy_array([1])
    assert not util.is_pandas_data_frame([1])


def test_environment_setters(monkeypatch: pytest.MonkeyPatch) -> None:
    environ: dict[str, str] = {}

    wandb.env.set_project("p", environ)
    wandb.env.set_entity("e", environ)

    assert environ == {"WANDB_PROJECT": "p", "WANDB_ENTITY": "e"}
    assert wandb.env.get_project(env=environ) == "p"
    assert wandb.env.get_entity(env=environ) == "e"
