"""Media in artifacts: files by content, objects as 0.31.0 writes them, read back."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from wandb.sdk.data_types.base_types.wb_value import WBValue

pytest.importorskip("PIL")
PIXELS = np.random.default_rng(3).integers(0, 256, (8, 6, 3), dtype=np.uint8)
LABELS = {0: "bg", 1: "cat"}
BOX = {"position": {"minX": 0.1, "maxX": 0.2, "minY": 0.1, "maxY": 0.3}, "class_id": 1}


def layered() -> wandb.Image:
    mask = {"mask_data": np.array([[0, 1], [1, 2]]), "class_labels": LABELS}
    boxes = {"box_data": [BOX], "class_labels": {1: "cat"}}
    return wandb.Image(PIXELS, caption="q", masks={"p": mask}, boxes={"b": boxes})


@pytest.fixture
def artifact(edge: Path) -> Any:
    return wandb.Artifact("media", "dataset")


def unpacked(artifact: Any, directory: Path) -> Path:
    """The artifact's files, as a download lays them down."""
    for name, entry in artifact.manifest.entries.items():
        target = directory / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(Path(entry.local_path).read_bytes())
    return directory


def test_an_image_brings_its_layers_and_classes(artifact: Any, tmp_path: Path) -> None:
    value = layered().to_json(artifact)

    sha256 = value.pop("sha256")
    mask = value["masks"]["p"]
    classes = value.pop("classes")
    assert len(sha256) == 64
    assert value.pop("path").startswith("media/images/")
    assert mask.pop("path").startswith("media/images/mask/")
    assert mask.keys() == {"_type", "sha256"}
    assert value.pop("masks").keys() == {"p"}
    assert value == {
        "_type": "image-file",
        "format": "png",
        "width": 6,
        "height": 8,
        "caption": "q",
        "boxes": {"b": [BOX]},
    }
    assert classes["type"] == "classes-file"
    root = unpacked(artifact, tmp_path / "files")
    written = json.loads((root / classes["path"]).read_text())
    assert written["class_set"] == [
        {"id": 0, "name": "bg"},
        {"id": 1, "name": "cat"},
    ]
    assert len(artifact.manifest.entries) == 3


def test_a_file_keeps_its_name_below_its_hash(artifact: Any, tmp_path: Path) -> None:
    path = tmp_path / "m.pdb"
    path.write_text("ATOM")

    value = wandb.Molecule(str(path), caption="c").to_json(artifact)

    # Name and hash as 0.31.0 gave them for these four bytes.
    assert value["path"] == "media/molecule/939f34238170826d249f/m.pdb"
    assert value["sha256"].startswith("939f34238170826d249f03a04e8d"[:20])
    assert "size" not in value


def test_content_is_named_by_its_md5_and_stored_once(artifact: Any) -> None:
    values = [wandb.Html("<b>x</b>").to_json(artifact) for _ in range(2)]

    # 0.31.0's name for the same page.
    assert values[0]["path"] == "media/html/764d7c7f024980b0f3a9.html"
    assert values[0] == values[1]
    assert list(artifact.manifest.entries) == [values[0]["path"]]


def graph() -> wandb.Graph:
    made = wandb.Graph()
    made.add_edge(made.add_node(id="a", size=(1, 2)), made.add_node(id="b", name="n"))
    return made


def figure() -> wandb.Plotly:
    objects = pytest.importorskip("plotly.graph_objects")
    return wandb.Plotly(objects.Figure(objects.Scatter(x=[1], y=[2])))


VALUES: dict[str, Callable[[], Any]] = {
    "image": layered,
    "audio": lambda: wandb.Audio(np.sin(np.arange(50.0)), sample_rate=8000),
    "video": lambda: wandb.Video(np.zeros((2, 3, 4, 4), "uint8"), format="gif"),
    "html": lambda: wandb.Html("<p>é</p>"),
    "points": lambda: wandb.Object3D(np.ones((3, 4)), caption="c"),
    "molecule": lambda: wandb.Molecule(io.StringIO("ATOM"), file_type="pdb"),
    "histogram": lambda: wandb.Histogram([1, 2, 2.5]),
    "plotly": figure,
    "graph": graph,
    "classes": lambda: wandb.Classes([{"id": 1, "name": "x"}]),
}


@pytest.mark.parametrize("name", VALUES)
def test_what_an_artifact_holds_is_read_back(
    artifact: Any, tmp_path: Path, name: str
) -> None:
    value = VALUES[name]()
    written = json.loads(json.dumps(value.to_json(artifact)))

    read = WBValue.init_from_json(written, unpacked(artifact, tmp_path / "files"))

    assert read == value
    if isinstance(value, wandb.Image):
        assert np.array_equal(np.asarray(read.image), PIXELS)  # type: ignore[union-attr]
        assert read._boxes["b"].boxes == [BOX]  # type: ignore[union-attr]
        assert read._masks["p"].content() == value._masks["p"].content()  # type: ignore[union-attr]
        assert read._classes == value._all_classes()  # type: ignore[union-attr]


def test_an_object_cannot_name_a_file_outside(tmp_path: Path) -> None:
    (tmp_path / "secret.html").write_text("x")
    (tmp_path / "files").mkdir()

    with pytest.raises(ValueError, match="outside"):
        WBValue.init_from_json(
            {"_type": "html-file", "path": "../secret.html"}, tmp_path / "files"
        )


def test_packed_bins_of_old_data_are_read() -> None:
    packed = {"min": 0.0, "size": 0.5, "count": 2}

    old = wandb.Histogram.from_json({"values": [1, 2], "packedBins": packed})

    assert old.bins == [0.0, 0.5, 1.0]
