"""Which run made a version, which ones used it, and what a run made and used."""

import wandb
from flow import PROJECT

with wandb.init(project=PROJECT) as maker:
    artifact = wandb.Artifact("data", "dataset")
    with artifact.new_file("a.txt") as file:
        file.write("text")
    maker.log_artifact(artifact).wait()
users = []
for _ in range(2):
    with wandb.init(project=PROJECT) as user:
        user.use_artifact("data:v0")
        model = wandb.Artifact("model", "model")
        with model.new_file("w.txt") as file:
            file.write(user.id)
        user.log_artifact(model).wait()
        users.append(user.id)

api = wandb.Api()
data = api.artifact(f"{PROJECT}/data:v0")
assert data.logged_by().id == maker.id
assert {run.id for run in data.used_by()} == set(users)
for place, identity in enumerate(users):
    run = api.run(f"{PROJECT}/{identity}")
    assert [one.name for one in run.used_artifacts()] == ["data:v0"]
    assert [one.name for one in run.logged_artifacts()] == [f"model:v{place}"]
other = api.run(f"{PROJECT}/{maker.id}")
other.use_artifact(api.artifact(f"{PROJECT}/model:v0"))
assert [one.name for one in other.used_artifacts()] == ["model:v0"]
