"""Files put into a finished run, listed, downloaded and deleted."""

from pathlib import Path

import wandb
from flow import ENTITY, PROJECT, refused

api = wandb.Api()
api.create_project(PROJECT, ENTITY)
made = api.create_run(project=PROJECT, entity=ENTITY, run_id="r1")
Path("many").mkdir()
for number in range(60):
    Path(f"many/{number}.txt").write_text("x" * number)
    made.upload_file(f"many/{number}.txt")
found = api.run(f"{PROJECT}/r1")
names = {file.name for file in found.files()}
assert names == {f"many/{number}.txt" for number in range(60)}
assert len(found.files(per_page=7)) == 60
file = found.file("many/9.txt")
assert (file.size, file.mimetype) == (9, "text/plain")
assert file.md5
assert Path(file.download(root="down").name).read_text() == "x" * 9
file.delete()
assert "many/9.txt" not in {file.name for file in api.run(f"{PROJECT}/r1").files()}
with refused(Exception, "no file"):
    api.run(f"{PROJECT}/r1").file("absent.txt").download()
