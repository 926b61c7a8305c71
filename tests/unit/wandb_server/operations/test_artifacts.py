"""Versions over the stores themselves: crashes, sweeping, links, many writers."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from wandb_server.errors import NotFound, QueryError
from wandb_server.model.artifacts import (
    COMMITTED,
    DELETED,
    TTL_FOREVER,
    NewManifest,
    NewVersion,
    Paging,
    ProjectPlace,
    Version,
    VersionEdit,
    WantedFile,
)
from wandb_server.operations.artifact_changes import AliasPlace
from wandb_server.operations.artifacts import Artifacts

from tests.unit.wandb_server.operations.conftest import Desk, open_desk

PLACE = ProjectPlace("ann", "p")
DAY_S = 24 * 3600.0


def md5(content: bytes) -> str:
    return base64.b64encode(hashlib.md5(content).digest()).decode()


async def stream(content: bytes) -> AsyncIterator[bytes]:
    yield content


class Maker:
    """Makes versions step by step."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        artifacts = desk.archive.artifacts
        assert isinstance(artifacts, Artifacts)
        self.artifacts = artifacts

    async def create(self, name: str = "data", **more: Any) -> Version:
        values = {"type_name": "dataset", "digest": "", **more}
        new = NewVersion(place=PLACE, collection=name, **values)
        return await self.artifacts.create_version(new, self.desk.user)

    async def send(self, version: Version, contents: Mapping[str, bytes]) -> None:
        files = [WantedFile(name, md5(content)) for name, content in contents.items()]
        known = await self.artifacts.want_files(version.id, files)
        for is_known, content in zip(known, contents.values(), strict=True):
            if not is_known:
                await self.artifacts.put_blob(
                    version.id, hashlib.md5(content).hexdigest(), stream(content)
                )

    async def send_manifest(
        self,
        version: Version,
        contents: Mapping[str, bytes],
        kind: str = "FULL",
        base: Version | None = None,
    ) -> None:
        entries = {
            name: {"digest": md5(content), "size": len(content)}
            for name, content in contents.items()
        }
        text = json.dumps({"version": 1, "contents": entries}).encode()
        base_id = None if base is None else base.id
        new = NewManifest(version.id, kind, "wandb_manifest.json", md5(text), base_id)
        manifest = await self.artifacts.announce_manifest(new)
        await self.artifacts.put_manifest(manifest.id, stream(text))

    async def log(self, contents: Mapping[str, bytes], **more: Any) -> Version:
        version = await self.create(**more)
        await self.send(version, contents)
        await self.send_manifest(version, contents)
        return await self.artifacts.commit_version(version.id)

    async def paths(self, version: Version) -> list[str]:
        page = await self.artifacts.version_files(version.id, Paging(100))
        return [file.path for file in page.items]

    async def content(self, version: Version, path: str) -> bytes:
        file = await self.artifacts.version_file(version.id, path)
        assert file is not None
        assert file.object_id is not None
        pieces = self.artifacts.read_blob(file.object_id)
        return b"".join([piece async for piece in pieces])

    async def named(self, name: str) -> int | None:
        """The version that is called so."""
        found = await self.artifacts.membership(PLACE, name)
        return None if found is None else found.version.id


@pytest.fixture
def maker(desk: Desk) -> Maker:
    return Maker(desk)


async def blobs(desk: Desk) -> list[str]:
    return [key for key in await desk.objects() if key.endswith(".blob")]


async def test_a_version_that_is_never_committed_goes_after_a_day(
    maker: Maker,
) -> None:
    """What every crash of a client leaves, at whatever step."""
    kept = await maker.log({"a": b"kept"})
    announced = await maker.create()
    filled = await maker.create()
    await maker.send(filled, {"a": b"kept", "b": b"lost"})
    complete = await maker.create()
    await maker.send(complete, {"c": b"lost too"})
    await maker.send_manifest(complete, {"c": b"lost too"})

    maker.desk.clock.now += DAY_S - 60
    await maker.desk.archive.compact()
    early = len(await blobs(maker.desk))
    maker.desk.clock.now += 120
    await maker.desk.archive.compact()
    maker.desk.clock.now += 1
    await maker.desk.archive.compact()

    assert early == 3
    assert len(await blobs(maker.desk)) == 1
    assert await maker.content(kept, "a") == b"kept"
    for version in (announced, filled, complete):
        found = await maker.artifacts.version(version.id)
        assert found is not None
        assert found.state == DELETED
        with pytest.raises(NotFound):
            await maker.artifacts.commit_version(version.id)


