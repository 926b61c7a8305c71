"""The records that the bindings write, as serialised `Record` messages.

Pure: values in, bytes out. Only `run.log` has a way of its own (`wandb._encode`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp
from wandb_proto import json_codec
from wandb_proto.v1 import record_pb2 as pb

from wandb.sdk.plain_values import finite_or_none, plain

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What a RunRecord says; written in full again whenever one of them changes."""

    run_id: str
    entity: str
    project: str
    start_time: float
    host: str = ""
    name: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    group: str = ""
    job_type: str = ""
    sweep_id: str = ""
    resume: bool = False
    git_remote: str = ""
    git_commit: str = ""
    config: Mapping[str, Any] = field(default_factory=dict)
    allow_out_of_order: bool = False
    ignore_globs: tuple[str, ...] = ()
    """Names of run files that stay on this machine."""
    earlier_runtime_s: int = 0
    """Of a resumed run: how long it had run before."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the log goes; holds no secret."""

    mode: str
    base_url: str
    app_url: str
    local_server: bool
    resume: str = ""
    key_from_environment: bool = False
    label: str = ""
    secondary: bool = False
    leaves_run_open: bool = False


def open_run(run_id: str, facts: RunFacts, target: Target) -> bytes:
    """The first record of a run's first stream."""
    record = _record(run_id)
    request = record.request.open_run
    request.run.CopyFrom(_run(facts))
    request.target.CopyFrom(
        pb.UploadTarget(
            mode=target.mode,
            base_url=target.base_url,
            app_url=target.app_url,
            local_server=target.local_server,
            resume=target.resume,
            key_from_environment=target.key_from_environment,
            label=target.label,
            secondary=target.secondary,
            leaves_run_open=target.leaves_run_open,
        )
    )
    return record.SerializeToString()


def run(run_id: str, facts: RunFacts, starting_step: int = 0) -> bytes:
    """The run again, with what changed.

    starting_step: of a resumed run; core goes on with it.
    """
    record = _record(run_id)
    record.run.CopyFrom(_run(facts))
    record.run.starting_step = starting_step
    record.run.resumed = bool(starting_step)
    return record.SerializeToString()


def config(run_id: str, update: Mapping[str, Any], remove: Iterable[str] = ()) -> bytes:
    """Plain config values, whole; NaN becomes null."""
    record = _record(run_id)
    record.config.CopyFrom(_config(update))
    for key in remove:
        record.config.remove.add(key=key)
    return record.SerializeToString()


def config_at(run_id: str, path: Path, value: Any) -> bytes:
    """One nested config value, such as ("_wandb", key)."""
    record = _record(run_id)
    record.config.update.add(nested_key=path, value_json=_json(value))
    return record.SerializeToString()


def summary(
    run_id: str, update: Sequence[tuple[Path, Any]], remove: Sequence[Path] = ()
) -> bytes:
    """Explicit summary values by path; NaN becomes null."""
    record = _record(run_id)
    for path, value in update:
        _place(record.summary.update.add(value_json=_json(value)), path)
    for path in remove:
        _place(record.summary.remove.add(), path)
    return record.SerializeToString()


def metric(run_id: str, definition: pb.MetricRecord) -> bytes:
    """A define_metric call."""
    record = _record(run_id)
    record.metric.CopyFrom(definition)
    return record.SerializeToString()


def output(run_id: str, is_stderr: bool, text: str, timestamp: float) -> bytes:
    """The raw text of one write to the console."""
    # Text may hold lone surrogates (undecodable file names): protobuf takes none.
    clean = text.encode("utf-8", errors="replace").decode()
    record = _record(run_id)
    record.output_raw.output_type = pb.STDERR if is_stderr else pb.STDOUT
    record.output_raw.timestamp.CopyFrom(timestamp_of(timestamp))
    record.output_raw.line = clean
    return record.SerializeToString()


def exited(
    run_id: str, exit_code: int, runtime_s: float, *, run_goes_on: bool = False
) -> bytes:
    """The end of the run, or only of one of its writers."""
    record = _record(run_id)
    record.exit.exit_code = exit_code
    record.exit.runtime = int(runtime_s)
    record.exit.not_complete = run_goes_on
    return record.SerializeToString()


def preempting(run_id: str) -> bytes:
    """The machine is about to be taken away."""
    record = _record(run_id)
    record.preempting.SetInParent()
    return record.SerializeToString()


def environment(run_id: str, facts: pb.EnvironmentRecord) -> bytes:
    """Where the run runs."""
    record = _record(run_id)
    record.environment.CopyFrom(facts)
    return record.SerializeToString()


def files(
    run_id: str,
    names: Iterable[str],
    policy: pb.FilesItem.PolicyType,
    kind: pb.FilesItem.FileType = pb.FilesItem.OTHER,
) -> bytes:
    """Files below the run's `files/`, and when they are to be uploaded."""
    record = _record(run_id)
    for name in names:
        record.files.files.add(path=name, policy=policy, type=kind)
    return record.SerializeToString()


def telemetry(run_id: str, facts: pb.TelemetryRecord) -> bytes:
    """Versions and platform, as the format has them."""
    record = _record(run_id)
    record.telemetry.CopyFrom(facts)
    return record.SerializeToString()


def label(repo: str, code: str, version: str) -> pb.TelemetryRecord:
    """What an integration says about itself."""
    made = pb.TelemetryRecord()
    made.label.repo_string = repo
    made.label.code_string = code
    made.label.code_version = version
    return made


def timestamp_of(unix_s: float) -> Timestamp:
    """Unix seconds as a protobuf timestamp."""
    nanos = round(unix_s * 1e6) * 1000
    return Timestamp(seconds=nanos // 10**9, nanos=nanos % 10**9)


def _record(run_id: str) -> pb.Record:
    record = pb.Record()
    record._info.stream_id = run_id
    return record


def _run(facts: RunFacts) -> pb.RunRecord:
    made = pb.RunRecord(
        run_id=facts.run_id,
        entity=facts.entity,
        project=facts.project,
        run_group=facts.group,
        job_type=facts.job_type,
        display_name=facts.name,
        notes=facts.notes,
        tags=facts.tags,
        sweep_id=facts.sweep_id,
        host=facts.host,
        resume=facts.resume,
        runtime=facts.earlier_runtime_s,
        start_time=timestamp_of(facts.start_time),
    )
    if facts.config:
        made.config.CopyFrom(_config(facts.config))
    if facts.git_commit or facts.git_remote:
        made.git.remote_url = facts.git_remote
        made.git.commit = facts.git_commit
    if facts.allow_out_of_order:
        made.settings.item.add(key="allow_out_of_order", value_json="true")
    if facts.ignore_globs:
        globs = json_codec.dumps(list(facts.ignore_globs)).decode()
        made.settings.item.add(key="ignore_globs", value_json=globs)
    return made


def _config(update: Mapping[str, Any]) -> pb.ConfigRecord:
    made = pb.ConfigRecord()
    for key, value in update.items():
        made.update.add(key=key, value_json=_json(value))
    return made


def _place(item: pb.SummaryItem, path: Path) -> None:
    if len(path) == 1:
        item.key = path[0]
    else:
        item.nested_key.extend(path)


def _json(value: Any) -> str:
    return json_codec.dumps(finite_or_none(plain(value))).decode()
