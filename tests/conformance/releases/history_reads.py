"""Sampled and scanned history, by keys and by pages."""

import wandb
from flow import PROJECT

run = wandb.init(project=PROJECT)
for number in range(250):
    run.log({"x": number} if number % 2 else {"x": number, "even": number})
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
assert found.lastHistoryStep == 249
assert [r["x"] for r in found.scan_history(page_size=40)] == list(range(250))
evens = [row["even"] for row in found.scan_history(keys=["even"])]
assert evens == list(range(0, 250, 2))
part = [row["x"] for row in found.scan_history(min_step=10, max_step=20)]
assert part == list(range(10, 20))
sampled = found.history(samples=50, keys=["x"], pandas=False)
assert 0 < len(sampled) <= 51, len(sampled)
assert all(row["x"] == row["_step"] for row in sampled)
assert len(found.history(pandas=False)) == 250
