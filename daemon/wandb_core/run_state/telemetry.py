"""Telemetry as the server's config shows it: `_wandb.value.t`.

The message becomes an object with its field numbers as keys. Messages of flags become
the sorted list of the numbers that are set; they are read from the wire, because
clients know more of them than our contract names.
"""

from typing import Any

from wandb_proto.v1.record_pb2 import TelemetryRecord

_FLAG_FIELDS = frozenset({1, 2, 3, 8, 10})
_LABEL_FIELD = 9
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def merge_telemetry(known: dict[str, Any], record: TelemetryRecord) -> None:
    """Complete the object for the config with another record.

    Flags are united, texts replaced; fields of unknown shape are left out.
    """
    for number, value in _fields(record.SerializeToString(deterministic=True)):
        if not isinstance(value, bytes):
            continue
        key = str(number)
        if number in _FLAG_FIELDS:
            known[key] = sorted({*known.get(key, ()), *_flags(value)})
        elif number == _LABEL_FIELD:
            known[key] = {
                str(inner): text.decode(errors="replace")
                for inner, text in _fields(value)
                if isinstance(text, bytes)
            }
        else:
            known[key] = value.decode(errors="replace")


def _flags(message: bytes) -> list[int]:
    return [number for number, value in _fields(message) if value == 1]


def _fields(message: bytes) -> list[tuple[int, int | bytes]]:
    """(field number, value) of a message that a parser has accepted before."""
    found: list[tuple[int, int | bytes]] = []
    position = 0
    while position < len(message):
        tag, position = _varint(message, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            found.append((number, value))
            continue
        if wire_type == _BYTES:
            size, position = _varint(message, position)
        elif wire_type in (_FIXED64, _FIXED32):
            size = 8 if wire_type == _FIXED64 else 4
        else:
            break  # groups: nobody writes them here
        found.append((number, message[position : position + size]))
        position += size
    return found


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(message):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, position
