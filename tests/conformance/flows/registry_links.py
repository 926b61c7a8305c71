"""Versions are linked into a registry of one's own entity or of a team, and used."""

from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, refused

registry = f"wandb-registry-{PROJECT}/chosen"
chosen = f"{ENTITY}/{registry}"
"""With the organization in front: the user of the tests is in teams, too."""
with wandb.init(project=PROJECT) as run:
    versions = []
    for text in ("one", "two"):
        artifact = wandb.Artifact("net", "model")
        with artifact.new_file("w.txt") as file:
            file.write(text)
        versions.append(run.log_artifact(artifact).wait())
    run.link_artifact(versions[0], chosen, aliases=["first"])
    linked = versions[1].link(chosen, aliases=["best"])
    assert linked.version == "v1"

api = wandb.Api()
found = api.artifact(f"{chosen}:first")
assert found.qualified_name == f"{chosen}:first"
assert found.version == "v0"
assert found.is_link
assert found.source_qualified_name == f"{ENTITY}/{PROJECT}/net:v0"
assert api.artifact(f"{chosen}:best").version == "v1"
assert {one.qualified_name for one in versions[0].linked_artifacts} == {f"{chosen}:v0"}
with wandb.init(project=PROJECT) as run:
    used = run.use_artifact(f"{chosen}:best")
    assert Path(used.download(root="down"), "w.txt").read_text() == "two"
assert run.id in {user.id for user in api.artifact(f"{PROJECT}/net:v1").used_by()}
api.artifact(f"{chosen}:first").unlink()
assert not wandb.Api().artifact_exists(f"{chosen}:v0")
assert wandb.Api().artifact_exists(f"{PROJECT}/net:v0")

team = api.create_team(f"{PROJECT}-team").name
with wandb.init(entity=team, project=PROJECT) as run:
    artifact = wandb.Artifact("net", "model")
    with artifact.new_file("w.txt") as file:
        file.write("of the team")
    run.log_artifact(artifact).wait()
    run.link_artifact(artifact, registry, aliases=["ours"])
assert wandb.Api().artifact(f"{team}/{registry}:ours").entity == team
assert wandb.Api().artifact(f"{chosen}:best").entity == ENTITY
with refused(RuntimeError, "not enabled"):
    list(api.registries())
