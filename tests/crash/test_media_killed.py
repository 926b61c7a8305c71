"""Images whose process, or whose core, is killed: what log() returned from is kept.

Each script runs offline with a real core and logs scalars between images, faster than
core makes their files.
"""

import os
import signal
from pathlib import Path

import pytest
from wandb_core.transaction_log import read_all
from wandb_proto import json_codec

from tests.support.desk import Desk, desk
from tests.support.waiting import wait_until

np = pytest.importorskip("numpy")
Image = pytest.importorskip("PIL.Image")

IMAGES = 12
SCRIPT = f"""
import os, signal, sys, numpy as np, wandb
run = wandb.init(id="r", settings={{"console": "off", "x_disable_meta": True}})
random = np.random.default_rng(5)
for number in range({IMAGES}):
    pixels = random.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    pixels[0, 0] = number
    run.log({{"image": wandb.Image(pixels), "n": number}})
    run.log({{"after": number}})
"""


def rows(user: Desk) -> list[dict[str, object]]:
    """The rows as (key -> value), in order; none before core has begun the log."""
    return [
        {
            ".".join(item.nested_key): json_codec.loads(item.value_json)
            for item in logged.record.history.item
        }
        for path in user.cwd.glob("wandb/*run-*/run-r.wandb")
        for logged in read_all(path)
        if logged.record.WhichOneof("record_type") == "history"
    ]


def assert_complete(user: Desk) -> None:
    """All rows in order, all files with their pixels, nothing left behind."""
    found = rows(user)
    files = user.log_of("r").parent / "files"
    assert [row["_step"] for row in found] == list(range(2 * IMAGES))
    for number in range(IMAGES):
        picture, after = found[2 * number : 2 * number + 2]
        assert picture["n"] == after["after"] == number
        with Image.open(Path(files, str(picture["image.path"]))) as image:
            assert np.asarray(image)[0, 0].tolist() == [number] * 3
    pixels = user.log_of("r").parent / "tmp" / "pixels"
    wait_until(lambda: not pixels.exists())


def test_images_of_a_killed_process_are_completed() -> None:
    with desk(WANDB_MODE="offline", WANDB_CORE_ORPHAN_CHECK_S="0.1") as user:
        killed = user.run(SCRIPT + "os.kill(os.getpid(), signal.SIGKILL)", check=False)
        assert killed.returncode == -signal.SIGKILL

        wait_until(lambda: len(rows(user)) == 2 * IMAGES, 20)
        assert_complete(user)


@pytest.mark.parametrize("when", [0, IMAGES // 2])
def test_core_is_killed_while_images_come(when: int) -> None:
    more = f"    if number == {when}: print('now', flush=True)\n"
    with desk(WANDB_MODE="offline", WANDB_CORE_ORPHAN_CHECK_S="0.1") as user:
        with user.start(SCRIPT + more) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "now\n"
            os.kill(int(str(user.core_status()["pid"])), signal.SIGKILL)
            assert process.wait(60) == 0

        assert_complete(user)
