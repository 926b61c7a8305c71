"""Console lines: plain `[ERROR ]timestamp [label ]text`, or structured.

`[label ]` is `[name] ` with its brackets. A plain text that begins with brackets cannot
be told from a label, so only what a run with labels sends is read as one: `labelled`.
"""

import re

from wandb_proto import json_codec

from wandb_server.model.history import LogLine

_PLAIN = re.compile(
    r"(?P<error>ERROR )?(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)Z? "
    r"(?P<text>.*)\Z",
    re.DOTALL,
)
_LABEL = re.compile(r"\[(?P<label>[^\]\s]{1,256})\] (?P<text>.*)\Z", re.DOTALL)


def read_console_line(number: int, text: str, *, labelled: bool = False) -> LogLine:
    """What the line says; text in no known format is the line itself."""
    if text.startswith("{"):
        structured = _structured(number, text)
        if structured is not None:
            return structured
    plain = _PLAIN.match(text)
    if plain is None:
        return LogLine(number, timestamp=None, level=None, label=None, text=text)
    content, label = plain["text"], None
    if labelled and (found := _LABEL.match(content)):
        content, label = found["text"], found["label"]
    return LogLine(
        number,
        timestamp=plain["time"],
        level="error" if plain["error"] else None,
        label=label,
        text=content,
    )


def _structured(number: int, text: str) -> LogLine | None:
    try:
        document = json_codec.loads(text)
    except (ValueError, RecursionError):
        return None
    content = document.get("content")
    if not isinstance(content, str) or "ts" not in document:
        return None
    level, label = document.get("level"), document.get("label")
    return LogLine(
        number,
        timestamp=str(document["ts"]),
        level=level if isinstance(level, str) else None,
        label=label if isinstance(label, str) and label else None,
        text=content,
    )
