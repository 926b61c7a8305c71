"""Names, teams, removed users and sizes, over every kind of store."""

from typing import Any

import pytest
from wandb_server.errors import NotFound, QueryError
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.people import AccessRule, ProjectAccess, TeamRole
from wandb_server.storage import teams

KEY = "local-" + "0123456789" * 4


async def body(content: bytes) -> Any:
    yield content


async def test_who_comes_in_by_key_or_session_has_the_teams(desk: Any) -> None:
    people, archive = desk.archive.people, desk.archive
    await people.add_team("lab", {"ann": True})
    await people.add_team("club", {"ann": False})
    await archive.add_key(desk.user, KEY, "")
    await archive.add_session(desk.user, "s", desk.clock.now + 9)
    await archive.add_login_token(desk.user, "t", desk.clock.now + 9)

    found = [
        await archive.user_of_key(KEY),
        await archive.user_of_session("s", desk.clock.now),
        await archive.redeem_login_token("t", desk.clock.now),
        await archive.user_named("ann"),
        (await archive.users())[0],
    ]

    roles = (TeamRole("club", False), TeamRole("lab", True))
    assert [user.teams for user in found] == [roles] * 5


async def test_a_name_is_a_users_or_a_teams(desk: Any) -> None:
    people = desk.archive.people
    await people.add_team("lab", {})
    await desk.archive.create_project("old", "p")

    for name in ("lab", "ann", "old"):
        with pytest.raises(QueryError, match="taken"):
            await people.add_user(name)
        with pytest.raises(QueryError, match="taken"):
            await people.add_team(name, {})
        with pytest.raises(QueryError, match="taken"):
            await people.add_service_account("lab", name, "")


async def test_half_a_team_is_never_made(desk: Any) -> None:
    with pytest.raises(NotFound, match="nobody"):
        await desk.archive.people.add_team("lab", {"ann": False, "nobody": False})

    assert await desk.archive.people.team("lab") is None
    assert (await desk.archive.people.add_team("lab", {})).members == ()


async def test_removing_takes_every_way_in_away_and_keeps_the_name(desk: Any) -> None:
    people, archive = desk.archive.people, desk.archive
    bob, _, key = await people.add_user_with_key({"name": "bob"}, "")
    await people.add_team("lab", {"bob": True})
    await archive.add_session(bob, "s", desk.clock.now + 9)

    await people.remove_user("bob")

    assert await archive.user_of_key(key) is None
    assert await archive.user_of_session("s", desk.clock.now) is None
    assert await archive.user_named("bob") is None
    assert (await people.team("lab")).members == ()
    with pytest.raises(QueryError, match="restore"):
        await people.add_user("bob")
    assert (await people.add_user("bob", restore=True)).id == bob.id
    assert await archive.user_of_key(key) is None


async def test_who_starts_the_server_is_not_removed(desk: Any) -> None:
    with pytest.raises(QueryError, match="starts this server"):
        await desk.archive.people.remove_user("ann")


async def test_a_chosen_key_is_refused_whole(desk: Any) -> None:
    """Neither a user without the key that was asked for, nor somebody else's key."""
    await desk.archive.add_key(desk.user, KEY, "")

    with pytest.raises(QueryError, match="in use"):
        await desk.archive.people.add_user_with_key({"name": "bob"}, "", KEY)

    assert await desk.archive.user_named("bob") is None
    assert (await desk.archive.user_of_key(KEY)).name == "ann"


async def test_a_service_account_ends_with_its_membership(desk: Any) -> None:
    people = desk.archive.people
    await people.add_team("lab", {"ann": True})
    robot, _, key = await people.add_service_account("lab", "robot", "")

    with pytest.raises(QueryError, match="service account"):
        await people.add_member("lab", "robot", admin=True)
    await people.remove_team("lab")

    assert (robot.entity, robot.service) == ("lab", True)
    assert await desk.archive.user_of_key(key) is None
    with pytest.raises(QueryError, match="restore"):
        await people.add_team("lab", {})
    back = await people.add_team("lab", {"ann": False}, restore=True)
    assert [member.name for member in back.members] == ["ann"]


async def test_rules_are_set_and_set_again(desk: Any) -> None:
    people = desk.archive.people
    await desk.archive.create_project("ann", "p")
    for access in ProjectAccess:
        await people.set_rule("ann", "p", AccessRule(access, desk.user.id))
        assert (await people.rules("ann", "p"))["p"].access is access

    assert await people.rules("ann", "other") == {}
    with pytest.raises(NotFound):
        await people.set_rule("ann", "other", AccessRule(ProjectAccess.PUBLIC, 1))


async def test_sizes_are_what_deleting_frees(desk: Any) -> None:
    first, second = await desk.start("r1"), await desk.start("r2")
    await desk.log(*({"_step": n, "a": n} for n in range(30)))
    await desk.archive.compact()
    await desk.log({"_step": 30, "a": 1.5}, name="r2")
    await desk.post("r2", chunks=(FileChunk("output.log", 0, ("hello",)),))
    await desk.archive.write_file(second, "a.txt", body(b"x" * 1000))
    sizes = [await desk.archive.bytes_of_run(run) for run in (first, second)]
    project = await desk.archive.project("ann", "p")

    together = await desk.archive.bytes_of_project(project)
    of_entity = await desk.archive.bytes_of_entity("ann")
    freed = [await desk.archive.delete_run(run.storage_id) for run in (first, second)]

    assert sizes == freed
    assert min(sizes) > 0
    assert sizes[1] > 1000
    assert together == of_entity == sum(sizes)
    assert await desk.archive.bytes_of_project(project) == 0


async def test_measures_count_what_is_there(desk: Any) -> None:
    run = await desk.start("r1")
    await desk.log(*({"_step": n, "a": n, "b": n} for n in range(30)))
    await desk.archive.compact()
    await desk.log({"_step": 30, "a": 1})
    await desk.archive.write_file(run, "a.txt", body(b"x" * 1000))

    found = await desk.archive.store_measures()

    assert (found.segment_rows, found.tail_rows, found.tail_runs) == (30, 1, 1)
    assert found.segment_points >= 60
    assert found.stored_bytes > 1000
    assert dict(found.runs_by_state) == {"running": 1}
    assert (found.users, found.waiting_changes) == (1, 0)


async def test_what_another_server_set_counts_a_second_later(desk: Any) -> None:
    people = desk.archive.people
    project, _ = await desk.archive.create_project("ann", "p")
    public = AccessRule(ProjectAccess.PUBLIC, desk.user.id)
    before = await people.rule("ann", "p")
    database = desk.archive._stores.database
    await database.write(lambda db: teams.write_rule(db, project.id, public))

    remembered = await people.rule("ann", "p")
    desk.clock.now += 1
    later = await people.rule("ann", "p")
    await people.set_rule("ann", "p", AccessRule(ProjectAccess.TEAM, desk.user.id))
    own = await people.rule("ann", "p")

    assert (before, remembered, later) == (AccessRule(), AccessRule(), public)
    assert own.access is ProjectAccess.TEAM
