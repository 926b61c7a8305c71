"""The official client as oracle: the same script makes the same records of artifacts.

What may differ: client ids (random), the order of aliases (theirs is random), local
paths (each has its own staging names), and `skip_cache`, which means nothing to an
upload.
"""

import os
import sys
from pathlib import Path
from typing import Any

from wandb_core.transaction_log import LogReader
from wandb_proto.v1 import record_pb2 as pb

SCRIPT = """
import datetime, os, wandb
def write(path, content):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
write("a.txt", b"hello"); write("d/one", b"1"); write("d/s/two", b"22")
write("empty", b""); write("d/é ü.txt", b"accents"); write("main.py", b"1")
run = wandb.init(project="p", id="r1")
metadata = {"k": [1, 2.5, None, "é"], "n": {"m": 1}}
full = wandb.Artifact("full", "dataset", "text", metadata)
full.add_file("a.txt")
full.add_file("a.txt", name="x/y.txt")
full.add_file("a.txt", is_tmp=True)
full.add_file("empty")
full.add_dir("d")
full.add_dir("d", name="below")
full.add_reference("https://x.org/p/q.bin?v=1", checksum=False)
full.add_reference("file://" + os.path.abspath("d"), name="ref")
local = "file://" + os.path.abspath("a.txt")
full.add_reference(local, name="unchecked", checksum=False)
with full.new_file("new.txt") as file:
    file.write("new")
full.add(wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, None]]), "table")
full.remove("below/s")
full.ttl = datetime.timedelta(days=2)
run.log_artifact(full, aliases=["best", "latest"], tags=["one two"])
run.log_artifact("a.txt")
run.log_artifact("d", name="named", type="kind")
run.log_model("a.txt", name="model", aliases=["prod"])
run.log_code(".", include_fn=lambda path: path.endswith("main.py"))
part = wandb.Artifact("part", "t")
part.add_file("a.txt")
run.upsert_artifact(part, distributed_id="group")
last = wandb.Artifact("part", "t")
last.add_file("empty")
run.finish_artifact(last, distributed_id="group")
run.log_artifact(wandb.Artifact("more", "t", incremental=True, storage_region="here"))
run.log({"table": wandb.Table(columns=["c"], data=[[1]])})
run.finish()
"""


def artifacts_of(python: str, folder: Path, env: dict[str, str]) -> list[Any]:
    """Name, fields and manifest of every artifact record of the script's log."""
    import subprocess

    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    subprocess.run(
        [python, "script.py"],
        cwd=folder,
        env=env | {"WANDB_MODE": "offline", "WANDB_SILENT": "true"},
        check=True,
        capture_output=True,
        timeout=120,
    )
    (log,) = (folder / "wandb").glob("offline-run-*/*.wandb")
    with LogReader(log) as reader:
        records = [logged.record for logged in reader.read(None, 1 << 30)]
    return [
        comparable(record.artifact, folder)
        for record in records
        if record.WhichOneof("record_type") == "artifact"
    ]


def comparable(record: pb.ArtifactRecord, folder: Path) -> dict[str, Any]:
    assert (len(record.client_id), len(record.sequence_client_id)) == (128, 128)
    copy = pb.ArtifactRecord.FromString(record.SerializeToString())
    copy.client_id = copy.sequence_client_id = ""
    copy.ClearField("manifest")
    copy.aliases[:] = sorted(copy.aliases)
    entries = {
        entry.path: (
            entry.digest,
            entry.size,
            entry.ref.replace(str(folder), "ROOT"),
            bool(entry.local_path),
            [(item.key, item.value_json) for item in entry.extra],
        )
        for entry in record.manifest.contents
    }
    policy = {
        item.key: item.value_json for item in record.manifest.storage_policy_config
    }
    return {
        "fields": copy,
        "entries": entries,
        "policy": (record.manifest.version, record.manifest.storage_policy, policy),
    }


def test_same_script_makes_the_same_records(
    places_env: dict[str, str], official_python: str
) -> None:
    # The same directory for both: references and their digests hold its path.
    folder = Path(places_env["HOME"]) / "work"
    ours = artifacts_of(sys.executable, folder, places_env)
    os.rename(folder, folder.with_name("ours"))
    theirs = artifacts_of(official_python, folder, places_env)

    names = [found["fields"].name for found in theirs]
    assert [found["fields"].name for found in ours] == names
    assert len(names) == 9
    for mine, official in zip(ours, theirs, strict=True):
        assert mine == official, mine["fields"].name
