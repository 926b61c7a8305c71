"""Api.create_run, upload_file, wait_until_finished, edits of runs and projects."""

from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, content_of

api = wandb.Api()
api.create_project(PROJECT, ENTITY)
made = api.create_run(run_id="made", project=PROJECT, entity=ENTITY)
assert made.id == "made"
Path("sub").mkdir()
Path("sub/up.txt").write_text("uploaded")
made.upload_file("sub/up.txt")
assert content_of(wandb.Api().run(f"{PROJECT}/made"), "sub/up.txt") == b"uploaded"

with wandb.init(project=PROJECT, id="done") as run:
    run.log({"x": 1})
found = api.run(f"{PROJECT}/done")
found.wait_until_finished()
assert found.state == "finished"
found.display_name = "shown"
found.notes = "noted"
found.group = "grouped"
found.tags.append("tagged")
found.config["deep"] = {"a": [1, None, "ü"]}
found.update()
found.load(force=True)
again = wandb.Api().run(f"{PROJECT}/done")
assert (again.name, again.notes, again.group) == ("shown", "noted", "grouped")
assert again.tags == ["tagged"]
assert again.config == {"deep": {"a": [1, None, "ü"]}}
assert PROJECT in [project.name for project in api.projects(ENTITY)]
assert len(wandb.Api().runs(PROJECT)) == 2
again.delete()
assert [left.id for left in wandb.Api().runs(PROJECT)] == ["made"]
