"""History: sampled, by keys, scanned in windows, sparse steps."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    for number in range(600):
        row = {"a": number, "deep": {"b": number / 2}}
        if number % 10 == 0:
            row["rare"] = number
        run.log(row)
    run.log({"a": -1}, step=5_000)

found = wandb.Api().run(f"{PROJECT}/{run.id}")
assert found.lastHistoryStep == 5_000
scanned = list(found.scan_history(page_size=250))
assert [row["a"] for row in scanned] == [*range(600), -1]
window = found.scan_history(min_step=10, max_step=13)
assert [row["_step"] for row in window] == [10, 11, 12]
rare = list(found.scan_history(keys=["rare", "_step"]))
assert [row["rare"] for row in rare] == list(range(0, 600, 10))
deep = list(found.scan_history(keys=["deep.b"], max_step=5))
assert [row["deep.b"] for row in deep] == [0, 0.5, 1, 1.5, 2]
sampled = found.history(samples=50, pandas=False)
assert len(sampled) == 50
assert sampled[-1]["a"] == -1
frame = found.history(keys=["a"], samples=1000)
assert list(frame.columns) == ["_step", "a"]
assert len(frame) == 601
keys = found.history_keys["keys"]
assert keys["rare"]["typeCounts"] == [{"type": "number", "count": 60}]
assert {"a", "deep.b", "_step", "_runtime", "_timestamp"} <= set(keys)
