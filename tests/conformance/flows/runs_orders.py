"""Order keys in both spellings, filters on every attribute, pages of any size."""

import wandb
from flow import PROJECT

for number in range(5):
    with wandb.init(
        project=PROJECT,
        id=f"r{number}",
        name=f"n{9 - number}",
        config={"a": {"b": number % 2}, "word": "xyz"[number % 3]},
        group="g" if number else None,
        job_type=f"j{number % 2}",
    ) as run:
        run.log({"loss": 5 - number, "deep": {"acc": number}})
        if number == 2:
            run.summary["odd"] = "text"

api = wandb.Api()
UP = [f"r{number}" for number in range(5)]


def ids(filters: dict | None = None, order: str = "+created_at", **more: int) -> list:
    return [run.id for run in api.runs(PROJECT, filters=filters, order=order, **more)]


for key in ("created_at", "createdAt", "summary_metrics.deep.acc",
            "summaryMetrics.deep.acc", "name"):  # fmt: skip
    assert ids(order=f"+{key}") == ids(order=key) == UP, key
    assert ids(order=f"-{key}", per_page=2) == UP[::-1], key
for key in ("display_name", "displayName", "summary_metrics.loss"):
    assert ids(order=f"+{key}", per_page=3) == UP[::-1], key
for key in ("job_type", "jobType", "config.a.b", "config.a.b.value"):
    assert [int(name[1]) % 2 for name in ids(order=f"+{key}")] == [0, 0, 0, 1, 1], key
for key in ("heartbeat_at", "heartbeatAt", "duration", "state", "username"):
    assert sorted(ids(order=f"-{key}", per_page=1)) == UP, key

user = api.viewer.username
first, last = api.run(f"{PROJECT}/r0"), api.run(f"{PROJECT}/r4")
for filters, wanted in (
    ({"username": user}, UP),
    ({"user.username": user}, UP),
    ({"username": "somebody"}, []),
    ({"group": None}, UP[:1]),
    ({"group": {"$exists": False}}, UP[:1]),
    ({"group": "g"}, UP[1:]),
    ({"job_type": "j1"}, UP[1::2]),
    ({"state": {"$in": ["finished", "crashed"]}}, UP),
    ({"state": {"$ne": "finished"}}, []),
    ({"createdAt": {"$gte": first.created_at, "$lte": last.created_at}}, UP),
    ({"created_at": {"$gt": "2999-01-01T00:00:00Z"}}, []),
    ({"heartbeatAt": {"$gt": "2000-01-01"}}, UP),
    ({"config.a.b": 1}, UP[1::2]),
    ({"config.a.b.value": {"$eq": 0}}, UP[::2]),
    ({"config.word": {"$regex": "^[xy]$"}}, ["r0", "r1", "r3", "r4"]),
    ({"summary_metrics.odd": "text"}, ["r2"]),
    ({"summary_metrics.odd": {"$exists": False}}, ["r0", "r1", "r3", "r4"]),
    ({"summaryMetrics.deep.acc": {"$nin": [0, 4]}}, UP[1:4]),
    ({"displayName": {"$in": ["n9", "n5"]}}, ["r0", "r4"]),
    ({"$and": [{"$or": [{"name": "r0"}, {"name": "r1"}]}, {"group": "g"}]}, ["r1"]),
    ({"$not": {"name": "r0"}}, UP[1:]),
    ({"$nor": [{"name": "r0"}, {"name": "r4"}]}, UP[1:4]),
    ({"summary_metrics.loss": {"$not": {"$gt": 2}}}, ["r3", "r4"]),
    ({"sweep": None}, UP),
):
    assert ids(filters) == wanted, (filters, ids(filters))
    assert len(api.runs(PROJECT, filters=filters)) == len(wanted)
for size in (1, 2, 3, 5, 50):
    assert ids(per_page=size) == UP, size
assert api.runs(PROJECT, order="-created_at")[0].id == "r4"
assert [run.id for run in api.runs(PROJECT, lazy=False, include_sweeps=True)] == UP