async def test_a_version_goes_when_its_time_is_over(maker: Maker) -> None:
    short = await maker.log({"a": b"1"}, ttl_s=3600)
    longer = await maker.log({"a": b"2"}, ttl_s=3600)
    linked = await maker.log({"a": b"3"}, ttl_s=3600)
    plain = await maker.log({"a": b"4"})
    forever = VersionEdit(ttl_s=TTL_FOREVER)
    await maker.artifacts.edit_version(longer.id, forever)
    await maker.artifacts.link(linked.id, PLACE, "chosen", [])

    maker.desk.clock.now += 4000
    await maker.desk.archive.compact()

    states = {}
    for version in (short, longer, linked, plain):
        found = await maker.artifacts.version(version.id)
        assert found is not None
        states[version.id] = found.state
    assert states == {
        short.id: DELETED,
        longer.id: COMMITTED,
        linked.id: COMMITTED,
        plain.id: COMMITTED,
    }


async def test_the_same_bytes_sent_by_two_at_once_are_kept_once(maker: Maker) -> None:
    first, second = await maker.create(), await maker.create(name="other")
    wanted = [WantedFile("a", md5(b"same"))]
    for version in (first, second):
        assert await maker.artifacts.want_files(version.id, wanted) == [False]
    for version in (first, second):
        hexed = hashlib.md5(b"same").hexdigest()
        await maker.artifacts.put_blob(version.id, hexed, stream(b"same"))
        await maker.send_manifest(version, {"a": b"same"})
        await maker.artifacts.commit_version(version.id)

    assert len(await blobs(maker.desk)) == 1
    await maker.artifacts.delete_version(first.id, with_aliases=True)
    assert await maker.content(second, "a") == b"same"
    freed = await maker.artifacts.delete_version(second.id, with_aliases=True)
    assert freed >= 4
    assert await blobs(maker.desk) == []


async def test_bytes_that_a_pending_version_counts_on_are_not_deleted(
    maker: Maker,
) -> None:
    first = await maker.log({"a": b"bytes"})
    pending = await maker.create(name="other")
    await maker.send(pending, {"a": b"bytes"})

    await maker.artifacts.delete_version(first.id, with_aliases=True)
    await maker.send_manifest(pending, {"a": b"bytes"})
    await maker.artifacts.commit_version(pending.id)

    assert await maker.content(pending, "a") == b"bytes"


async def test_an_incremental_version_stands_on_its_base(maker: Maker) -> None:
    base = await maker.log({"a": b"1", "b": b"2"})
    more = await maker.create()
    await maker.send(more, {"b": b"3", "c": b"4"})
    await maker.send_manifest(more, {"b": b"3", "c": b"4"}, "INCREMENTAL", base)

    await maker.artifacts.commit_version(more.id)

    assert await maker.paths(more) == ["a", "b", "c"]
    assert await maker.content(more, "a") == b"1"
    assert await maker.content(more, "b") == b"3"
    version = await maker.artifacts.version(more.id)
    assert version is not None
    assert version.manifest_id is not None
    manifest = await maker.artifacts.manifest(version.manifest_id)
    assert manifest is not None
    text = json.loads(await maker.artifacts.manifest_bytes(manifest))
    assert sorted(text["contents"]) == ["a", "b", "c"]


async def test_writers_of_one_version_add_up(maker: Maker) -> None:
    ids = set()
    for name in ("a", "b", "c"):
        version = await maker.create(distributed_id="all", client_id=name)
        ids.add(version.id)
        await maker.send(version, {name: name.encode()})
        await maker.send_manifest(version, {name: name.encode()}, "PATCH")

    committed = await maker.artifacts.commit_version(version.id)

    assert len(ids) == 1
    assert await maker.paths(committed) == ["a", "b", "c"]


async def test_a_repeated_request_makes_nothing_twice(maker: Maker) -> None:
    """Clients repeat whatever was not answered."""
    for _ in range(2):
        version = await maker.create(digest="d", client_id="one", deduplicate=True)
        await maker.send(version, {"a": b"1"})
        await maker.send_manifest(version, {"a": b"1"})
        await maker.send_manifest(version, {"a": b"1"})
    for _ in range(2):
        committed = await maker.artifacts.commit_version(version.id)
    again = await maker.create(digest="d", client_id="two", deduplicate=True)

    assert committed.version_index == 0
    assert again.id == committed.id
    members = await maker.artifacts.memberships(
        Paging(10), collection_id=committed.collection.id
    )
    assert members.total == 1


