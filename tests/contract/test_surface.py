"""Every name of the official surface is there and is no placeholder, unless said here.

Names and parameters are those of the official client 0.31.0, written down from its
documentation and from what it answers to `inspect.signature`.
"""

import inspect
from pathlib import Path
from typing import Any

import pytest
import wandb
from wandb import _later
from wandb.sdk.wandb_run import Run

README = Path(__file__).parents[2] / "README.md"

LATER = {
    "agent": "sweeps",
    "controller": "sweeps",
    "sweep": "sweeps",
    "profiler": "trace files of torch.profiler as artifacts",
    "analytics": "sends usage to the vendor: nothing here does",
    "trigger": "hooks inside the official client",
    "sagemaker_auth": "keys through SageMaker",
    "gym": "gym's monitor is gone from gym itself; log wandb.Video",
    "jupyter": "the %wandb magics; runs show by themselves",
    "sacred": "Sacred's observer",
    "tensorflow": "hooks of TensorFlow 1",
    "wandb_torch": "internals of watch",
}
"""Names that say that they are not available, and what they would be for."""

MODULE_TEXT = """
__version__ init finish setup teardown attach require run config summary Run join login
mark_preempting pin_config_keys log define_metric save restore watch unwatch alert
log_artifact use_artifact log_model use_model link_model plot_table visualize plot
profiler Image Audio Video Table EvalTable JoinedTable Html Histogram Object3D Molecule
Plotly Graph Classes box3d data_types Artifact ArtifactTTL sweep agent controller Api
apis api Error CommError UsageError errors termlog termwarn termerror termsetup Settings
env AlertLevel helper ensure_configured util sdk wandb_sdk wandb_lib proto patched
_attach _teardown integration keras lightgbm catboost xgboost sklearn tensorflow
tensorboard gym sacred jupyter sagemaker_auth wandb_torch trigger analytics
"""
SIGNATURES_TEXT = """
init: entity project dir id name notes tags config config_exclude_keys
    config_include_keys allow_val_change group job_type mode force reinit resume
    resume_from fork_from save_code tensorboard sync_tensorboard monitor_gym settings
    anonymous
finish: exit_code
setup: settings
teardown: exit_code
attach: attach_id run_id run
require: requirement experiment
restore: name run_path replace root
login: key relogin host force timeout verify referrer prompt anonymous
termlog: string newline repeat prefix
termwarn: string newline repeat prefix
termerror: string newline repeat prefix
plot_table: vega_spec_name data_table fields string_fields split_table
Run.log: data step commit
Run.define_metric: name step_metric step_sync hidden summary overwrite
Run.finish: exit_code
Run.save: glob_str base_path policy glob
Run.restore: name run_path replace root
Run.alert: title text level wait_duration
Run.watch: models criterion log log_freq idx log_graph
Run.unwatch: models
Run.log_artifact: artifact_or_path name type aliases tags
Run.use_artifact: artifact_or_name type aliases use_as
Run.link_artifact: artifact target_path aliases
Run.log_model: path name aliases
Run.use_model: name
Run.link_model: path registered_model_name name aliases
Run.log_code: root name include_fn exclude_fn
Run.mark_preempting:
Run.pin_config_keys: keys
Run.status:
Run.display: height hidden
Run.to_html: height hidden
Run.write_logs: text
Artifact: name type description metadata incremental use_as storage_region
    digest_algorithm
Artifact.add_file: local_path name is_tmp skip_cache policy overwrite
Artifact.add_dir: local_path name skip_cache policy merge
Artifact.add_reference: uri name checksum max_objects
Artifact.add: obj name overwrite
Artifact.new_file: name mode encoding policy
Artifact.remove: item
Artifact.get: name
Artifact.get_entry: name
Artifact.get_added_local_path_name: local_path
Artifact.download: root allow_missing_references skip_cache path_prefix multipart
Artifact.checkout: root
Artifact.verify: root
Artifact.file: root
Artifact.files: names per_page start
Artifact.wait: timeout
Artifact.save: project settings
Artifact.link: target_path aliases
Artifact.unlink:
Artifact.delete: delete_aliases
Artifact.logged_by:
Artifact.used_by:
Image: data_or_path mode caption grouping classes boxes masks file_type
Audio: data_or_path sample_rate caption
Video: data_or_path caption fps format
Html: data inject data_is_not_path
Histogram: sequence np_histogram num_bins
Object3D: data_or_path caption
Object3D.from_numpy:
Object3D.from_point_cloud: points boxes vectors point_cloud_type
Molecule: data_or_path caption
Molecule.from_smiles: data caption
Plotly: val
Table: columns data rows dataframe dtype optional allow_mixed_types log_mode
Table.add_data: data
Table.add_column: name data optional
Table.get_column: name convert_to
Table.get_dataframe:
Table.iterrows:
Table.add_computed_columns: fn
JoinedTable: table1 table2 join_key
Classes: class_set
plot.line: table x y stroke title split_table
plot.scatter: table x y title
plot.bar: table label value title
plot.histogram: table value title
plot.line_series: xs ys keys title xname
plot.confusion_matrix: probs y_true preds class_names title
plot.pr_curve: y_true y_probas labels classes_to_plot interp_size title
plot.roc_curve: y_true y_probas labels classes_to_plot title
"""
RUN_TEXT = """
id entity project group job_type name notes tags config summary step starting_step
resumed start_time path url project_url sweep_url dir sync_dir sweep_id offline disabled
settings upsert_artifact finish_artifact _label _log _attach_id _set_config_wandb _step
__enter__ __exit__
"""
ARTIFACT_TEXT = """
id name source_name qualified_name version type state size digest digest_algorithm
file_count metadata description aliases tags ttl created_at updated_at commit_hash
history_step entity project url manifest collection distributed_id use_as incremental
finalize is_draft new_draft json_encode linked_artifacts is_link get_path
"""


