"""A histogram is a value of the row itself."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as run:
    run.log({"h": wandb.Histogram(np_histogram=([1, 2, 3], [0.0, 1.0, 2.0, 3.0]))})
    run.log({"h": wandb.Histogram([1, 2, 2, 3, 3, 3], num_bins=3)})

rows = list(wandb.Api().run(f"{PROJECT}/{run.id}").scan_history())
assert rows[0]["h"]["_type"] == "histogram"
assert rows[0]["h"]["values"] == [1, 2, 3]
assert rows[0]["h"]["bins"] == [0, 1, 2, 3]
assert sum(rows[1]["h"]["values"]) == 6
