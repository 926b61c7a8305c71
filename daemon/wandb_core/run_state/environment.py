"""The machine and program of a run, as `wandb-metadata.json` shows them."""

from typing import Any

from wandb_proto.v1.record_pb2 import EnvironmentRecord

_NAMES = {
    "gpu_type": "gpu",
    "gpu_count": "gpu_count",
    "gpu_nvidia": "gpu_nvidia",
    "cpu_count": "cpu_count",
    "cpu_count_logical": "cpu_count_logical",
    "remote_url": "remote",
}
"""Where the JSON name is not the camel-case one."""


def merge_environment(known: EnvironmentRecord, news: EnvironmentRecord) -> None:
    """Complete what is known, field by field; a later value wins whole."""
    for field, _ in news.ListFields():
        known.ClearField(field.name)
    known.MergeFrom(news)


def environment_object(record: EnvironmentRecord) -> dict[str, Any]:
    """The JSON object: camel-case names, 64-bit numbers as strings, order of fields."""
    return _as_object(record)


def _as_object(message: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field, value in message.ListFields():
        name = _NAMES.get(field.name, field.json_name)
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            inner = kind.fields_by_name["value"]
            result[name] = {key: _as_json(inner, value[key]) for key in sorted(value)}
        elif isinstance(value, str | int | float) or hasattr(value, "ListFields"):
            result[name] = _as_json(field, value)
        else:
            result[name] = [_as_json(field, item) for item in value]
    return result


def _as_json(field: Any, value: Any) -> Any:
    kind = field.message_type
    if kind is None:
        return str(value) if field.type == field.TYPE_UINT64 else value
    if kind.full_name == "google.protobuf.Timestamp":
        return _timestamp_text(value)
    return _as_object(value)


def _timestamp_text(timestamp: Any) -> str:
    text: str = timestamp.ToJsonString()
    return text
