"""What people type: login, status, pull, restore, artifact put, ls and get."""

import os
from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, tool

Path("data.csv").write_text("a,b\n1,2\n")
Path("sub").mkdir()
Path("sub/deep.txt").write_text("deep")
with wandb.init(project=PROJECT, id="one", config={"lr": 0.5}) as run:
    run.save("data.csv")
    run.save("sub/*", base_path=".")
    print("said aloud")
    run.log({"x": 1})
wandb.teardown()
os.environ.pop("WANDB_SERVICE", None)  # else the commands ask this process's service

assert os.environ["WANDB_BASE_URL"] in tool("login", "--verify")
assert os.environ["WANDB_BASE_URL"] in tool("status")

Path("down").mkdir()
os.chdir("down")
tool("pull", f"{ENTITY}/{PROJECT}/one")
assert Path("data.csv").read_text() == "a,b\n1,2\n"
assert Path("sub/deep.txt").read_text() == "deep"
assert "said aloud" in Path("output.log").read_text()
assert Path("config.yaml").exists()
assert "up to date" in tool("pull", "one", "-p", PROJECT, "-e", ENTITY)
tool("restore", f"{ENTITY}/{PROJECT}/one", "--no-git")
assert "0.5" in Path("wandb/config.yaml").read_text()
os.chdir("..")

where = f"{PROJECT}/table"
tool("artifact", "put", "data.csv", "--name", where, "--type", "dataset",
     "--alias", "mine")  # fmt: skip
assert "table:v0" in tool("artifact", "ls", f"{ENTITY}/{PROJECT}")
tool("artifact", "get", f"{where}:mine", "--root", "got")
assert Path("got/data.csv").read_text() == "a,b\n1,2\n"
