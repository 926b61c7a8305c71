"""What a run that exists already means for a log: pure decisions and merges."""

from dataclasses import dataclass
from typing import Any

from wandb_proto import json_codec

from wandb_core.errors import PermanentError
from wandb_core.server_client import ResumeStatus
from wandb_core.uploader.cursor import EVENTS, HISTORY, OUTPUT


class ResumeRefused(PermanentError):
    """The run exists and must not, or must and does not."""


@dataclass(frozen=True, slots=True)
class ResumeDecision:
    """Where the log's lines and steps begin at the server."""

    resumed: bool
    base: dict[str, int]
    starting_step: int


FRESH = ResumeDecision(False, {}, 0)


def decide(
    resume: str, run_id: str, status: ResumeStatus | None, local_last_step: int | None
) -> ResumeDecision:
    """Judge `resume` ("allow", "must", "never") by what the server and this disk have.

    Args:
        local_last_step: of earlier logs of the run that are not uploaded yet; None:
            there are none.

    Raises:
        ResumeRefused: with what the user may do.
    """
    at_server = status is not None and status.started
    exists = at_server or local_last_step is not None
    if resume == "must" and not exists:
        raise ResumeRefused(
            f'resume="must", but the server has no run {run_id}; '
            'check id and project, or use resume="allow"'
        )
    if resume == "never" and exists:
        raise ResumeRefused(
            f'resume="never", but the run {run_id} exists already; '
            'choose another id, or use resume="allow"'
        )
    server_last_step = status.last_step if status and at_server else None
    known = (step for step in (server_last_step, local_last_step) if step is not None)
    starting_step = max(known, default=-1) + 1
    base = line_counts(status) if status is not None else {}
    return ResumeDecision(exists, base, starting_step)


def line_counts(status: ResumeStatus) -> dict[str, int]:
    """The number of the next line of each file at the server."""
    counts = {
        HISTORY: status.history_line_count,
        EVENTS: status.events_line_count,
        OUTPUT: status.log_line_count,
    }
    return {file: count for file, count in counts.items() if count}


def merge_config(earlier_json: str, ours_json: str) -> str:
    """Wrapped config of both lives of the run: ours wins, key by key.

    In `_wandb`, the environments of both writers stay.
    """
    earlier, ours = _object(earlier_json), _object(ours_json)
    if not earlier:
        return ours_json
    merged = {**earlier, **ours}
    private = merged.get("_wandb")
    if isinstance(private, dict) and "_wandb" in earlier and "_wandb" in ours:
        merged["_wandb"] = {"value": _merge_private(earlier, ours)}
    return json_codec.dumps(merged).decode()


def merge_summary(earlier_json: str, ours_json: str) -> str:
    """Summary of both lives: the latest value of each key."""
    earlier = _object(earlier_json)
    if not earlier:
        return ours_json
    return json_codec.dumps({**earlier, **_object(ours_json)}).decode()


def unwrap_config(wrapped_json: str) -> str:
    """`{"lr": {"value": 1}}` -> `{"lr": 1}`, without `_wandb`."""
    wrapped = _object(wrapped_json)
    plain = {
        key: item["value"]
        for key, item in wrapped.items()
        if key != "_wandb" and isinstance(item, dict) and "value" in item
    }
    return json_codec.dumps(plain).decode()


def _merge_private(earlier: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    old, new = (_value(wrapped["_wandb"]) for wrapped in (earlier, ours))
    merged = {**old, **new}
    writers = {**_as_object(old.get("e")), **_as_object(new.get("e"))}
    if writers:
        merged["e"] = writers
    return merged


def _value(item: object) -> dict[str, Any]:
    return _as_object(item.get("value")) if isinstance(item, dict) else {}


def _as_object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _object(text: str) -> dict[str, Any]:
    try:
        return _as_object(json_codec.loads(text)) if text else {}
    except ValueError:
        return {}
