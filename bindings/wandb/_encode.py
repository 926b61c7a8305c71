"""Turn one log() call into the bytes of a `Record`, as cheaply as Python can.

The message is written by hand, fields in this order, lengths as varints padded to four
bytes, so that everything before the JSON depends on its length alone and is looked up:

```
a2 06 LLLL   Record.request          18 01        LogRequest.commit, if true
ca 3e LLLL   Request.log             22 LLLL …    LogRequest.data_json
                                     10 V         LogRequest.step (zigzag), if given
                                     09 tttttttt  LogRequest.timestamp
LLLL = (n & 7f | 80) (n >> 7 & 7f | 80) (n >> 14 & 7f | 80) (n >> 21)
```

Protobuf readers take fields in any order and padded lengths; a test parses what is
written here with the generated code.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson
from wandb_proto import json_codec

from wandb._values import ValueConverter

RECORD_BYTES_MAX = 60 << 20
"""A record must fit into one gRPC message of 64 MiB."""

PART_BYTES_MAX = RECORD_BYTES_MAX - (1 << 16)
"""Of the data of one record: the rest is for what stands around them."""

CALL_BYTES_WARNED = 25_000_000
VALUE_BYTES_WARNED = 1_000_000

OPTIONS = (
    orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_SUBCLASS
)
"""Without the numpy option: it writes float32 0.1 as 0.1, and every array as a list."""

TIMESTAMP = struct.Struct("<Bd")
TIMESTAMP_TAG = 0x09

_COMMIT = b"\x18\x01"
_LENGTH_MAX = 1 << 28
_PREFIXES_MAX = 65_536


class RecordTooLarge(ValueError):
    """The data of one call do not fit into one record."""


class LogPrefixes(dict[int, bytes]):
    """Length of the JSON -> the bytes before it, for a committed call without step."""

    def __missing__(self, length: int) -> bytes:
        prefix = log_prefix(length, True, TIMESTAMP.size)
        if len(self) < _PREFIXES_MAX:
            self[length] = prefix
        return prefix


class DataEncoder:
    """Encodes the dictionaries of log(); remembers per type how to convert.

    warn: told once per type that values of it are stored as text, and of sizes.
    refuses_rich: values that are media raise `RichValue`, else they become text.
    """

    def __init__(
        self,
        warn: Callable[[str], None] | None = None,
        *,
        refuses_rich: bool = False,
    ) -> None:
        self._warn = warn or (lambda _: None)
        self._values = ValueConverter(self._warn, refuses_rich=refuses_rich)
        self._warned: set[str | tuple[str, str]] = set()
        self.default: Callable[[Any], Any] = self._values.quick
        """For `orjson.dumps(data, default, OPTIONS)`, the fast path."""

    def encode(self, data: Mapping[str, Any]) -> bytes:
        """Serialise any dictionary that log() takes.

        Bare NaN and Infinity; the keys "" and "_step" of the top level are dropped.

        Raises:
            TypeError: not a mapping, or a key of the top level is not a str.
            ValueError: an array of more than 32 elements has no finite one.
            RecordTooLarge: take `parts`.
            RichValue: there is media in it, and this encoder refuses that.
        """
        if not isinstance(data, Mapping):
            raise TypeError(
                "`wandb.log` must be passed a dictionary, "
                f"not {type(data).__name__}: wandb.log({{'loss': 0.5}})"
            )
        for key in data:
            if not isinstance(key, str):
                raise TypeError(
                    "Key values passed to `wandb.log` must be strings, "
                    f"not {type(key).__name__}: {str(key)[:80]}"
                )
        if "" in data or "_step" in data:
            self._warn_reserved(data)
            data = {key: data[key] for key in data if key not in ("", "_step")}
        body = self._encode_checked(data)
        if len(body) > VALUE_BYTES_WARNED:
            self._check_sizes(data, len(body))
            if len(body) > PART_BYTES_MAX:
                raise RecordTooLarge(f"{len(body):,} bytes")
        return body

    def _encode_checked(self, data: Mapping[str, Any]) -> bytes:
        if type(data) is dict:
            try:
                body = orjson.dumps(data, self.default, OPTIONS)
            except TypeError:
                pass
            else:
                # orjson writes NaN and infinities as null.
                if b"null" not in body or self._values.is_finite(data):
                    return body
        return json_codec.dumps(self._values.plain(data))

    def _check_sizes(self, data: Mapping[str, Any], size: int) -> None:
        if size > CALL_BYTES_WARNED:
            self._warn_once(
                ("size", "call"),
                f"one wandb.log() call of {size:,} bytes, more than "
                f"{CALL_BYTES_WARNED:,}: it is stored, but pages get slow",
            )
        for key, value in data.items():
            if key in self._warned:
                continue
            size = len(self._encode_checked({key: value}))
            if size > VALUE_BYTES_WARNED:
                self._warn_once(
                    key,
                    f"the value of {key[:80]!r} has {size:,} bytes, more than "
                    f"{VALUE_BYTES_WARNED:,}: it is stored, but pages get slow",
                )

    def _warn_reserved(self, data: Mapping[str, Any]) -> None:
        if "_step" in data:
            self._warn_once(
                ("reserved", "_step"),
                "wandb.log() ignores the key '_step', which is reserved; to choose the "
                "step: wandb.log(data, step=…)",
            )
        if "" in data:
            self._warn_once(
                ("reserved", ""), "wandb.log() ignores the key '': give it a name"
            )

    def parts(self, data: Mapping[str, Any]) -> Iterator[bytes]:
        """A dictionary that is too large for one record, as several, in order.

        Each fits into a record unless one value alone does not.
        """
        part: dict[str, Any] = {}
        size = 0
        for key, value in data.items():
            if key in ("", "_step"):
                continue
            value_size = len(self._encode_checked({key: value}))
            if part and size + value_size > PART_BYTES_MAX:
                yield self._encode_checked(part)
                part, size = {}, 0
            part[key] = value
            size += value_size
        yield self._encode_checked(part)

    def _warn_once(self, key: str | tuple[str, str], text: str) -> None:
        if key not in self._warned:
            self._warned.add(key)
            self._warn(text)


def encode_log_data(
    data: Mapping[str, Any],
    warn: Callable[[str], None] | None = None,
    *,
    refuses_rich: bool = False,
) -> bytes:
    """One dictionary as JSON; see `DataEncoder.encode`, which remembers types."""
    return DataEncoder(warn, refuses_rich=refuses_rich).encode(data)


def encode_log_request(
    data_json: bytes, timestamp: float, step: int | None, commit: bool
) -> bytes:
    """The record of one log() call. step must fit into 64 bits.

    Raises:
        ValueError: more than 256 MiB.
    """
    suffix = TIMESTAMP.pack(TIMESTAMP_TAG, timestamp)
    if step is not None:
        suffix = encode_step(step) + suffix
    return log_prefix(len(data_json), commit, len(suffix)) + data_json + suffix


def encode_step(step: int) -> bytes:
    """The field of a step, which must fit into 64 bits."""
    return b"\x10" + _varint((step << 1) ^ (step >> 63))


def encode_gap(record_count: int, reason: str) -> bytes:
    """The record that stands for dropped ones."""
    text = reason.encode()
    gap = b"\x08" + _varint(record_count) + b"\x12" + _varint(len(text)) + text
    request = b"\xd2\x3e" + _varint(len(gap)) + gap
    return b"\xa2\x06" + _varint(len(request)) + request


def log_prefix(length: int, commit: bool, suffix_length: int) -> bytes:
    """What stands before JSON of this length, if so many bytes follow it.

    Raises:
        ValueError: more than 256 MiB.
    """
    committed = _COMMIT if commit else b""
    log = len(committed) + 5 + length + suffix_length
    if log + 6 >= _LENGTH_MAX:
        raise ValueError(f"a record of {log} bytes")
    return b"".join(
        (
            b"\xa2\x06",
            _padded(log + 6),
            b"\xca\x3e",
            _padded(log),
            committed,
            b"\x22",
            _padded(length),
        )
    )


def _padded(number: int) -> bytes:
    return bytes(
        (
            number & 0x7F | 0x80,
            number >> 7 & 0x7F | 0x80,
            number >> 14 & 0x7F | 0x80,
            number >> 21,
        )
    )


def _varint(number: int) -> bytes:
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)
