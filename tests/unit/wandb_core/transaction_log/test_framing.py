import struct
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st
from wandb_core.transaction_log.framing import BLOCK_BYTES, FILE_HEADER, frame
from wandb_core.transaction_log.scanner import scan


def read_back(data: bytes, offset: int) -> list[bytes]:
    found = scan(data, offset, is_last=True, skips_orphans=False)
    assert found.damages == []
    assert found.position == offset + len(data)
    return [record.payload for record in found.records]


def kinds_and_sizes(data: bytes, offset: int) -> list[tuple[int, int]]:
    """Walk the chunks as the format's description says, independently of our reader."""
    position, found = 0, []
    while position < len(data):
        left = BLOCK_BYTES - (offset + position) % BLOCK_BYTES
        if left < 7:
            assert data[position : position + left] == bytes(left)
            position += left
            continue
        crc, size, kind = struct.unpack_from("<IHB", data, position)
        part = data[position + 7 : position + 7 + size]
        assert size + 7 <= left
        assert crc == crc32(bytes([kind]) + part)
        found.append((kind, size))
        position += 7 + size
    return found


def test_worked_example_of_the_module() -> None:
    assert frame([b"\x0a"], len(FILE_HEADER)) == bytes.fromhex("a0ca17b8 0100 01 0a")


def test_record_that_fills_the_block_exactly_is_one_chunk() -> None:
    payload = b"x" * (BLOCK_BYTES - 7 - 7)

    data = frame([payload, b"y"], 7)

    assert kinds_and_sizes(data, 7) == [(1, len(payload)), (1, 1)]
    assert read_back(data, 7) == [payload, b"y"]


def test_fewer_than_seven_bytes_left_are_zeros() -> None:
    for left in range(1, 7):
        payload = b"x" * (BLOCK_BYTES - 7 - 7 - left)

        data = frame([payload, b"y"], 7)

        assert kinds_and_sizes(data, 7) == [(1, len(payload)), (1, 1)]
        assert data[7 + len(payload) :][:left] == bytes(left)
        assert read_back(data, 7) == [payload, b"y"]


def test_exactly_seven_bytes_left_hold_an_empty_first_chunk() -> None:
    payload = b"x" * (BLOCK_BYTES - 7 - 7 - 7)

    data = frame([payload, b"yy"], 7)

    assert kinds_and_sizes(data, 7) == [(1, len(payload)), (2, 0), (4, 2)]
    assert read_back(data, 7) == [payload, b"yy"]


def test_long_record_has_first_middle_and_last() -> None:
    payload = bytes(range(256)) * 500

    data = frame([payload], 7)

    assert [kind for kind, _ in kinds_and_sizes(data, 7)] == [2, 3, 3, 4]
    assert read_back(data, 7) == [payload]


def test_last_part_that_ends_at_the_border_is_not_followed_by_an_empty_one() -> None:
    payload = b"x" * (BLOCK_BYTES - 7 - 7 + BLOCK_BYTES - 7)

    data = frame([payload, b"y"], 7)

    assert [kind for kind, _ in kinds_and_sizes(data, 7)] == [2, 4, 1]
    assert read_back(data, 7) == [payload, b"y"]


sizes = st.one_of(
    st.integers(1, 40),
    st.integers(BLOCK_BYTES - 40, BLOCK_BYTES + 40),
    st.integers(2 * BLOCK_BYTES - 40, 2 * BLOCK_BYTES + 40),
)


@given(st.lists(sizes, max_size=6), st.integers(7, 2 * BLOCK_BYTES))
def test_what_is_framed_is_read_back(lengths: list[int], offset: int) -> None:
    payloads = [bytes([index + 1]) * size for index, size in enumerate(lengths)]

    data = frame(payloads, offset)

    assert read_back(data, offset) == payloads
    kinds_and_sizes(data, offset)


@given(st.lists(sizes, min_size=1, max_size=4), st.data())
def test_one_write_equals_many(lengths: list[int], data: st.DataObject) -> None:
    payloads = [bytes([index + 1]) * size for index, size in enumerate(lengths)]
    cut = data.draw(st.integers(0, len(payloads)))

    head = frame(payloads[:cut], 7)

    assert head + frame(payloads[cut:], 7 + len(head)) == frame(payloads, 7)
