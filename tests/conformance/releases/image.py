"""An image and a histogram are logged; the image's file comes back as it was."""

from pathlib import Path

import numpy
import PIL.Image
import wandb
from flow import PROJECT

pixels = numpy.arange(48, dtype=numpy.uint8).reshape(4, 4, 3)
run = wandb.init(project=PROJECT)
run.log({"img": wandb.Image(pixels, caption="c"), "h": wandb.Histogram([1, 2, 3])})
name = run.id
run.finish()

found = wandb.Api().run(f"{PROJECT}/{name}")
[row] = found.scan_history()
assert row["img"]["_type"] == "image-file"
assert (row["img"]["width"], row["img"]["height"]) == (4, 4)
assert row["img"]["caption"] == "c"
assert row["h"]["_type"] == "histogram"
assert sum(row["h"]["values"]) == 3
file = found.file(row["img"]["path"]).download(root="down", replace=True)
with PIL.Image.open(Path(file.name)) as read:
    assert (numpy.asarray(read) == pixels).all()
