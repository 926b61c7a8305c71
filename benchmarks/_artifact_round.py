"""One artifact to the server and back, in the client that this interpreter has."""

import json
import os
import random
import shutil
import sys
import time
from pathlib import Path


def main() -> None:
    order = json.loads(sys.argv[1])
    os.environ["WANDB_CACHE_DIR"] = order["cache"]
    import wandb

    folder = Path("files")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    chance = random.Random(order["seed"])
    for index in range(order["files"]):
        (folder / f"{index}.bin").write_bytes(chance.randbytes(order["file_bytes"]))
    with wandb.init(project="bench") as run:
        made = wandb.Artifact(f"round-{run.id}", "dataset")
        began = time.perf_counter()
        made.add_dir(str(folder))
        added = time.perf_counter()
        run.log_artifact(made)
        made.wait()
        there = time.perf_counter()
        name = made.name
    shutil.rmtree(order["cache"], ignore_errors=True)
    found = wandb.Api().artifact(f"bench/{name}")
    start = time.perf_counter()
    root = found.download(root="back")
    back = time.perf_counter() - start
    count = sum(1 for path in Path(root).rglob("*") if path.is_file())
    assert count == order["files"], count
    shutil.rmtree(root)
    seconds = {"adding": added - began, "to the server": there - added, "back": back}
    print("RESULT " + json.dumps(seconds))


main()
