"""Runs: upsert, list, filter, sort, page, delete."""

import json
from typing import Any

import pytest
from wandb_server.errors import QueryError
from wandb_server.model.file_stream import FileChunk
from wandb_server.model.run_questions import RunQuery
from wandb_server.model.runs import RunUpsert


def config(**values: Any) -> str:
    return json.dumps({key: {"value": value} for key, value in values.items()})


async def test_upsert_makes_the_project_and_is_idempotent(desk: Any) -> None:
    upsert = RunUpsert("ann", "new", "r1", config_json=config(a=1), tags=("x", "y"))

    first, inserted = await desk.archive.upsert_run(upsert, desk.user)
    second, again = await desk.archive.upsert_run(upsert, desk.user)

    assert (inserted, again) == (True, False)
    assert first == second
    assert (first.state, first.tags, first.user_name) == ("running", ("x", "y"), "ann")
    assert first.display_name
    project = await desk.archive.project("ann", "new")
    assert project is not None
    assert project.run_count == 1


async def test_upsert_leaves_what_is_none(desk: Any) -> None:
    made = await desk.start(display_name="one", notes="n", group="g", job_type="j")

    changed = await desk.start(notes="other", config_json=config(b=2))

    assert (changed.display_name, changed.group, changed.job_type) == ("one", "g", "j")
    assert (changed.notes, changed.config_json) == ("other", config(b=2))
    assert changed.created_at == made.created_at


async def test_editing_by_storage_id_does_not_revive_a_run(desk: Any) -> None:
    run = await desk.start()
    await desk.post(complete=True, exit_code=0)

    edit = RunUpsert("ann", "p", None, storage_id=run.storage_id, notes="hello")
    edited, inserted = await desk.archive.upsert_run(edit, desk.user)

    assert (edited.state, edited.notes, inserted) == ("finished", "hello", False)
    assert (await desk.start()).state == "running"


async def test_storage_ids_that_are_not_ours_are_nobody(desk: Any) -> None:
    await desk.start()
    for text in ("", "x", "UnVuOnYxOg==", "UnVuOnYxOi0x", "é"):
        assert await desk.archive.run_by_storage_id(text) is None


async def test_texts_with_strange_characters_are_stored(desk: Any) -> None:
    run = await desk.start(
        "ünï", display_name="a\0b\ud800", config_json='{"x":"\ud800"}'
    )
    assert "b" in run.display_name
    assert run.config_json == '{"x":"\ud800"}'


