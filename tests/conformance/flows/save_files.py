"""run.save with each policy; files are listed, found and downloaded."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("now.txt").write_text("sent now")
Path("sub/dir").mkdir(parents=True)
Path("sub/dir/end ü.txt").write_text("sent at the end")
Path("live.txt").write_text("first")
Path("empty.bin").touch()
with wandb.init(project=PROJECT) as run:
    run.save("now.txt", policy="now")
    run.save("live.txt", policy="live")
    run.save("sub/dir/*", policy="end")
    run.save("empty.bin")
    Path("live.txt").write_text("second")
    run.log({"x": 1})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
names = {file.name for file in found.files()}
assert {"now.txt", "live.txt", "empty.bin"} <= names, names
assert any(name.endswith("end ü.txt") for name in names), names
assert {"config.yaml", "wandb-summary.json", "requirements.txt"} <= names


def content(name: str) -> str:
    return Path(found.file(name).download(root="down", replace=True).name).read_text()


assert content("now.txt") == "sent now"
assert content("live.txt") == "second"
assert content("empty.bin") == ""
[listed] = found.files(names=["now.txt"])
assert (listed.size, listed.mimetype) == (8, "text/plain")
assert [file.name for file in found.files(pattern="now%")] == ["now.txt"]
assert len(found.files(per_page=1)) == len(names)
