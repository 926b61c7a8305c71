"""An offline run with all it can have is synced twice: the second changes nothing."""

import os
from pathlib import Path

import numpy as np
import wandb
from flow import PROJECT, tool

Path("kept.txt").write_text("kept")
Path("a.txt").write_text("in an artifact")
with wandb.init(
    project=PROJECT, id="off", mode="offline", config={"lr": 1}, tags=["t"], notes="n"
) as run:
    run.define_metric("loss", summary="min")
    for number in range(20):
        run.log({"loss": 20 - number, "deep": {"er": number}})
        print("line", number)
    run.log({"image": wandb.Image(np.zeros((2, 2, 3), np.uint8))})
    run.log({"table": wandb.Table(columns=["a"], data=[[1]])})
    run.save("kept.txt")
    artifact = wandb.Artifact("data", "dataset")
    artifact.add_file("a.txt")
    run.log_artifact(artifact, aliases=["mine"])
    run.alert("title", "text")
    run.summary["late"] = 1
    folder = os.path.dirname(run.dir)


def everything() -> dict[str, object]:
    api = wandb.Api()
    found = api.run(f"{PROJECT}/off")
    return {
        "state": found.state,
        "config": found.config,
        "summary": found.summary_metrics,
        "tags": found.tags,
        "notes": found.notes,
        "rows": list(found.scan_history()),
        "files": sorted((file.name, file.size, file.md5) for file in found.files()),
        "lines": [line.content for line in found.console_logs()],
        "artifacts": sorted(
            (one.name, one.digest, sorted(one.aliases))
            for one in found.logged_artifacts()
        ),
        "system": len(found.history(stream="system", pandas=False)),
        "runs": [one.id for one in api.runs(PROJECT)],
    }


tool("sync", folder)
first = everything()
tool("sync", folder)
second = everything()
for part, found in first.items():
    assert second[part] == found, (part, found, second[part])
assert first["state"] == "finished"
assert len(first["rows"]) == 22
assert first["summary"]["loss"]["min"] == 1
assert first["summary"]["late"] == 1
assert [name for name, *_ in first["artifacts"]] == ["data:v0", "run-off-table:v0"]
assert "kept.txt" in [name for name, *_ in first["files"]]
assert first["lines"][:20] == [f"line {number}" for number in range(20)]
