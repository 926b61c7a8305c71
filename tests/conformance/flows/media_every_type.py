"""Every data type, alone and in lists: what the rows name is there, as it was."""

import io
import json
import wave
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import wandb
from flow import PROJECT

mpl.use("Agg")
import matplotlib.pyplot as plt

pixels = np.arange(72, dtype=np.uint8).reshape(4, 6, 3)


def tone(first: int) -> str:
    raw = io.BytesIO()
    with wave.open(raw, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(range(first, first + 16)))
    Path(f"tone{first}.wav").write_bytes(raw.getvalue())
    return f"tone{first}.wav"


Path("mol.pdb").write_text("HEADER\nEND\n")
Path("film.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"x" * 50)
Path("shape.obj").write_text("v 0 0 0\n")
figure, axes = plt.subplots()
axes.plot([1, 2], [3, 4])
box = {"position": {"middle": [2, 2], "width": 1, "height": 1}, "domain": "pixel",
       "class_id": 0}  # fmt: skip
mask = {"mask_data": np.ones((4, 6), int)}
table = wandb.Table(columns=["a"], data=[[1]])
values = {
    "figure": (figure, "plotly-file", 1),
    "drawn": (wandb.Image(figure), "image-file", 1),
    "jpg": (wandb.Image(pixels, file_type="jpg"), "image-file", 1),
    "graph": (wandb.Graph(), "graph-file", 1),
    "points3": (wandb.Object3D(np.zeros((5, 3))), "object3D-file", 1),
    "points4": (wandb.Object3D(np.ones((5, 4))), "object3D-file", 1),
    "points6": (wandb.Object3D(np.ones((5, 6))), "object3D-file", 1),
    "page": (wandb.Html("<html><head></head>x</html>"), "html-file", 1),
    "film": (wandb.Video("film.mp4", format="mp4"), "video-file", 1),
    "frame": (pd.DataFrame({"a": [1, 2]}), "table-file", 1),
    "joined": (wandb.JoinedTable(table, table, "a"), "joined-table", 0),
    "images": (
        [
            wandb.Image(pixels, caption="1", masks={"p": mask}),
            wandb.Image(pixels, boxes={"p": {"box_data": [box]}}),
        ],
        "images/separated",
        4,
    ),
    "tones": (
        [wandb.Audio(tone(1), caption="a"), wandb.Audio(tone(9))],
        "audio",
        2,
    ),
    "films": ([wandb.Video("film.mp4", format="mp4")], "videos", 1),
    "pages": ([wandb.Html("a"), wandb.Html("b")], "html", 2),
    "molecules": ([wandb.Molecule("mol.pdb", caption="m")] * 2, "molecule", 2),
    "shapes": ([wandb.Object3D("shape.obj")] * 2, "object3D", 2),
    "many": (np.arange(100), "histogram", 0),
}
plain = {
    "few": (np.arange(3), [0, 1, 2]),
    "single": (np.float32(0.1), 0.10000000149011612),
    "text": ("ü" * 10, "ü" * 10),
    "yes": (True, True),
    "none": (None, None),
    "deep": ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [1, {"c": 2}]}}),
}
with wandb.init(project=PROJECT) as run:
    for key, (value, *_) in values.items():
        run.log({key: value})
    run.log({key: value for key, (value, _) in plain.items()})
    run.summary["image"] = wandb.Image(pixels)
    run.summary["table"] = wandb.Table(columns=["a"], data=[[5]])

found = wandb.Api().run(f"{PROJECT}/{run.id}")
rows = list(found.scan_history())
sizes = {file.name: file.size for file in found.files()}


def paths(value: object, kind: str = "") -> list[str]:
    """Every file that a logged object names."""
    if isinstance(value, list):
        return [path for item in value for path in paths(item, kind)]
    if not isinstance(value, dict):
        return []
    kind = value.get("_type", kind)
    below = "media/object3D/" if kind == "object3D" else ""
    named = [below + name for name in value.get("filenames", ())]
    if "path" in value:
        named.append(value["path"])
    inner = [item for key, item in value.items() if key != "filenames"]
    return [*named, *paths(inner, kind)]


for row, (key, (_, kind, count)) in zip(rows, values.items(), strict=False):
    assert row[key]["_type"] == kind, (key, row[key])
    named = set(paths(row[key]))
    assert len(paths(row[key])) >= count, (key, row[key])
    assert named <= sizes.keys(), (key, named - sizes.keys())
for key, (_, wanted) in plain.items():
    assert rows[-1].get(key) == wanted, (key, rows[-1].get(key))
assert found.summary["image"]["path"] in sizes
assert found.summary["table"]["path"] in sizes
labels = found.rawconfig["_wandb"]["mask/class_labels"]
assert labels["images_wandb_delimeter_p"]["value"] == {"1": "class_1"}
page = found.file(rows[7]["page"]["path"]).download(root="down", replace=True)
assert "normalize.css" in Path(page.name).read_text()
points = found.file(rows[5]["points4"]["path"]).download(root="down", replace=True)
assert json.loads(Path(points.name).read_text()) == [[1, 1, 1, 1]] * 5
