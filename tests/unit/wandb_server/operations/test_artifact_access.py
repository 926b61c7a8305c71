"""What is linked across projects is seen only by who may see both ends."""

import pytest
from wandb_server.errors import NotAllowed, NotFound
from wandb_server.model.artifacts import Paging, ProjectPlace
from wandb_server.operations.artifact_changes import AliasPlace
from wandb_server.private_artifacts import PrivateArtifacts

from tests.unit.wandb_server.operations.conftest import Desk
from tests.unit.wandb_server.operations.test_artifacts import PLACE, Maker

OPEN = ProjectPlace("ann", "open")


async def may_see_open(place: ProjectPlace) -> bool:
    return place == OPEN


async def may_see_made(place: ProjectPlace) -> bool:
    return place == PLACE


async def may_not(_: ProjectPlace) -> bool:
    return False


def seen_by(desk: Desk, may_read: object) -> PrivateArtifacts:
    return PrivateArtifacts(desk.archive.artifacts, desk.user, may_read, may_not)  # type: ignore[arg-type]


async def test_a_link_shows_nothing_of_a_version_that_is_hidden(desk: Desk) -> None:
    maker = Maker(desk)
    version = await maker.log({"a": b"a"})
    link = await maker.artifacts.link(version.id, OPEN, "chosen", ["best"])
    visitor = seen_by(desk, may_see_open)

    collection = await visitor.collection(link.collection.id)
    assert collection is not None
    page = await visitor.members(Paging(10), collection_id=collection.id)

    assert page.items == ()
    assert await visitor.member(collection, "best") is None
    assert await visitor.membership(OPEN, "chosen:best") is None
    assert await visitor.version(version.id) is None


async def test_a_version_tells_nothing_of_hidden_collections(desk: Desk) -> None:
    maker = Maker(desk)
    made = await maker.log({"a": b"a"})
    await maker.artifacts.link(made.id, OPEN, "chosen", ["best"])
    visitor = seen_by(desk, may_see_made)

    version = await visitor.version(made.id)
    assert version is not None
    page = await visitor.members(Paging(10), artifact_id=version.id)

    assert [alias.alias for alias in await visitor.seen_aliases(version)] == ["latest"]
    assert [member.collection.place for member in page.items] == [PLACE]


async def test_who_may_only_read_changes_nothing(desk: Desk) -> None:
    maker = Maker(desk)
    version = await maker.log({"a": b"a"})
    visitor = seen_by(desk, may_see_made)
    alias = [AliasPlace("data", "mine")]

    for refused in (
        visitor.add_aliases(version.id, alias),
        visitor.delete_version(version.id, with_aliases=True),
        visitor.link(version.id, PLACE, "chosen", []),
        visitor.unlink(version.id, version.collection.id),
        visitor.commit_version(version.id),
        visitor.want_files(version.id, []),
    ):
        with pytest.raises(NotAllowed):
            await refused
    with pytest.raises(NotFound):
        await seen_by(desk, may_not).delete_version(version.id, with_aliases=True)
