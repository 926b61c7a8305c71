"""Log an artifact with files, folders and metadata; use and download it."""

from pathlib import Path

import wandb
from flow import PROJECT

Path("a.txt").write_text("hello a")
Path("tree/deep").mkdir(parents=True)
Path("tree/deep/b.bin").write_bytes(bytes(range(256)) * 100)
Path("tree/ü #%?.txt").write_text("odd name")
Path("tree/empty").touch()
with wandb.init(project=PROJECT) as maker:
    artifact = wandb.Artifact(
        "data", "dataset", description="first", metadata={"k": [1, {"a": None}]}
    )
    artifact.add_file("a.txt")
    artifact.add_dir("tree", name="t")
    with artifact.new_file("made.json") as file:
        file.write('{"made": 1}')
    logged = maker.log_artifact(artifact)
    logged.wait()
    assert (logged.version, logged.state) == ("v0", "COMMITTED")
with wandb.init(project=PROJECT) as user:
    used = user.use_artifact("data:latest")
    folder = Path(used.download())

assert (used.source_name, used.version) == ("data:v0", "v0")
assert used.type == "dataset"
assert used.description == "first"
assert used.metadata == {"k": [1, {"a": None}]}
assert used.file_count == 5
assert used.size == 7 + 25_600 + 8 + 11
assert (folder / "a.txt").read_text() == "hello a"
assert (folder / "t/deep/b.bin").read_bytes() == bytes(range(256)) * 100
assert (folder / "t/ü #%?.txt").read_text() == "odd name"
assert (folder / "t/empty").read_bytes() == b""
assert (folder / "made.json").read_text() == '{"made": 1}'
used.verify(root=str(folder))
assert used.digest == artifact.digest
assert Path(used.get_entry("a.txt").download(root="one")).read_text() == "hello a"
names = {file.name for file in used.files()}
assert names == set(used.manifest.entries), (names, used.manifest.entries)
