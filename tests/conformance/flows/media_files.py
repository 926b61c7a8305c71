"""Html, Object3D, Molecule and Audio from files: bytes come back as they were."""

import json
import struct
from pathlib import Path

import wandb
from flow import PROJECT, content_of

samples = struct.pack("<8h", *range(8))
head = struct.pack("<4sI8sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVEfmt ", 16, 1,
                   1, 8000, 16000, 2, 16, b"data", len(samples))  # fmt: skip
Path("tone.wav").write_bytes(head + samples)
Path("mol.pdb").write_text("HEADER    TEST\nEND\n")
Path("shape.obj").write_text("v 0 0 0\n")
with wandb.init(project=PROJECT) as run:
    run.log(
        {
            "page": wandb.Html("<b>hello</b>", inject=False),
            "mol": wandb.Molecule("mol.pdb"),
            "shape": wandb.Object3D("shape.obj"),
            "cloud": wandb.Object3D.from_point_cloud(
                points=[[0.0, 0.0, 0.0, 1]], boxes=[]
            ),
            "tone": wandb.Audio("tone.wav", caption="eight samples"),
        }
    )

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
types = {name: row[name]["_type"] for name in ("page", "mol", "shape", "cloud", "tone")}
assert types == {
    "page": "html-file",
    "mol": "molecule-file",
    "shape": "object3D-file",
    "cloud": "object3D-file",
    "tone": "audio-file",
}


def content(name: str) -> bytes:
    return content_of(found, row[name]["path"])


assert content("page") == b"<b>hello</b>"
assert content("mol") == Path("mol.pdb").read_bytes()
assert content("shape") == Path("shape.obj").read_bytes()
assert content("tone") == Path("tone.wav").read_bytes()
assert json.loads(content("cloud"))["type"] == "lidar/beta"
