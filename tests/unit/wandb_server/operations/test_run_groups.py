"""Runs put together by a value, with what their numbers add up to."""

from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.model.run_questions import ColumnSum, GroupQuery

ROWS = (
    ("a", 0.1, "cnn", 1.0),
    ("b", 0.1, "cnn", 3.0),
    ("c", 0.2, "rnn", "NaN"),
    ("d", 0.2, None, 5.0),
    ("e", 0.1, "cnn", None),
)


@pytest.fixture
async def project(desk: Any) -> Any:
    for name, lr, model, loss in ROWS:
        config = f'{{"lr": {{"value": {lr}}}'
        config += f', "model": {{"value": "{model}"}}}}' if model else "}"
        summary = "{}" if loss is None else f'{{"loss": {loss}}}'
        await desk.start(name, config_json=config, summary_json=summary)
    return desk


async def groups(desk: Any, by: str, **more: Any) -> Any:
    query = GroupQuery("ann", "p", by, columns=("summary_metrics.loss",), **more)
    return await desk.archive.run_groups(query)


async def test_groups_count_runs_and_add_up_numbers(project: Any) -> None:
    found = await groups(project, "config.model")

    assert [(one.value, one.run_count) for one in found] == [
        ("cnn", 3), ("rnn", 1), (None, 1),
    ]  # fmt: skip
    assert found[0].columns == (ColumnSum(2, 2.0, 1.0, 3.0),)
    assert found[1].columns == (ColumnSum(0, None, None, None),)


async def test_numbers_and_own_attributes_are_group_values(project: Any) -> None:
    by_rate = await groups(project, "config.lr")
    by_state = await groups(project, "state")
    by_name = await groups(project, "name", first=2)

    assert [(one.value, one.run_count) for one in by_rate] == [(0.1, 3), (0.2, 2)]
    assert [(one.value, one.run_count) for one in by_state] == [("running", 5)]
    assert by_state[0].columns == (ColumnSum(3, 3.0, 1.0, 5.0),)
    assert len(by_name) == 2


async def test_filters_come_before_groups(project: Any) -> None:
    found = await groups(
        project, "config.lr", filters={"summary_metrics.loss": {"$gt": 2}}
    )

    assert [(one.value, one.run_count) for one in found] == [(0.1, 1), (0.2, 1)]


@pytest.mark.parametrize("by", ["tags", "nonsense", ""])
async def test_what_runs_cannot_be_grouped_by_is_told(project: Any, by: str) -> None:
    with pytest.raises(QueryError):
        await groups(project, by)


async def test_values_of_ended_runs_are_indexed_in_the_background(desk: Any) -> None:
    await desk.start("a", summary_json='{"x": 1}')
    await desk.archive.compact()
    # Of a running run, which changes all the time, when somebody asks.
    assert await desk.ask("SELECT number FROM run_values") == []

    await desk.post("a", complete=True)
    await desk.archive.compact()

    assert await desk.ask("SELECT number FROM run_values") == [(1.0,)]