async def test_aliases_move_and_latest_falls_back(maker: Maker) -> None:
    best = (("data", "best"), ("data", "latest"))
    first = await maker.log({"a": b"1"}, aliases=best)
    second = await maker.log({"a": b"2"}, aliases=best)

    assert await maker.named("data:best") == second.id
    await maker.artifacts.add_aliases(first.id, [AliasPlace("data", "best")])
    await maker.artifacts.delete_aliases(first.id, [AliasPlace("data", "absent")])
    assert await maker.named("data:best") == first.id
    assert await maker.named("data") == second.id
    assert await maker.named("data:v0") == first.id
    await maker.artifacts.delete_version(second.id, with_aliases=True)
    assert await maker.named("data:latest") == first.id
    third = await maker.log({"a": b"3"})
    assert third.version_index == 2


@pytest.mark.parametrize("alias", ["v3", "", "a/b", "a:b", "x" * 300])
async def test_an_alias_that_cannot_be_is_refused(maker: Maker, alias: str) -> None:
    version = await maker.log({"a": b"1"})

    with pytest.raises(QueryError):
        await maker.artifacts.add_aliases(version.id, [AliasPlace("data", alias)])


async def test_a_name_has_one_type(maker: Maker) -> None:
    await maker.log({"a": b"1"})

    with pytest.raises(QueryError, match="have the type 'dataset', not 'model'"):
        await maker.create(type_name="model")


async def test_links_number_for_themselves_and_can_be_taken_back(
    maker: Maker,
) -> None:
    versions = [await maker.log({"a": b"%d" % n}) for n in range(3)]
    place = ProjectPlace("ann", "registry")

    members = [
        await maker.artifacts.link(versions[n].id, place, "chosen", ["pick"])
        for n in (2, 0, 2)
    ]

    assert [member.version_index for member in members] == [0, 1, 0]
    chosen = members[0].collection
    found = await maker.artifacts.membership(place, "chosen:pick")
    assert found is not None
    assert found.version.id == versions[2].id
    with pytest.raises(QueryError, match="delete it by its number, data:v2"):
        await maker.artifacts.unlink(versions[2].id, versions[2].collection.id)
    assert await maker.artifacts.unlink(versions[2].id, chosen.id)
    assert not await maker.artifacts.unlink(versions[2].id, chosen.id)
    left = await maker.artifacts.membership(place, "chosen:latest")
    assert left is not None
    assert left.version.id == versions[0].id


async def test_a_deleted_collection_takes_its_versions_along(maker: Maker) -> None:
    first = await maker.log({"a": b"x" * 100})
    await maker.create(client_id="pending", sequence_client_id="sequence")
    await maker.artifacts.link(first.id, PLACE, "chosen", [])

    freed = await maker.artifacts.delete_collection(first.collection.id)

    assert freed >= 100
    assert await maker.artifacts.version(first.id) is None
    assert await maker.named("chosen:latest") is None
    assert await maker.artifacts.of_client_id("sequence") == (None, None)
    assert await blobs(maker.desk) == []
    again = await maker.log({"a": b"1"}, type_name="model")
    assert again.version_index == 0


async def test_a_manifest_of_twenty_thousand_files_is_committed(maker: Maker) -> None:
    contents = {f"d{n % 7}/{n}": b"%d" % (n % 50) for n in range(20_000)}
    version = await maker.create()
    unique = {str(n): b"%d" % n for n in range(50)}
    await maker.send(version, unique)
    await maker.send_manifest(version, contents)

    committed = await maker.artifacts.commit_version(version.id)

    assert committed.file_count == 20_000
    folder = await maker.artifacts.folder(version.id, "d3", 10, 0)
    assert folder.total == len([n for n in contents if n.startswith("d3/")])
    page = await maker.artifacts.version_files(version.id, Paging(5, "d6/9"))
    wanted = sorted(path for path in contents if path > "d6/9")[:5]
    assert [file.path for file in page.items] == wanted


async def test_a_file_that_takes_hours_is_not_swept_up_meanwhile(
    tmp_path: Path,
) -> None:
    desk = await open_desk(tmp_path, garbage_age_s=3600)
    maker = Maker(desk)
    version = await maker.create()
    content = bytes(range(100))

    async def slowly() -> AsyncIterator[bytes]:
        for number in range(10):
            desk.clock.now += 1000
            await desk.archive.compact()
            yield content[number * 10 : number * 10 + 10]

    await maker.artifacts.put_blob(
        version.id, hashlib.md5(content).hexdigest(), slowly()
    )
    await maker.send_manifest(version, {"a": content})
    await maker.artifacts.commit_version(version.id)

    assert await maker.content(version, "a") == content
    await desk.archive.close()