def signatures() -> list[tuple[str, list[str]]]:
    """(name, parameters) of every line; a line that begins with blanks goes on."""
    joined = SIGNATURES_TEXT.strip().replace("\n    ", " ")
    pairs = (line.partition(":") for line in joined.splitlines())
    return [(name, words.split()) for name, _, words in pairs]


def find(path: str) -> Any:
    """`Run.log` is that of the class."""
    found: Any = wandb
    for name in path.split("."):
        found = getattr(found, name)
    return found


@pytest.mark.parametrize("name", MODULE_TEXT.split())
def test_module_has_the_name(name: str) -> None:
    assert hasattr(wandb, name)
    assert (name in _later.names()) == (name in LATER)


def test_nothing_else_is_a_placeholder() -> None:
    assert _later.names() == frozenset(LATER)
    assert frozenset(LATER) >= _later.RUN_METHODS


@pytest.mark.parametrize(("name", "parameters"), signatures())
def test_parameters_are_those_of_the_official_client(
    name: str, parameters: list[str]
) -> None:
    found = inspect.signature(find(name)).parameters

    missing = [one for one in parameters if one not in found]
    assert missing == []
    ours = [one for one in found if one != "self" and one in parameters]
    assert ours == parameters, "in another order"


@pytest.mark.parametrize("name", RUN_TEXT.split())
def test_run_has_the_member(name: str) -> None:
    assert hasattr(Run, name)


@pytest.mark.parametrize("name", ARTIFACT_TEXT.split())
def test_artifact_has_the_member(name: str) -> None:
    assert hasattr(wandb.Artifact, name)


def test_readme_says_what_comes_later() -> None:
    text = README.read_text(encoding="utf-8")
    table = text.partition("## What works")[2].partition("\n## ")[0]

    assert [name for name in LATER if f"`{name}`" not in table] == []
