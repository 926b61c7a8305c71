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
for row_keys in (["x"], ["even"], ["x", "_step"]):
    wanted = [n for n in range(250) if "even" not in row_keys or n % 2 == 0]
    scanned = list(found.scan_history(keys=row_keys, page_size=40))
    assert [row[row_keys[0]] for row in scanned] == wanted, row_keys

# Rows that all have the same keys: Parquet for releases that read it.
run = wandb.init(project=PROJECT)
for number in range(90):
    run.log({"x": number, "odd": None if number % 3 else float("nan")})
flat = f"{PROJECT}/{run.id}"
run.finish()
for scan in ("scan_history", "beta_scan_history"):
    read = getattr(wandb.Api().run(flat), scan, None)
    if read is not None:
        assert [row["x"] for row in read(page_size=20)] == list(range(90)), scan
        rows = list(read(keys=["x", "odd"], page_size=20))
        assert [row["x"] for row in rows] == list(range(90)), scan
        assert [row["odd"] is None for row in rows] == [n % 3 > 0 for n in range(90)]

sampled = found.history(samples=50, keys=["x"], pandas=False)
assert 0 < len(sampled) <= 51, len(sampled)
assert all(row["x"] == row["_step"] for row in sampled)
assert len(found.history(pandas=False)) == 250
