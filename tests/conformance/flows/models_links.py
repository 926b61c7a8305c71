"""log_model, use_model, link_model, link_artifact and unlink."""

from pathlib import Path

import wandb
from flow import ENTITY, PROJECT

Path("weights.bin").write_bytes(b"w" * 1000)
registered = f"reg-{PROJECT}"
with wandb.init(project=PROJECT) as run:
    run.log_model("weights.bin", name="net", aliases=["prod"])
with wandb.init(project=PROJECT) as run:
    path = run.use_model("net:prod")
    assert Path(path).read_bytes() == b"w" * 1000
    linked = run.link_model("weights.bin", registered, name="net2", aliases=["best"])
    assert linked is not None
    version = wandb.Api().artifact(f"{PROJECT}/net:v0")
    run.link_artifact(version, f"{ENTITY}/{PROJECT}/chosen", aliases=["picked"])

api = wandb.Api()
found = api.artifact(f"{ENTITY}/model-registry/{registered}:best")
assert found.type == "model"
chosen = api.artifact(f"{ENTITY}/{PROJECT}/chosen:picked")
assert chosen.source_name == "net:v0"
assert chosen.is_link
assert chosen.digest == api.artifact(f"{PROJECT}/net:v0").digest
collection = api.artifact_collection("model", f"{PROJECT}/chosen")
assert not collection.is_sequence()
assert Path(chosen.download(root="down"), "weights.bin").stat().st_size == 1000
chosen.unlink()
assert not wandb.Api().artifact_exists(f"{PROJECT}/chosen:v0")
assert wandb.Api().artifact_exists(f"{PROJECT}/net:v0")
