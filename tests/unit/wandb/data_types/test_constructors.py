"""What the constructors take and refuse, as the official client does.

Expected errors were seen with wandb 0.31.0, but for clearer texts.
"""

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb

pytest.importorskip("PIL")
PIXELS = np.zeros((4, 6, 3), np.uint8)
BOX = {"position": {"middle": [1, 2], "width": 1, "height": 2}, "class_id": 1}


def boxes(**changes: Any) -> dict[str, Any]:
    return {"boxes": {"b": {"box_data": [BOX | changes]}}}


REFUSED: dict[str, tuple[Any, type[Exception], str]] = {
    "image-of-two-channels": (
        lambda: wandb.Image(np.zeros((8, 6, 2))),
        ValueError,
        r"Un-supported shape for image conversion \[8, 6, 2\]",
    ),
    "image-of-five-channels": (
        lambda: wandb.Image(np.zeros((4, 4, 5))),
        ValueError,
        "Un-supported shape",
    ),
    "image-of-nothing": (lambda: wandb.Image(None), ValueError, "NoneType"),
    "image-missing": (lambda: wandb.Image("no.png"), FileNotFoundError, "no.png"),
    "image-as-gif": (
        lambda: wandb.Image(PIXELS, file_type="gif"),
        ValueError,
        "file_type must be one of",
    ),
    "masks-are-a-dict": (
        lambda: wandb.Image(PIXELS, masks=[1]),  # type: ignore[arg-type]
        ValueError,
        'Images "masks" argument must be a dictionary',
    ),
    "mask-without-data": (
        lambda: wandb.Image(PIXELS, masks={"p": {"x": 1}}),
        KeyError,
        "mask_data",
    ),
    "mask-of-three-dimensions": (
        lambda: wandb.Image(PIXELS, masks={"p": {"mask_data": np.zeros((2, 2, 3))}}),
        TypeError,
        "mask_data must be a 2D array",
    ),
    "mask-beyond-a-byte": (
        lambda: wandb.Image(PIXELS, masks={"p": {"mask_data": np.array([[300, 0]])}}),
        TypeError,
        "between 0 and 255",
    ),
    "box-without-data": (
        lambda: wandb.Image(PIXELS, boxes={"p": {}}),
        KeyError,
        "box_data",
    ),
    "box-without-place": (
        lambda: wandb.Image(PIXELS, **boxes(position={"minX": 0})),
        TypeError,
        "Each box must contain a position",
    ),
    "box-of-named-class": (
        lambda: wandb.Image(PIXELS, **boxes(class_id="a")),
        TypeError,
        "class_id must be an integer",
    ),
    "box-with-a-word-as-score": (
        lambda: wandb.Image(PIXELS, **boxes(scores={"a": "b"})),
        TypeError,
        "score value must be a number",
    ),
    "audio-without-rate": (
        lambda: wandb.Audio(np.zeros(9)),
        ValueError,
        '"sample_rate" is required',
    ),
    "audio-missing": (lambda: wandb.Audio("no.wav"), FileNotFoundError, "no.wav"),
    "video-of-another-format": (
        lambda: wandb.Video(np.zeros((2, 3, 4, 4)), format="avi"),
        ValueError,
        "accepts gif, mp4, webm, ogg",
    ),
    "video-of-three-dimensions": (
        lambda: wandb.Video(np.zeros((3, 4, 4)), format="gif"),
        ValueError,
        "at least 4 dimensions",
    ),
    "video-bytes-without-format": (
        lambda: wandb.Video(io.BytesIO(b"x")),
        ValueError,
        "requires a `format` argument",
    ),
    "html-of-a-number": (lambda: wandb.Html(5), ValueError, "string or an io object"),
    "points-of-five": (
        lambda: wandb.Object3D(np.zeros((2, 5))),
        ValueError,
        "n × 3",
    ),
    "points-as-a-list": (
        lambda: wandb.Object3D([[1, 2, 3]]),
        ValueError,
        "numpy array, dict or a file object",
    ),
    "scene-of-another-type": (
        lambda: wandb.Object3D({"type": "foo"}),
        ValueError,
        "only 'lidar/beta'",
    ),
    "model-without-type": (
        lambda: wandb.Object3D(io.StringIO("v")),
        ValueError,
        "Must pass file type",
    ),
    "molecule-of-another-type": (
        lambda: wandb.Molecule("m.obj"),
        ValueError,
        "only supports files of the type",
    ),
    "molecule-without-type": (
        lambda: wandb.Molecule(io.StringIO("A")),
        ValueError,
        "Must pass file_type",
    ),
    "histogram-of-513": (
        lambda: wandb.Histogram([1, 2], num_bins=513),
        ValueError,
        "maximum length of a histogram is 512",
    ),
    "histogram-without-an-edge": (
        lambda: wandb.Histogram(np_histogram=([1, 2], [1, 2])),
        ValueError,
        r"len\(bins\) must be len\(histogram\) \+ 1",
    ),
    "histogram-of-nan": (
        lambda: wandb.Histogram([float("nan"), 1]),
        ValueError,
        "not finite",
    ),
    "histogram-of-text": (
        lambda: wandb.Histogram("abc"),
        ValueError,
        "takes numbers, not str",
    ),
    "histogram-of-nothing": (wandb.Histogram, TypeError, "sequence or np_histogram"),
    "plotly-of-a-number": (
        lambda: wandb.Plotly(5),
        ValueError,
        "must be plotly figures",
    ),
    "box-in-space-of-two": (
        lambda: wandb.box3d(
            center=(1, 2), size=(1, 2, 3), orientation=(1, 0, 0, 0), color=(0, 0, 0)
        ),
        ValueError,
        "center has 2 elements instead of 3",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_constructor_refuses(case: str, tmp_path: Path) -> None:
    make, kind, text = REFUSED[case]

    with pytest.raises(kind, match=text):
        make()


@pytest.mark.parametrize("call", ["from_smiles", "from_rdkit"])
def test_molecules_of_rdkit_name_what_is_missing(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rdkit", None)

    with pytest.raises(wandb.Error, match=r"rdkit.*pip install"):
        getattr(wandb.Molecule, call)("CCO")


def test_a_turned_box_has_the_corners_of_the_official_client() -> None:
    """Corners of 0.31.0 for a quaternion of length √5."""
    box = wandb.box3d(
        center=(1, 2, 3), size=(1, 2, 3), orientation=(2, 0, 1, 0), color=(255, 100, 0)
    )

    assert np.allclose(
        box["corners"],
        [
            (-0.5, 1.0, 2.5), (1.9, 1.0, 4.3), (-0.5, 3.0, 2.5), (1.9, 3.0, 4.3),
            (0.1, 1.0, 1.7), (2.5, 1.0, 3.5), (0.1, 3.0, 1.7), (2.5, 3.0, 3.5),
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("format", "magic"),
    [("mp4", b"ftyp"), ("webm", b"\x1aE\xdf\xa3"), ("ogg", b"OggS")],
)
def test_frames_become_a_film_of_the_format(format: str, magic: bytes) -> None:
    pytest.importorskip("imageio_ffmpeg")
    frames = np.random.default_rng(1).integers(0, 256, (3, 3, 15, 17), dtype=np.uint8)

    assert magic in wandb.Video(frames, format=format).content()[:64]


class Tensor:
    """As much of a torch tensor as `Image` asks for."""

    __module__ = "torch"

    def __init__(self, array: Any) -> None:
        self.array = array
        self.shape = array.shape

    def detach(self) -> "Tensor":
        return self

    cpu = float = detach

    def is_floating_point(self) -> bool:
        return bool(self.array.dtype.kind == "f")

    def numpy(self) -> Any:
        return self.array


def test_float_tensors_are_stretched_and_whole_ones_are_not() -> None:
    low, high = np.float32(-2), np.float32(2)
    picture = np.array([[[low, high], [0, 1]]], np.float32)

    stretched = np.asarray(wandb.Image(Tensor(picture)).image)
    whole = np.asarray(wandb.Image(Tensor((picture + 2).astype("uint8"))).image)

    assert stretched.tolist() == [[0, 255], [127, 191]]
    assert whole.tolist() == [[0, 4], [2, 3]]


def test_a_batch_of_tensors_becomes_a_grid() -> None:
    """Nine images of 3×4: two rows of eight places with margins of 2."""
    batch = np.arange(9, dtype=np.uint8)[:, None, None, None]
    batch = np.broadcast_to(batch, (9, 3, 3, 4))

    grid = np.asarray(wandb.Image(Tensor(batch)).image)

    assert grid.shape == (2 * 5 + 2, 8 * 6 + 2, 3)
    assert grid[3, 3:-1:6, 0].tolist() == list(range(8))
    assert grid[8, 3, 0] == 8


def test_modes_and_types_of_pictures() -> None:
    from PIL import Image

    picture = Image.fromarray(np.full((4, 6, 3), 200, np.uint8))
    assert wandb.Image(picture, mode="L").image.mode == "L"
    assert wandb.Image(PIXELS, mode="L").image.mode == "L"
    assert wandb.Image(picture.convert("P")).image.mode == "P"
    assert wandb.Image(picture.convert("I;16")).image.size == (6, 4)
    jpeg = wandb.Image(np.zeros((4, 4, 4)), file_type="jpg").content()
    assert Image.open(io.BytesIO(jpeg)).format == "JPEG"
    assert wandb.Image(wandb.Image(PIXELS, caption="a"))._caption == "a"


def test_page_of_a_long_text_or_strange_name_is_no_path() -> None:
    for text in ("x" * 10_000, "a\0b", "<p>" * 200):
        assert wandb.Html(text, inject=False).html == text


def test_every_name_and_module_path_of_integrations_is_there() -> None:
    """Source: sdk-surface, sections 1 and 13."""
    from wandb.sdk.data_types.base_types.wb_value import WBValue
    from wandb.sdk.data_types.image import Image
    from wandb.sdk.data_types.video import Video

    named = {name: getattr(wandb.data_types, name) for name in wandb.data_types.__all__}
    assert named["Image"] is wandb.Image is Image
    assert named["Video"] is wandb.Video is Video
    assert named["WBValue"] is WBValue
    values = [kind for name, kind in named.items() if name not in ("box3d", "Node")]
    assert all(issubclass(kind, WBValue) for kind in values)
    assert wandb.Image.MAX_ITEMS == 108
    assert wandb.Image.MAX_DIMENSION == 65_500


def test_fractions_as_pixels_are_told(
    edge: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are black, here as with the official client: say it."""
    wandb.Image(np.array([[0, 255.0]]))
    assert capsys.readouterr().err == ""

    wandb.Image(np.array([[0.5, 1.0]]))

    assert "Multiply it by 255" in capsys.readouterr().err
