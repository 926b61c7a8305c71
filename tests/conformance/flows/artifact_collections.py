"""Types and collections: listed, renamed, described, tagged, moved and deleted."""

import wandb
from flow import PROJECT, refused

with wandb.init(project=PROJECT) as run:
    for name, kind in (("alpha", "dataset"), ("beta", "dataset"), ("net", "model")):
        artifact = wandb.Artifact(name, kind)
        with artifact.new_file("a.txt") as file:
            file.write(name)
        run.log_artifact(artifact).wait()
    with refused(Exception):
        wrong = wandb.Artifact("alpha", "model")
        with wrong.new_file("b.txt") as file:
            file.write("b")
        run.log_artifact(wrong).wait()

api = wandb.Api()
kinds = {one.name for one in api.artifact_types(PROJECT)}
assert {"dataset", "model"} <= kinds, kinds
listed = api.artifact_collections(PROJECT, "dataset")
assert {one.name for one in listed} == {"alpha", "beta"}
assert len(listed) == 2
assert api.artifact_collection_exists(f"{PROJECT}/alpha", "dataset")
assert not api.artifact_collection_exists(f"{PROJECT}/omega", "dataset")
found = api.artifact_collection("dataset", f"{PROJECT}/alpha")
assert (found.name, found.type) == ("alpha", "dataset")
assert found.is_sequence()
assert found.aliases == ["latest"]
found.description = "words"
found.name = "gamma"
found.tags = ["t1", "t2"]
found.save()
again = wandb.Api().artifact_collection("dataset", f"{PROJECT}/gamma")
assert again.description == "words"
assert sorted(again.tags) == ["t1", "t2"]
again.tags = ["t2"]
again.save()
assert wandb.Api().artifact_collection("dataset", f"{PROJECT}/gamma").tags == ["t2"]
assert [one.version for one in again.artifacts()] == ["v0"]
again.change_type("table")
assert wandb.Api().artifact(f"{PROJECT}/gamma:latest").type == "table"
wandb.Api().artifact_collection("dataset", f"{PROJECT}/beta").delete()
assert not wandb.Api().artifact_exists(f"{PROJECT}/beta:v0")
assert list(wandb.Api().artifact_collections(PROJECT, "dataset")) == []
