"""api.runs: every operator, both spellings of keys, order and pages."""

import wandb
from flow import PROJECT

for number in range(6):
    with wandb.init(
        project=PROJECT,
        id=f"r{number}",
        name=f"name-{number}",
        config={"lr": number / 10, "opt": {"kind": "adam" if number % 2 else "sgd"}},
        tags=["even"] if number % 2 == 0 else ["odd", "x"],
        group="low" if number < 3 else "high",
        job_type="train",
    ) as run:
        run.log({"loss": 6 - number})
        if number == 5:
            run.summary["extra"] = 1

api = wandb.Api()


def ids(filters: dict | None = None, **more: object) -> list[str]:
    return [run.id for run in api.runs(PROJECT, filters=filters, **more)]


def numbers(filters: dict) -> set[int]:
    return {int(name[1:]) for name in ids(filters)}


assert numbers({}) == set(range(6))
assert numbers({"state": "finished"}) == set(range(6))
assert numbers({"config.lr": 0.1}) == {1}
assert numbers({"config.lr.value": 0.1}) == {1}
assert numbers({"config.opt.kind": "adam"}) == {1, 3, 5}
assert numbers({"summary_metrics.loss": {"$lt": 3}}) == {4, 5}
assert numbers({"summaryMetrics.loss": {"$gte": 5}}) == {0, 1}
assert numbers({"summary_metrics.loss": {"$gt": 2, "$lte": 4}}) == {2, 3}
assert numbers({"display_name": "name-3"}) == {3}
assert numbers({"displayName": {"$regex": "name-[12]"}}) == {1, 2}
assert numbers({"name": {"$in": ["r0", "r4"]}}) == {0, 4}
assert numbers({"name": {"$nin": ["r0", "r4"]}}) == {1, 2, 3, 5}
assert numbers({"tags": "x"}) == {1, 3, 5}
assert numbers({"tags": {"$in": ["even"]}}) == {0, 2, 4}
assert numbers({"group": {"$ne": "low"}}) == {3, 4, 5}
assert numbers({"jobType": "train"}) == set(range(6))
assert numbers({"$or": [{"config.lr": 0}, {"config.lr": 0.5}]}) == {0, 5}
assert numbers({"$and": [{"group": "low"}, {"tags": "even"}]}) == {0, 2}
assert numbers({"$nor": [{"group": "low"}]}) == {3, 4, 5}
assert numbers({"group": {"$not": {"$eq": "low"}}}) == {3, 4, 5}
assert numbers({"summary_metrics.extra": {"$exists": True}}) == {5}
assert numbers({"config.absent": 1}) == set()

assert ids(order="+created_at") == [f"r{n}" for n in range(6)]
assert ids(order="-created_at") == [f"r{n}" for n in reversed(range(6))]
assert ids(order="+summary_metrics.loss") == [f"r{n}" for n in reversed(range(6))]
assert ids(order="-config.lr.value") == [f"r{n}" for n in reversed(range(6))]
assert ids(order="+display_name", per_page=2) == [f"r{n}" for n in range(6)]
assert len(api.runs(PROJECT, filters={"group": "low"}, per_page=1)) == 3
assert api.runs(PROJECT, order="+created_at")[4].id == "r4"
