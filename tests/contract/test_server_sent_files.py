"""Uploaded files as browsers get them: in ranges, and never run as ours."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.served import MAKE_RUN, Served, served

BODY = bytes(range(256)) * 40
PLACE = "/files/ada/proj/run1/"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        variables = {"name": "run1", "project": "proj", "config": "{}"}
        await running.graphql(MAKE_RUN, variables)
        for name in ("clip.mp4", "page.html", "drawing.svg", "shot.png", "notes.txt"):
            await running.ask("PUT", PLACE + name, data=BODY)
        yield running


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-99", 0, 100),
        ("bytes=100-", 100, 10_240),
        ("bytes=-7", 10_233, 10_240),
        ("bytes=10000-99999", 10_000, 10_240),
        ("bytes=5-5", 5, 6),
    ],
)
async def test_a_range_is_sent_alone(
    server: Served, wanted: str, start: int, end: int
) -> None:
    status, body, headers = await server.ask(
        "GET", PLACE + "clip.mp4", headers={"Range": wanted}
    )

    assert status == 206
    assert body == BODY[start:end]
    assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(BODY)}"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "lines=0-1", "bytes=-", "x"])
async def test_what_is_no_single_range_is_answered_whole(
    server: Served, wanted: str
) -> None:
    status, body, headers = await server.ask(
        "GET", PLACE + "clip.mp4", headers={"Range": wanted}
    )

    assert (status, body) == (200, BODY)
    assert headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=10240-", "bytes=99999-100000"])
async def test_a_range_beyond_the_end_is_refused(server: Served, wanted: str) -> None:
    status, _, headers = await server.ask(
        "GET", PLACE + "clip.mp4", headers={"Range": wanted}
    )

    assert status == 416
    assert headers["Content-Range"] == f"bytes */{len(BODY)}"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "notes.txt", "clip.mp4"])
async def test_what_browsers_could_run_is_a_download_in_a_sandbox(
    server: Served, name: str
) -> None:
    _, _, headers = await server.ask("GET", PLACE + name)

    assert headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    policy = headers["Content-Security-Policy"]
    assert policy == "sandbox; default-src 'none'; frame-ancestors 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("name", ["page.html", "drawing.svg"])
async def test_a_frame_of_our_page_runs_it_in_an_origin_of_its_own(
    server: Served, name: str
) -> None:
    _, body, headers = await server.ask("GET", PLACE + name + "?view=frame")

    assert body == BODY
    assert headers["Content-Disposition"].startswith("inline;")
    rules = headers["Content-Security-Policy"].split("; ")
    assert rules[:2] == ["sandbox allow-scripts", "default-src 'none'"]
    assert "connect-src 'none'" in rules
    assert rules[-1] == "frame-ancestors 'self'"
    assert "allow-same-origin" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "SAMEORIGIN"


async def test_a_frame_loads_nothing_from_strangers_unless_the_reader_says_so(
    server: Served,
) -> None:
    _, _, usual = await server.ask("GET", PLACE + "page.html?view=frame")
    _, _, open_ = await server.ask("GET", PLACE + "page.html?view=frame&network=1")

    assert "https:" not in usual["Content-Security-Policy"]
    assert (
        "script-src 'unsafe-inline' 'unsafe-eval' https:"
        in (open_["Content-Security-Policy"])
    )
    assert "connect-src 'none'" in open_["Content-Security-Policy"]


async def test_nothing_else_can_be_framed(server: Served) -> None:
    for name in ("notes.txt", "shot.png"):
        _, _, headers = await server.ask("GET", PLACE + name + "?view=frame")

        assert headers["X-Frame-Options"] == "DENY"
        assert "allow-scripts" not in headers["Content-Security-Policy"]


async def test_a_head_tells_the_size(server: Served) -> None:
    status, body, headers = await server.ask("HEAD", PLACE + "notes.txt")

    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == str(len(BODY))
