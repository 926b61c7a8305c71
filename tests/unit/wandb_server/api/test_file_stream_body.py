"""File stream requests as the official client sends them, and malformed ones."""

from typing import Any

import pytest
from wandb_server.api.file_stream_route import read_post
from wandb_server.errors import RequestRejected
from wandb_server.model.file_stream import FileChunk, FileStreamPost


def test_an_empty_body_is_a_heartbeat() -> None:
    assert read_post({}) == FileStreamPost()


def test_every_part_is_read() -> None:
    body = {
        "files": {"wandb-history.jsonl": {"offset": 4, "content": ['{"_step":4}']}},
        "uploaded": ["config.yaml"],
        "preempting": True,
        "complete": True,
        "exitcode": 3,
        "dropped": 1,
        "log_id": "abc",
        "state": "crashed",
    }

    post = read_post(body, "client-1")

    assert post == FileStreamPost(
        chunks=(FileChunk("wandb-history.jsonl", 4, ('{"_step":4}',)),),
        uploaded=("config.yaml",),
        preempting=True,
        complete=True,
        exit_code=3,
        state="crashed",
        log_id="abc",
        client_id="client-1",
    )


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ([], "JSON object"),
        ({"files": [1]}, "files"),
        ({"files": {"x": []}}, "files.x"),
        ({"files": {"x": {"offset": -1, "content": []}}}, "files.x.offset"),
        ({"files": {"x": {"offset": "0", "content": []}}}, "files.x.offset"),
        ({"files": {"x": {"offset": 0, "content": [1]}}}, "files.x.content"),
        ({"uploaded": "x"}, "uploaded"),
        ({"exitcode": "0"}, "exitcode"),
        ({"log_id": 7}, "log_id"),
        ({"state": 7}, "state"),
    ],
)
def test_what_is_wrong_is_named(body: Any, part: str) -> None:
    with pytest.raises(RequestRejected, match=part):
        read_post(body)
