"""Chunks become requests: nothing lost, nothing reordered, limits kept."""

import json

from hypothesis import given
from hypothesis import strategies as st
from wandb_core.model import UploadChunk
from wandb_core.uploader.cursor import EVENTS, HISTORY, OUTPUT, SUMMARY
from wandb_core.uploader.requests import request_body, split_chunks, summary_chunk

BYTES_MAX = 100

lines = st.lists(st.text(max_size=60), min_size=1, max_size=30).map(tuple)
chunks = st.lists(
    st.builds(
        UploadChunk,
        st.sampled_from([HISTORY, EVENTS, OUTPUT]),
        st.integers(0, 1000),
        lines,
    ),
    max_size=6,
)


@given(chunks)
def test_every_line_is_sent_once_in_order_with_its_number(
    given_chunks: list[UploadChunk],
) -> None:
    wanted = [
        (chunk.file, number, line)
        for chunk in given_chunks
        for number, line in enumerate(chunk.lines, chunk.first_line)
    ]

    sent = [
        (chunk.file, number, line)
        for request in split_chunks(given_chunks, BYTES_MAX)
        for chunk in request
        for number, line in enumerate(chunk.lines, chunk.first_line)
    ]

    assert sorted(sent) == sorted(wanted)
    for file in (HISTORY, EVENTS, OUTPUT):
        assert [s for s in sent if s[0] == file] == [w for w in wanted if w[0] == file]


@given(chunks)
def test_requests_keep_the_limit_and_hold_one_range_per_file(
    given_chunks: list[UploadChunk],
) -> None:
    for request in split_chunks(given_chunks, BYTES_MAX):
        files = [chunk.file for chunk in request]
        assert len(files) == len(set(files))
        line_count = sum(len(chunk.lines) for chunk in request)
        size = sum(len(line) for chunk in request for line in chunk.lines)
        assert size <= BYTES_MAX or line_count == 1


@given(chunks)
def test_same_chunks_make_the_same_requests(given_chunks: list[UploadChunk]) -> None:
    first, second = (list(split_chunks(given_chunks, BYTES_MAX)) for _ in range(2))

    assert first == second


def test_body_says_only_what_there_is_to_say() -> None:
    assert request_body(()) == b"{}"
    assert json.loads(
        request_body(
            [UploadChunk(HISTORY, 3, ('{"a":NaN}',)), summary_chunk("{}")],
            uploaded=[],
            log_id=None,
            complete=True,
            exitcode=0,
            state=None,
        )
    ) == {
        "files": {
            HISTORY: {"offset": 3, "content": ['{"a":NaN}']},
            SUMMARY: {"offset": 0, "content": ["{}"]},
        },
        "complete": True,
        "exitcode": 0,
    }
