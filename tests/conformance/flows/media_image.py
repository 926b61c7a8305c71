"""Images with a caption, boxes and a mask are files that the rows name."""

from pathlib import Path

import numpy as np
import wandb
from flow import PROJECT, content_of
from PIL import Image

pixels = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
Image.fromarray(pixels).save("one.png")
box = {
    "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.9},
    "class_id": 1,
    "scores": {"sure": 0.75},
}
mask = np.array([[0, 1, 1, 0, 0, 1]] * 4)
with wandb.init(project=PROJECT) as run:
    image = wandb.Image(
        "one.png",
        caption="four by six",
        boxes={"seen": {"box_data": [box], "class_labels": {1: "cat"}}},
        masks={"seen": {"mask_data": mask, "class_labels": {0: "no", 1: "cat"}}},
    )
    run.log({"single": image, "many": [wandb.Image(pixels), wandb.Image(pixels // 2)]})

found = wandb.Api().run(f"{PROJECT}/{run.id}")
[row] = found.scan_history()
single, many = row["single"], row["many"]
assert single["_type"] == "image-file"
assert single["caption"] == "four by six"
assert (single["width"], single["height"]) == (6, 4)
assert content_of(found, single["path"]) == Path("one.png").read_bytes()
drawn = content_of(found, single["masks"]["seen"]["path"])
Path("mask.png").write_bytes(drawn)
assert np.array(Image.open("mask.png")).tolist() == mask.tolist()
assert b"minX" in content_of(found, single["boxes"]["seen"]["path"])
assert (many["_type"], many["count"]) == ("images/separated", 2)
for name, wanted in zip(many["filenames"], (pixels, pixels // 2), strict=True):
    Path("read.png").write_bytes(content_of(found, name))
    assert (np.array(Image.open("read.png")) == wanted).all()
assert found.summary["single"]["_type"] == "image-file"