@pytest.fixture
async def project(desk: Any) -> Any:
    """Five runs with different configuration and summaries."""
    runs = (
        ("a", {"lr": 0.1, "net": {"name": "big", "depth": 3}}, '{"loss": 0.5}'),
        ("b", {"lr": 0.01, "net": {"name": "small"}, "on": True}, '{"loss": NaN}'),
        ("c", {"lr": 1e-3, "none": None}, '{"loss": Infinity, "n": {"acc": 1}}'),
        ("d", {"lr": "auto", "list": [1, 2]}, "{}"),
        ("e", {}, '{"loss": 0.25, "_step": 9007199254740993}'),
    )
    for name, values, summary in runs:
        desk.clock.now += 1
        tags = ("even", name) if name in "bd" else (name,)
        await desk.start(
            name, config_json=config(**values), tags=tags, group="g" + name
        )
        await desk.post(name, chunks=(FileChunk("wandb-summary.json", 0, (summary,)),))
    await desk.post("a", complete=True, exit_code=0)
    await desk.post("b", complete=True, exit_code=1)
    return desk


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, "abcde"),
        ({"state": "finished"}, "a"),
        ({"state": {"$ne": "finished"}}, "bcde"),
        ({"state": {"$in": ["finished", "failed"]}}, "ab"),
        ({"state": ["finished", "failed"]}, "ab"),
        ({"config.lr": 0.1}, "a"),
        ({"config.lr.value": 0.1}, "a"),
        ({"config.lr": {"$lt": 0.05}}, "bc"),
        ({"config.lr": {"$gte": 0.01, "$lt": 0.1}}, "b"),
        ({"config.lr": {"$ne": 0.1}}, "bcde"),
        ({"config.lr": "auto"}, "d"),
        ({"config.lr": {"$gt": "a"}}, "d"),
        ({"config.net.name": "big"}, "a"),
        ({"config.net.value.name": "big"}, "a"),
        ({"config.net.depth": {"$exists": True}}, "a"),
        ({"config.lr": {"$exists": False}}, "e"),
        ({"config.on": True}, "b"),
        ({"config.none": None}, "abcde"),
        ({"config.lr": None}, "e"),
        ({"config.lr": {"$nin": [0.1, "auto"]}}, "bce"),
        ({"config.lr": {"$in": [0.1, "auto", None]}}, "ade"),
        ({"config.net.name": {"$regex": "^(big|sm)"}}, "ab"),
        ({"config.net.name": {"$not": {"$regex": "big"}}}, "bcde"),
        ({"summary_metrics.loss": {"$gt": 0.3}}, "ac"),
        ({"summaryMetrics.loss": {"$lte": 0.5}}, "ae"),
        ({"summary_metrics.n.acc": 1}, "c"),
        ({"tags": "even"}, "bd"),
        ({"tags": {"$in": ["a", "c"]}}, "ac"),
        ({"tags": {"$ne": "even"}}, "ace"),
        ({"tags": {"$regex": "^e"}}, "bde"),
        ({"displayName": {"$regex": "zzz"}}, ""),
        ({"group": "ga"}, "a"),
        ({"username": "ann"}, "abcde"),
        ({"user.username": "bob"}, ""),
        ({"name": "c"}, "c"),
        ({"sweep": None}, "abcde"),
        ({"sweep": {"$exists": True}}, ""),
        ({"created_at": {"$gt": 1_700_000_002}}, "cde"),
        ({"createdAt": {"$lt": "2023-11-14T22:13:22Z"}}, "a"),
        ({"$and": [{"tags": "even"}, {"config.on": True}]}, "b"),
        ({"$or": [{"name": "a"}, {"name": "e"}]}, "ae"),
        ({"$nor": [{"name": "a"}, {"name": "e"}]}, "bcd"),
        ({"$not": {"tags": "even"}}, "ace"),
        ({"$or": []}, "abcde"),
        ({"config.lr": {"$gt": float("nan")}}, ""),
        ({"summary_metrics.loss": float("nan")}, "b"),
    ],
)
async def test_filters(project: Any, filters: Any, names: str) -> None:
    page = await project.archive.query_runs(RunQuery("ann", "p", filters, "+name"))

    assert "".join(run.name for run in page.runs) == names
    assert page.total == len(names)
    assert await project.archive.count_runs("ann", "p", filters) == len(names)


@pytest.mark.parametrize(
    "filters",
    [
        [],
        {"nonsense": 1},
        {"config.lr": {"$near": 1}},
        {"config": 1},
        {"$or": {}},
        {"$where": "1"},
        {"config.lr": {"a": 1}},
        {"config.lr": {"$gt": None}},
        {"config.lr": {"$in": 3}},
        {"config.lr": {"$regex": "("}},
        {"config.lr": {"$regex": 3}},
        {"createdAt": {"$gt": "yesterday"}},
        {"$and": [{"name": "a"}] * 300},
        {"config.lr": [[1]]},
    ],
)
async def test_filters_that_cannot_be_read_are_refused(
    project: Any, filters: Any
) -> None:
    with pytest.raises(QueryError):
        await project.archive.query_runs(RunQuery("ann", "p", filters))


async def test_deep_filters_are_refused(project: Any) -> None:
    filters: Any = {"name": "a"}
    for _ in range(100):
        filters = {"$not": filters}
    with pytest.raises(QueryError, match="deeper"):
        await project.archive.count_runs("ann", "p", filters)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("+created_at", "abcde"),
        ("-created_at", "edcba"),
        ("createdAt", "abcde"),
        ("+summary_metrics.loss", "eacbd"),
        ("-summary_metrics.loss", "caebd"),
        ("-config.lr", "abcde"),
        ("+config.lr.value", "cbade"),
        ("-state,+name", "cdeab"),
        ("+duration", "cdeba"),
        ("", "abcde"),
    ],
)
async def test_orders_and_pages(project: Any, order: str, names: str) -> None:
    """Every page size gives the same order; runs without the value come last."""
    project.clock.now += 10
    await project.post("a", complete=True)
    for size in (1, 2, 5):
        seen, after = "", None
        while True:
            page = await project.archive.query_runs(
                RunQuery("ann", "p", {}, order, size, after)
            )
            seen += "".join(run.name for run in page.runs)
            if not page.has_next:
                break
            after = page.cursors[-1]
        assert seen == names


