"""Core completes images before it takes their calls, whatever the disk does."""

import hashlib
import json
import zlib
from pathlib import Path

from wandb_core.model import IncomingBatch
from wandb_core.transaction_log import read_all
from wandb_proto import png
from wandb_proto.v1 import record_pb2 as pb

from tests.support.core_process import exit_run, log, open_run
from tests.support.waiting import wait_until_async
from tests.unit.wandb_core.test_pipeline import SwitchableFiles, running

SCANLINES = b"\x02\x05\x06\x02\x01\x01"
"""2×2 grey: 5 6, then one more each."""


def call(directory: Path, name: str = "a") -> bytes:
    """A log call with one image whose scanlines lie there."""
    path = directory / "tmp" / "pixels" / f"{name}{png.SCANLINES_SUFFIX}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"before" + SCANLINES)
    record = pb.Record()
    request = record.request.log
    request.commit = True
    request.timestamp = 2.0
    value = {"_type": "image-file", "path": "", "sha256": "", "size": 0, "width": 2}
    request.data_json = json.dumps({name: value, "loss": 1}).encode()
    request.raw_image.add(
        place=[name],
        scanlines=f"tmp/pixels/{path.name}",
        offset=6,
        width=2,
        height=2,
        channels=1,
        name_prefix=f"media/images/{name}_0_",
        name_suffix=".png",
    )
    return record.SerializeToString()


def kinds(path: Path) -> list[str]:
    if not path.exists():
        return []
    return [
        kind
        for logged in read_all(path)
        if (kind := logged.record.WhichOneof("record_type")) in ("files", "history")
    ]


def scanlines_left(directory: Path) -> int:
    return len(list(directory.glob("tmp/pixels/*")))


async def test_file_is_announced_before_its_row_and_has_its_hash(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path, abandoned=True) as run:
        link = run.attach()
        records = (open_run("run1"), log({"x": 1}), call(tmp_path), exit_run())
        await run.pipeline.deliver(IncomingBatch("s1", 1, records))
        await wait_until_async(lambda: run.pipeline.written.exited)
        assert link is not None

    assert kinds(path) == ["history", "files", "history"]
    [file] = [r.record.files.files[0] for r in read_all(path) if r.record.files.files]
    content = (tmp_path / "files" / file.path).read_bytes()
    row = {
        ".".join(item.nested_key): json.loads(item.value_json)
        for logged in read_all(path)
        for item in logged.record.history.item
    }
    assert row["a.path"] == file.path
    assert row["a.sha256"] == hashlib.sha256(content).hexdigest()
    assert row["a.size"] == len(content)
    assert row["a.width"] == 2
    assert (file.policy, file.type) == (pb.FilesItem.NOW, pb.FilesItem.MEDIA)
    assert zlib.decompress(content[content.index(b"IDAT") + 4 : -16]) == SCANLINES
    assert not (tmp_path / "tmp" / "pixels").exists()


async def test_a_disk_that_takes_no_files_holds_the_log(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    (tmp_path / "files").write_text("in the way")
    async with running(path, abandoned=True) as run:
        records = (open_run("run1"), call(tmp_path), exit_run())
        await run.pipeline.deliver(IncomingBatch("s1", 1, records))
        await wait_until_async(lambda: bool(run.pipeline.problem))
        assert kinds(path) == []

        (tmp_path / "files").unlink()
        await wait_until_async(lambda: run.pipeline.written.exited)

    assert kinds(path) == ["files", "history"]
    assert run.pipeline.problem == ""


async def test_a_full_log_keeps_scanlines_until_the_call_is_in(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    files = SwitchableFiles()
    async with running(path, files, abandoned=True) as run:
        await run.pipeline.deliver(IncomingBatch("s1", 1, (open_run("run1"),)))
        await wait_until_async(lambda: run.pipeline.written.committed_end() > 7)
        files.full = True
        await run.pipeline.deliver(IncomingBatch("s1", 2, (call(tmp_path),)))
        await wait_until_async(lambda: files.refusals > 0)
        assert scanlines_left(tmp_path) == 1

        files.full = False
        await wait_until_async(lambda: kinds(path) == ["files", "history"])


async def test_a_call_that_comes_again_is_not_completed_again(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path, abandoned=True) as run:
        again = IncomingBatch("s1", 1, (open_run("run1"), call(tmp_path)))
        await run.pipeline.deliver(again)
        await wait_until_async(lambda: kinds(path) == ["files", "history"])
        await run.pipeline.deliver(again)
        await run.pipeline.deliver(IncomingBatch("s1", 3, (log({"x": 2}), exit_run())))
        await wait_until_async(lambda: run.pipeline.written.exited)

    assert kinds(path) == ["files", "history", "history"]


async def test_the_mark_in_a_users_text_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run-run1.wandb"
    async with running(path, abandoned=True) as run:
        text = f"about{png.SCANLINES_SUFFIX} files"
        records = (open_run("run1"), log({"x": text}), b".scanlines", exit_run())
        await run.pipeline.deliver(IncomingBatch("s1", 1, records))
        await wait_until_async(lambda: run.pipeline.written.exited)

    texts = [item.value_json for r in read_all(path) for item in r.record.history.item]
    assert json.dumps(text) in texts
