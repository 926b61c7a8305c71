"""Steps that go back: refused and counted by default, kept and sorted on demand."""

import json

from tests.support.server_process import running_server
from tests.support.stack import Stack

CODE = """
import sys, wandb
allow = sys.argv[1] == "allow"
settings = wandb.Settings(allow_out_of_order=allow)
run = wandb.init(project="p", id=sys.argv[1], settings=settings)
for step in (5, 3, 9, 1, 3):
    run.log({"value": step * 1.5}, step=step, commit=True)
assert run.step == 10
"""

QUERY = """query($entity: String!, $run: String!, $runs: [String!]!) {
  project(name: "p", entityName: $entity) {
    run(name: $run) {
      refusedRows lastStep history(minStep: 0, maxStep: 100, samples: 100)
    }
    historySeries(runs: $runs, keys: ["value"], buckets: 100) { x last pointCount }
  } }
"""


def asked(stack: Stack, run_id: str) -> dict[str, object]:
    """Rows, series and count of refused rows of a run."""
    server = running_server(stack.env)
    variables = {"entity": server.entity, "run": run_id, "runs": [run_id]}
    project = server.graphql(QUERY, variables)["project"]
    (series,) = project["historySeries"]
    points = [
        (x, y)
        for x, y in zip(series["x"], series["last"], strict=True)
        if y is not None
    ]
    rows = [json.loads(text) for text in project["run"]["history"]]
    return {
        "refused": project["run"]["refusedRows"],
        "last step": project["run"]["lastStep"],
        "steps": [row["_step"] for row in rows],
        "x": [x for x, _ in points],
        "count": series["pointCount"],
        "fits": all(y == x * 1.5 for x, y in points),
    }


def test_rows_of_steps_gone_by_are_kept_and_charts_sort_them(stack: Stack) -> None:
    done = stack.run(CODE, "allow")

    assert "ignored" not in done.stderr
    found = asked(stack, "allow")
    assert sorted(found["steps"]) == [1, 3, 3, 5, 9]  # type: ignore[call-overload]
    assert found["x"] == [1, 3, 3, 5, 9]
    assert found["count"] == 5
    assert found["fits"]
    assert found["last step"] == 9
    assert found["refused"] is None


def test_by_default_they_are_refused_and_the_run_says_how_many(stack: Stack) -> None:
    done = stack.run(CODE, "refuse")

    assert "3 log calls were ignored" in done.stderr
    found = asked(stack, "refuse")
    assert found["steps"] == [5, 9]
    assert found["refused"] == 3
