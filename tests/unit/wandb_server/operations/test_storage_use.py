"""What a project, a run and a version take is what deleting them frees, to the byte.

The object store itself is the witness: files of known length in it, before and after.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.wandb_server.operations.conftest import Desk
from tests.unit.wandb_server.operations.test_artifacts import Maker


@pytest.fixture
def maker(desk: Desk) -> Maker:
    return Maker(desk)


async def body(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def stored_bytes(desk: Any) -> int:
    """Of all objects of the store, as it lists them."""
    found = await desk.archive._stores.objects.listed()
    return sum(one.size_bytes for one in found)


async def of_project(desk: Any) -> int:
    project = await desk.archive.project("ann", "p")
    return int(await desk.archive.bytes_of_project(project))


async def test_a_project_counts_runs_artifacts_and_manifests_once(
    desk: Any, maker: Maker
) -> None:
    run = await desk.start()
    await desk.archive.write_file(run, "a.bin", body(b"f" * 700))
    texts = await desk.archive.bytes_of_run(run) - 700
    await maker.log({"own": b"o" * 500, "shared": b"s" * 300})
    await maker.log({"shared": b"s" * 300, "more": b"m" * 40}, name="other")

    together = await of_project(desk)

    assert await stored_bytes(desk) > 700 + 500 + 300 + 40
    assert together == await stored_bytes(desk) + texts
    assert await desk.archive.bytes_of_entity("ann") == together


async def test_an_upload_that_goes_on_counts_already(desk: Any, maker: Maker) -> None:
    version = await maker.create()
    await maker.send(version, {"a": b"x" * 900})

    assert await of_project(desk) == 900 == await stored_bytes(desk)


async def test_a_version_says_how_many_bytes_go_with_it(
    desk: Any, maker: Maker
) -> None:
    first = await maker.log({"own": b"o" * 500, "shared": b"s" * 300})
    second = await maker.log({"shared": b"s" * 300, "more": b"m" * 40})
    before = await stored_bytes(desk)

    told = await maker.artifacts.own_bytes(first.id)
    freed = await maker.artifacts.delete_version(first.id, with_aliases=True)

    assert told == freed == before - await stored_bytes(desk)
    assert 500 < told < 800
    assert await maker.artifacts.own_bytes(second.id) == await stored_bytes(desk)


async def test_deleting_everything_leaves_nothing(desk: Any, maker: Maker) -> None:
    run = await desk.start()
    await desk.log(*({"_step": n, "a": n} for n in range(50)))
    await desk.archive.compact()
    await desk.archive.write_file(run, "a.bin", body(b"f" * 700))
    version = await maker.log({"own": b"o" * 500})
    before = await of_project(desk)

    freed = await desk.archive.delete_run(run.storage_id)
    freed += await maker.artifacts.delete_version(version.id, with_aliases=True)

    assert freed == before
    assert (await of_project(desk), await stored_bytes(desk)) == (0, 0)
