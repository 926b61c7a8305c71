"""Logs one of every kind of media, offline; run by several interpreters with wandb.

    python media_script.py DIRECTORY

The directory becomes the working directory; the run is made below it.
"""

import io
import os
import sys
import warnings
from pathlib import Path

import numpy as np

warnings.simplefilter("ignore")
os.chdir(sys.argv[1])

import wandb  # noqa: E402 - may be any wandb

RANDOM = np.random.default_rng(7)
PIXELS = RANDOM.integers(0, 256, (9, 7, 3), dtype=np.uint8)
MASK = np.array([[0, 1, 1], [2, 0, 1]])
LABELS = {0: "bg", 1: "cat", 2: "dog"}
BOX = {
    "position": {"minX": 0.1, "maxX": 0.5, "minY": 0.2, "maxY": 0.6},
    "class_id": 1,
    "box_caption": "a cat",
    "scores": {"sure": 0.75},
}
MIDDLE_BOX = {
    "position": {"middle": [3, 4], "width": 2, "height": 1},
    "domain": "pixel",
    "class_id": 2,
}
SCENE = {
    "type": "lidar/beta",
    "points": np.array([[0.5, 1.0, 2.0], [1.5, 0.0, 1.0]]),
    "boxes": np.array(
        [
            wandb.box3d(
                center=(0, 1, 2),
                size=(1, 2, 3),
                orientation=(0.5, 0.5, 0.5, 0.5),
                color=(1, 2, 3),
                label="box",
                score=0.5,
            )
        ]
    ),
    "vectors": np.array([{"start": [0, 0, 0], "end": [0.1, 0.2, 0.5]}]),
}


def files() -> None:
    from PIL import Image

    Image.fromarray(PIXELS).save("photo.jpg")
    Image.fromarray(PIXELS).save("drawing.png")
    Path("sound.mp3").write_bytes(b"not really mp3")
    Path("film.mp4").write_bytes(b"not really mp4")
    Path("page.html").write_text("<html><head></head><body>hé</body></html>")
    Path("model.obj").write_text("v 0 0 0\n")
    Path("water.pdb").write_text("ATOM\n")


def images() -> dict[str, object]:
    return {
        "image/colour": wandb.Image(PIXELS, caption="colour"),
        "image/grey": wandb.Image(PIXELS[:, :, 0]),
        "image/alpha": wandb.Image(np.dstack([PIXELS, PIXELS[:, :, :1]])),
        "image/wraps": wandb.Image(np.array([[300, -5], [256, 255]])),
        "image/fraction": wandb.Image(np.array([[0.2, 1.0], [0.9, 3.7]])),
        "image/bool": wandb.Image(np.array([[True, False]])),
        "image/jpg": wandb.Image(PIXELS, file_type="jpg", grouping=3),
        "image/path": wandb.Image("photo.jpg", caption="from a file"),
        "image/png path": wandb.Image("drawing.png"),
        "image/layers": wandb.Image(
            PIXELS,
            masks={
                "truth": {"mask_data": MASK, "class_labels": LABELS},
                "bare": {"mask_data": MASK},
            },
            boxes={
                "found": {"box_data": [BOX, MIDDLE_BOX], "class_labels": LABELS},
                "plain": {"box_data": [BOX]},
            },
        ),
        "image/one": [wandb.Image("drawing.png")],
        "image/many": [wandb.Image(PIXELS, caption="a"), wandb.Image(PIXELS[::-1])],
        "image/uncaptioned": [wandb.Image(PIXELS), wandb.Image(PIXELS, caption="b")],
        "image/layered": [
            wandb.Image(PIXELS),
            wandb.Image(
                PIXELS,
                masks={"truth": {"mask_data": MASK, "class_labels": LABELS}},
                boxes={"found": {"box_data": [BOX], "class_labels": LABELS}},
            ),
        ],
        "image/../up": wandb.Image("drawing.png"),
        "/image/slash": wandb.Image("drawing.png"),
        "nested": {"deep": {"one": wandb.Image("drawing.png"), "two": 2}},
    }


def others() -> dict[str, object]:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt
    import plotly.graph_objects as go

    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4])
    heat, heat_axes = plt.subplots()
    heat_axes.imshow(MASK)
    sound = np.sin(np.linspace(0, 9, 200)) * 1.1
    graph = wandb.Graph()
    nodes = [graph.add_node(id=i, name=f"n{i}", size=(i, 2)) for i in range(2)]
    graph.add_edge(*nodes)
    film = RANDOM.integers(0, 256, (3, 3, 8, 6), dtype=np.uint8)
    return {
        "audio": wandb.Audio(sound, sample_rate=8000, caption="sine"),
        "audio16": wandb.Audio((sound * 9000).astype("int16"), sample_rate=44100),
        "stereo": wandb.Audio(np.stack([sound, -sound], 1), sample_rate=8000),
        "audio_path": wandb.Audio("sound.mp3"),
        "audios": [wandb.Audio("sound.mp3"), wandb.Audio("sound.mp3", caption="b")],
        "video": wandb.Video(film, fps=2, format="gif", caption="film"),
        "tiled": wandb.Video(np.stack([film] * 3), fps=2, format="gif"),
        "video_path": wandb.Video("film.mp4"),
        "videos": [wandb.Video("film.mp4", caption="a"), wandb.Video("film.mp4")],
        "html": wandb.Html("<b>bold</b>"),
        "html_bare": wandb.Html("<b>bold</b>", inject=False),
        "html_headless": wandb.Html("<!doctype html><html><body>x</body></html>"),
        "html_path": wandb.Html("page.html"),
        "html_file": wandb.Html(io.StringIO("<i>file</i>")),
        "htmls": [wandb.Html("a"), wandb.Html("b")],
        "points": wandb.Object3D(RANDOM.random((4, 3)), caption="points"),
        "colours": wandb.Object3D(RANDOM.random((4, 6))),
        "scene": wandb.Object3D(SCENE),
        "model": wandb.Object3D("model.obj"),
        "objects": [wandb.Object3D("model.obj"), wandb.Object3D(RANDOM.random((2, 4)))],
        "molecule": wandb.Molecule("water.pdb", caption="water"),
        "molecules": [wandb.Molecule("water.pdb"), wandb.Molecule("water.pdb")],
        "histogram": wandb.Histogram([1, 2, 2, 3, 5.5], num_bins=4),
        "counted": wandb.Histogram(np_histogram=np.histogram([1, 2, 9], bins=3)),
        "histograms": [wandb.Histogram([1, 2], num_bins=2)],
        "plotly": wandb.Plotly(go.Figure(go.Scatter(x=[1, 2], y=[3, 4]))),
        "go": go.Figure(go.Bar(x=[1, 2], y=[3, 4])),
        "figure": figure,
        "drawn": wandb.Image(figure),
        "heat": heat,
        "graph": graph,
        "large": np.arange(100.0),
        "small": np.arange(3.0),
    }


def main() -> None:
    files()
    settings = wandb.Settings(console="off", silent=True, x_disable_stats=True)
    run = wandb.init(project="media", mode="offline", settings=settings, dir=".")
    run.log({"loss": 1.0})
    run.log(images())
    run.log(others(), step=40)
    run.log({"again": wandb.Image("drawing.png")})
    run.summary["best"] = wandb.Image("drawing.png", caption="best")
    run.finish()


main()
