"""Steps and values of media, in the tail, in segments and in both."""

from typing import Any

import pytest


def image(name: str) -> dict[str, Any]:
    return {"_type": "image-file", "path": f"media/images/{name}.png", "size": 1}


async def test_value_of_the_last_step_that_is_not_behind_the_asked_one(
    desk: Any,
) -> None:
    run = await desk.start()
    await desk.log({"_step": 2, "img": image("a")}, {"_step": 5, "loss": 1})
    await desk.log({"_step": 9, "img": image("b")})

    found = [await desk.archive.media_at(run, "img", step) for step in (1, 2, 8, 9)]
    newest = await desk.archive.media_at(run, "img")

    assert found[0] is None
    assert [(at.step, at.value["path"][-5]) for at in found[1:]] == [
        (2, "a"), (2, "a"), (9, "b"),
    ]  # fmt: skip
    assert newest == found[3]
    assert await desk.archive.media_steps(run, "img") == [2, 9]
    assert await desk.archive.media_steps(run, "loss") == []


async def test_nested_keys_and_lists_of_media_are_media(desk: Any) -> None:
    run = await desk.start()
    row = {"_step": 0, "val": {"img": image("a")}, "many": [image("b")], "n": [1, 2]}
    await desk.log(row)

    assert await desk.archive.media_steps(run, "val.img") == [0]
    assert await desk.archive.media_steps(run, "many") == [0]
    assert await desk.archive.media_steps(run, "n") == []
    found = await desk.archive.media_at(run, "val.img")
    assert found.value == image("a")


async def test_rows_that_came_since_are_found_before_and_after_compaction(
    desk: Any,
) -> None:
    run = await desk.start()
    await desk.log({"_step": 0, "img": image("a")})
    assert await desk.archive.media_steps(run, "img") == [0]

    await desk.log({"_step": 1, "img": image("b")})
    assert await desk.archive.media_steps(run, "img") == [0, 1]
    await desk.log({"_step": 2, "img": image("c")}, complete=True, exit_code=0)
    assert await desk.archive.compact() == 3

    assert await desk.archive.media_steps(run, "img") == [0, 1, 2]
    found = await desk.archive.media_at(run, "img", 1)
    assert found.value == image("b")
    await desk.start()
    await desk.log({"_step": 7, "img": image("d")})
    rows, total = await desk.archive.media_rows(run, "img", 10)
    assert [(row.step, row.value["path"][-5]) for row in rows] == [
        (0, "a"), (1, "b"), (2, "c"), (7, "d"),
    ]  # fmt: skip
    assert total == 4


async def test_of_rows_that_share_a_step_the_last_with_the_key_counts(
    desk: Any,
) -> None:
    run = await desk.start()
    await desk.log({"_step": 3, "img": image("a")}, client_id="one")
    await desk.log({"_step": 3, "img": image("b")}, client_id="two")
    await desk.log({"_step": 3, "loss": 1}, client_id="three")

    assert await desk.archive.media_steps(run, "img") == [3]
    found = await desk.archive.media_at(run, "img")
    assert found.value == image("b")


@pytest.mark.parametrize("count", [1, 4, 7])
async def test_many_values_are_thinned_out_and_the_last_is_kept(
    desk: Any, count: int
) -> None:
    run = await desk.start()
    await desk.log(
        *({"_step": step, "h": {"_type": "histogram", "n": step}} for step in range(50))
    )

    rows, total = await desk.archive.media_rows(run, "h", count)

    steps = [row.step for row in rows]
    assert (len(steps), total) == (count, 50)
    assert steps == sorted(set(steps))
    assert steps[-1] == 49
