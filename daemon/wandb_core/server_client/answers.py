"""What servers answer, read leniently: absent and null fields mean nothing to say."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wandb_proto import json_codec

from wandb_core.model import ServerRun


@dataclass(frozen=True, slots=True)
class Viewer:
    """Whose key it is; empty texts where the server does not say."""

    entity: str
    username: str
    email: str


@dataclass(frozen=True, slots=True)
class UpsertAnswer:
    """The run as the server now has it."""

    run: ServerRun
    inserted: bool | None
    """False: the run existed before. None: the server did not say."""


@dataclass(frozen=True, slots=True)
class ResumeStatus:
    """What a server already has of a run."""

    storage_id: str
    entity: str
    project: str
    display_name: str
    started: bool
    """A client really began this run (its config holds telemetry)."""
    history_line_count: int
    events_line_count: int
    log_line_count: int
    last_step: int | None
    """Highest step that the server knows; None without history."""
    runtime_s: float
    """How long earlier incarnations ran, as far as known."""
    config_json: str
    """Wrapped values, as stored."""
    summary_json: str
    notes: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileStreamAnswer:
    """Answer to lines, or to a heartbeat."""

    stopped: bool


@dataclass(frozen=True, slots=True)
class UploadUrl:
    """Where the content of one run file goes."""

    name: str
    url: str
    headers: Mapping[str, str]


def read_viewer(data: dict[str, Any]) -> Viewer | None:
    """None: the key belongs to nobody."""
    viewer = data.get("viewer")
    if not isinstance(viewer, dict):
        return None
    return Viewer(
        entity=_text(viewer, "entity"),
        username=_text(viewer, "username"),
        email=_text(viewer, "email"),
    )


def read_features(data: dict[str, Any]) -> frozenset[str]:
    """Names of the enabled features."""
    listed = _inner(data, "serverInfo").get("features")
    if not isinstance(listed, list):
        return frozenset()
    return frozenset(
        str(feature["name"])
        for feature in listed
        if isinstance(feature, dict)
        and feature.get("name")
        and feature.get("isEnabled")
    )


def read_upsert(data: dict[str, Any]) -> UpsertAnswer | None:
    """None: the answer names no entity and project, so nothing could be sent there."""
    upserted = _inner(data, "upsertBucket")
    bucket = _inner(upserted, "bucket")
    project = _inner(bucket, "project")
    entity = _text(_inner(project, "entity"), "name")
    if not entity or not _text(project, "name"):
        return None
    inserted = upserted.get("inserted")
    return UpsertAnswer(
        ServerRun(
            storage_id=_text(bucket, "id"),
            entity=entity,
            project=_text(project, "name"),
            display_name=_text(bucket, "displayName"),
            history_line_count=_count(bucket, "historyLineCount"),
        ),
        inserted if isinstance(inserted, bool) else None,
    )


def read_resume_status(data: dict[str, Any]) -> ResumeStatus | None:
    """None: the server has no such run (or no such project)."""
    model = data.get("model")
    bucket = model.get("bucket") if isinstance(model, dict) else None
    if not isinstance(model, dict) or not isinstance(bucket, dict):
        return None
    summary = _parsed(bucket.get("summaryMetrics"))
    tail = _last_row(bucket.get("historyTail"))
    events_tail = _last_row(bucket.get("eventsTail"))
    count = _count(bucket, "historyLineCount")
    tags = bucket.get("tags")
    return ResumeStatus(
        storage_id=_text(bucket, "id"),
        entity=_text(_inner(model, "entity"), "name"),
        project=_text(model, "name"),
        display_name=_text(bucket, "displayName"),
        started="t" in _parsed(bucket.get("wandbConfig")),
        history_line_count=count,
        events_line_count=_count(bucket, "eventsLineCount"),
        log_line_count=_count(bucket, "logLineCount"),
        last_step=_last_step(tail, summary) if count else None,
        runtime_s=_runtime(tail, events_tail, summary),
        config_json=_text(bucket, "config"),
        summary_json=_text(bucket, "summaryMetrics"),
        notes=_text(bucket, "notes"),
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
    )


def read_upload_urls(data: dict[str, Any]) -> list[UploadUrl]:
    """Upload addresses with the headers that the server wants to see there."""
    created = _inner(data, "createRunFiles")
    headers: dict[str, str] = {}
    for line in created.get("uploadHeaders") or ():
        name, _, value = str(line).partition(":")
        headers[name.strip()] = value.strip()
    return [
        UploadUrl(str(file["name"]), str(file["uploadUrl"]), headers)
        for file in created.get("files") or ()
        if isinstance(file, dict) and file.get("name") and file.get("uploadUrl")
    ]


def _inner(data: dict[str, Any], key: str) -> dict[str, Any]:
    found = data.get(key)
    return found if isinstance(found, dict) else {}


def _text(data: dict[str, Any], key: str) -> str:
    found = data.get(key)
    return found if isinstance(found, str) else ""


def _count(data: dict[str, Any], key: str) -> int:
    found = data.get(key)
    return max(0, int(found)) if isinstance(found, int | float) else 0


def _parsed(text: object) -> dict[str, Any]:
    if isinstance(text, dict):
        return text
    try:
        found = json_codec.loads(text) if isinstance(text, str) and text else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _last_row(text: object) -> dict[str, Any]:
    try:
        rows = json_codec.loads(text) if isinstance(text, str) and text else []
    except ValueError:
        return {}
    return _parsed(rows[-1]) if isinstance(rows, list) and rows else {}


def _number(data: dict[str, Any], key: str) -> float | None:
    found = data.get(key)
    return found if isinstance(found, int | float) and abs(found) < 2**63 else None


def _last_step(tail: dict[str, Any], summary: dict[str, Any]) -> int:
    steps = (_number(tail, "_step"), _number(summary, "_step"))
    return max((int(step) for step in steps if step is not None), default=-1)


def _runtime(
    tail: dict[str, Any], events_tail: dict[str, Any], summary: dict[str, Any]
) -> float:
    private = summary.get("_wandb")
    private = private if isinstance(private, dict) else {}
    found = (
        _number(tail, "_runtime"),
        _number(events_tail, "_runtime"),
        _number(private, "runtime"),
    )
    return max(
        (float(seconds) for seconds in found if seconds is not None), default=0.0
    )
