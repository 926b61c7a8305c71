"""Core dies at every point between a request and the cursor, before our own server.

As in `test_upload_crash`, whose server is a fake: here requests go to the real one, in
this process, with its archive on disk.
"""

import json
import random
from pathlib import Path

import pytest
from wandb_core.clock import SystemClock
from wandb_core.server_client import ServerClient
from wandb_core.uploader import LogUploader
from wandb_proto.v1.record_pb2 import UploadTarget

from tests.crash.test_upload_crash import SMALL_PIECES, CoreDied, Mortal, write_run
from tests.support.logged_runs import LoggedRun
from tests.support.manual_clock import RecordingNotifier
from tests.support.served import KEYS, Served, served
from tests.support.uploads import log_path

ROWS = 200


async def survives(log: LoggedRun, server: Served, mortal: Mortal) -> bool:
    """Upload until the end (True) or the planned death."""
    client: type[ServerClient] = mortal.client()
    target = UploadTarget(mode="online", base_url=server.url)
    uploader = LogUploader(
        log, target, lambda: KEYS["ada"], RecordingNotifier(), SystemClock(),
        random.Random(1), SMALL_PIECES, lambda to, key: client(to.base_url, key),
    )  # fmt: skip
    try:
        end = await uploader.run()
    except CoreDied:
        return False
    except BaseExceptionGroup as group:
        if group.subgroup(CoreDied) is None:
            raise
        return False
    assert end.uploaded, end
    return True


@pytest.mark.parametrize("after", [False, True])
async def test_death_at_every_request_to_our_server(
    tmp_path: Path, after: bool
) -> None:
    """Each new core dies one request later than the one before, up to the twelfth."""
    log = write_run(log_path(tmp_path), ROWS)
    log.exit()
    deaths = 0
    async with served(tmp_path / "data") as server:
        while not await survives(log, server, Mortal(1 + deaths % 12, after=after)):
            deaths += 1
            assert deaths < 100
        run = await server.archive.run("ada", "p", "r1")
        assert run is not None
        rows = [json.loads(row) for row in await server.archive.history_rows(run)]
        lines = await server.archive.log_lines(run)
        events = await server.archive.event_rows(run, 1000)
    log.close()

    assert deaths >= 3
    assert [row["_step"] for row in rows] == list(range(ROWS))
    assert run.state == "finished"
    assert len(events) == ROWS // 10
    texts = [line.text for line in lines]
    assert len(texts) == 1 + ROWS // 10, texts
    assert f"progress {ROWS - 10}" in texts[0]