async def test_cursors_of_others_are_refused(project: Any) -> None:
    page = await project.archive.query_runs(RunQuery("ann", "p", {}, "+name", 1))
    for cursor in ("x", "é", page.cursors[0]):
        with pytest.raises(QueryError):
            await project.archive.query_runs(
                RunQuery("ann", "p", {}, "-created_at", 1, cursor)
            )


async def test_unknown_projects_are_empty(desk: Any) -> None:
    page = await desk.archive.query_runs(RunQuery("ann", "nothing"))
    assert (page.runs, page.total, page.has_next) == ((), 0, False)
    assert await desk.archive.project("ann", "nothing") is None
    assert await desk.archive.run("ann", "nothing", "x") is None


async def test_a_changed_summary_is_found_at_once(project: Any) -> None:
    filters = {"summary_metrics.loss": 7}
    assert await project.archive.count_runs("ann", "p", filters) == 0

    chunk = FileChunk("wandb-summary.json", 0, ('{"loss": 7}',))
    await project.post("d", chunks=(chunk,))

    assert await project.archive.count_runs("ann", "p", filters) == 1


async def test_deleting_a_run_frees_its_bytes_and_files(desk: Any) -> None:
    run = await desk.start()
    await desk.log(*({"_step": s, "a": s} for s in range(50)))
    await desk.archive.compact()
    await desk.log({"_step": 50})
    objects = await desk.archive._stores.objects.listed()
    assert len(objects) == 3

    freed = await desk.archive.delete_run(run.storage_id)

    stored = sum(found.size_bytes for found in objects)
    assert freed == stored + len('{"_step": 50}') + 4
    assert not await desk.objects()
    assert await desk.archive.delete_run(run.storage_id) is None
    assert await desk.post() is None


async def test_states_are_set_and_checked(desk: Any) -> None:
    run = await desk.start()
    assert await desk.archive.set_run_state(run.storage_id, "killed")
    assert not await desk.archive.set_run_state(run.storage_id, "nonsense")
    assert not await desk.archive.set_run_state("x", "killed")
    assert (await desk.run()).state == "killed"


async def test_runs_without_a_name_get_a_free_one(desk: Any) -> None:
    await desk.start("run-2")
    names = []
    for _ in range(2):
        run, inserted = await desk.archive.upsert_run(
            RunUpsert("ann", "p", None), desk.user
        )
        assert inserted
        names.append(run.name)
    assert names == ["run-3", "run-4"]


@pytest.mark.parametrize(
    ("test", "names"),
    [
        ("{0}", ["b"]),
        ({"$eq": "{0}"}, ["b"]),
        ({"$ne": "{0}"}, ["a", "c"]),
        ({"$in": ["{0}", "1999-01-01T00:00:00Z"]}, ["b"]),
        ({"$gte": "{0}"}, ["b", "c"]),
        ({"$lte": "{0}"}, ["a", "b"]),
        ({"$gt": "{0}"}, ["c"]),
        ({"$lt": "{0}"}, ["a"]),
    ],
)
async def test_a_time_as_clients_are_told_it_means_its_whole_second(
    desk: Any, test: Any, names: list[str]
) -> None:
    """Clients know no fractions: the time of a run must find that run."""
    for name, moment in (("a", 1.5), ("b", 2.75), ("c", 3.25)):
        desk.clock.now = 1_700_000_000 + moment
        await desk.start(name)
    told = "2023-11-14T22:13:22Z"

    text = json.dumps({"createdAt": test}).replace("{0}", told)
    query = RunQuery("ann", "p", json.loads(text), "+created_at")
    page = await desk.archive.query_runs(query)

    assert [run.name for run in page.runs] == names
