"""Bytes of a ring file: header, tail slots and frames. Pure: no file is touched here.

`ring` draws the whole file; this module knows the fields.
"""

import json
import struct
import zlib
from dataclasses import asdict, dataclass, fields
from mmap import mmap

Bytes = bytes | bytearray | memoryview | mmap

MAGIC = b"WBRING\r\n"
VERSION = 1
HEADER_BYTES = 16_384
"""Where the frames begin: whole pages, with room for three of the longest paths."""

FRAME = struct.Struct("<IQI")
"""length u32 (top bit: reference), sequence u64, crc32 u32."""

FRAME_BYTES = FRAME.size
WRAP = 0xFFFF_FFFF
REFERENCE = 0x8000_0000
LENGTH = struct.Struct("<I")
SIDE_FILE = struct.Struct("<QI")
"""Payload of a reference frame: size u64 and crc32 u32 of the side file."""

_PREFIX = struct.Struct("<8sIQII")  # magic, version, capacity, JSON length, JSON crc32
_SLOT = struct.Struct("<QQ")
_SLOT_CRC = struct.Struct("<I")
_SLOT_OFFSETS = (HEADER_BYTES - 128, HEADER_BYTES - 64)
_JSON_BYTES_MAX = _SLOT_OFFSETS[0] - _PREFIX.size
_CRC_BYTES = 4096


class RingDamaged(ValueError):
    """The file is not a ring that this version can read; the message says why."""


@dataclass(frozen=True, slots=True)
class RingHeader:
    """Who writes the ring and where its records belong. Enough to drain an orphan."""

    stream_id: str
    run_id: str
    log_path: str
    overflow_dirs: tuple[str, ...]
    """Where overflow files may lie, in the order in which the writer tries them."""
    pid: int
    primary: bool
    base_url: str = ""
    parent_pid: int = 0
    """Set in a forked child: the process whose link moves this ring's records."""
    core_address: str = ""
    """Of a core on another host; no core of this host touches the ring then."""
    log_name: str = ""
    """How that core is told which log is meant: it knows no path of this host."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The first record that is still needed: its sequence, and where frames go on."""

    offset: int
    sequence: int


def encode_header(header: RingHeader, capacity: int) -> bytes:
    """The first bytes of the file, up to the slots.

    Raises:
        ValueError: the paths are too long for the header.
    """
    text = json.dumps(asdict(header)).encode()
    if len(text) > _JSON_BYTES_MAX:
        raise ValueError(f"ring header of {len(text)} bytes; shorten the log's path")
    prefix = _PREFIX.pack(MAGIC, VERSION, capacity, len(text), zlib.crc32(text))
    return prefix + text


def decode_header(memory: Bytes) -> tuple[RingHeader, int]:
    """Header and capacity. Unknown fields are ignored.

    Raises:
        RingDamaged: it is no ring, of another version, or damaged.
    """
    head = memory[:HEADER_BYTES]
    if len(head) < HEADER_BYTES:
        raise RingDamaged(f"{len(head)} bytes are less than the header")
    magic, version, capacity, length, crc = _PREFIX.unpack_from(head)
    if magic != MAGIC:
        raise RingDamaged("it does not begin like a ring")
    if version != VERSION:
        raise RingDamaged(f"ring version {version}, this program reads {VERSION}")
    text = head[_PREFIX.size : _PREFIX.size + length]
    if length > _JSON_BYTES_MAX or zlib.crc32(text) != crc:
        raise RingDamaged("checksum of the header")
    known = {field.name for field in fields(RingHeader)}
    found = {
        key: value for key, value in json.loads(bytes(text)).items() if key in known
    }
    found["overflow_dirs"] = tuple(found["overflow_dirs"])
    return RingHeader(**found), capacity


def write_tail(memory: mmap, slot: int, tail: Tail) -> None:
    """Write one of the two slots; the other stays valid meanwhile."""
    content = _SLOT.pack(tail.offset, tail.sequence)
    offset = _SLOT_OFFSETS[slot]
    memory[offset : offset + 20] = content + _SLOT_CRC.pack(zlib.crc32(content))


def read_tail(memory: Bytes) -> tuple[Tail, int]:
    """The newest valid tail, and the number of its slot.

    Raises:
        RingDamaged: both slots are damaged.
    """
    best: tuple[Tail, int] | None = None
    for slot, offset in enumerate(_SLOT_OFFSETS):
        content = memory[offset : offset + 16]
        (crc,) = _SLOT_CRC.unpack_from(memory, offset + 16)
        position, sequence = _SLOT.unpack(content)
        newer = best is None or sequence > best[0].sequence
        if zlib.crc32(content) == crc and sequence and newer:
            best = Tail(position, sequence), slot
    if best is None:
        raise RingDamaged("checksums of both tail slots")
    return best


def split_frames(frames: bytes, first_sequence: int) -> list[bytes]:
    """Payloads of consecutive frames, none of them a reference.

    Raises:
        RingDamaged: they are not; what was found instead.
    """
    records: list[bytes] = []
    unpack, offset, sequence = FRAME.unpack_from, 0, first_sequence
    while offset < len(frames):
        begin = offset + FRAME_BYTES
        if begin > len(frames):
            raise RingDamaged(f"record {sequence}: {len(frames) - offset} bytes left")
        length, found, crc = unpack(frames, offset)
        offset = begin + length
        payload = frames[begin:offset]
        if found != sequence or not payload or len(payload) != length:
            raise RingDamaged(f"record {sequence}: found {found} of {length} bytes")
        if checksum(payload, sequence) != crc:
            raise RingDamaged(f"record {sequence}: checksum")
        records.append(payload)
        sequence += 1
    return records


def checksum(payload: bytes | memoryview, sequence: int) -> int:
    """crc32 of a frame: of the payload, begun with the sequence (modulo 2**32).

    In pieces, because zlib gives the GIL away beyond 5 KiB, and winning it back
    beside a busy thread takes up to 5 ms.
    """
    size = len(payload)
    if size <= _CRC_BYTES:
        return zlib.crc32(payload, sequence)
    crc = sequence
    for begin in range(0, size, _CRC_BYTES):
        crc = zlib.crc32(payload[begin : begin + _CRC_BYTES], crc)
    return crc
