"""`config.yaml`: four spaces, block style, sorted keys.

Written by hand because a library takes seconds for a large configuration. Strings are
quoted unless they are plainly words; what YAML readers of either version would take for
something else is quoted too.
"""

import json
import math
import re
from typing import Any

_INDENT = "    "
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_/.+@-]*\Z")
_WORDS = {
    "y", "n", "yes", "no", "on", "off", "true", "false", "null", "none", "nan", "inf",
    "infinity",
}  # fmt: skip
_UNSAFE = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def yaml_text(value: dict[str, Any]) -> str:
    """The mapping as a YAML document; an empty one is `{}`."""
    if not value:
        return "{}\n"
    return "\n".join(_mapping(value, "")) + "\n"


def _mapping(value: dict[str, Any], indent: str) -> list[str]:
    lines: list[str] = []
    for key in sorted(value):
        lines += _attached(f"{indent}{_string(key)}:", value[key], indent)
    return lines


def _attached(head: str, value: Any, indent: str) -> list[str]:
    """`head` with its value: behind it if it is a scalar, else below it."""
    if isinstance(value, dict) and value:
        return [head, *_mapping(value, indent + _INDENT)]
    if isinstance(value, list) and value:
        return [head, *_sequence(value, indent + _INDENT)]
    return [f"{head} {_scalar(value)}"]


def _sequence(value: list[Any], indent: str) -> list[str]:
    lines: list[str] = []
    for item in value:
        below: list[str] = []
        if isinstance(item, dict) and item:
            below = _mapping(item, indent + "  ")
        elif isinstance(item, list) and item:
            below = _sequence(item, indent + "  ")
        if below:
            lines += [f"{indent}- {below[0].lstrip(' ')}", *below[1:]]
        else:
            lines.append(f"{indent}- {_scalar(item)}")
    return lines


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, list):
        return "[]"
    return json.dumps(value)


def _float(value: float) -> str:
    if math.isnan(value):
        return ".nan"
    if math.isinf(value):
        return ".inf" if value > 0 else "-.inf"
    text = repr(value)
    # YAML 1.1 knows exponents only behind a point.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _string(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", quoted)
