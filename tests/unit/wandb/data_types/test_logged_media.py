"""Calls of log() with media: files, plain objects, and what core is to complete."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wandb._encode import encode_log_data, encode_log_request
from wandb.sdk.data_types.logged import LoggedMedia
from wandb.sdk.live_run import LiveRun
from wandb_core.model import IncomingBatch
from wandb_core.pending_images import PendingImages
from wandb_proto.v1 import record_pb2 as pb

Image = pytest.importorskip("PIL.Image")

Logged = tuple[dict[str, Any], pb.LogRequest]


class Media:
    """A run in a directory; `log` makes what core gets, `complete` what core makes."""

    def __init__(self, run: LiveRun, stream: Any, directory: Path) -> None:
        self.run = run
        self.stream = stream
        self.directory = directory
        self.media = LoggedMedia(run)

    def log(self, data: dict[str, Any], step: int = 3) -> Logged:
        plain, more = self.media(data, step)
        return plain, pb.LogRequest.FromString(more)

    def complete(self, logged: Logged) -> dict[str, Any]:
        """The call's data after core has made the images."""
        plain, request = logged
        body = encode_log_data(plain)
        record = pb.Record.FromString(encode_log_request(body, 1.0, None, True))
        record.request.log.MergeFrom(request)
        images = PendingImages(self.directory / "run-abc.wandb")
        batch = IncomingBatch("s", 1, (record.SerializeToString(),))
        [completed] = images.complete([batch], lambda _: 1)
        self.images = images
        self.call = pb.Record.FromString(completed.records[0]).request.log
        values: dict[str, Any] = json.loads(self.call.data_json)
        return values

    def pixels(self, name: str) -> Any:
        with Image.open(Path(self.run.dir) / name) as image:
            return np.asarray(image)

    @property
    def announced(self) -> list[str]:
        return [f.path for record in self.stream.of("files") for f in record.files]


@pytest.fixture
def media(make_run: Callable[..., Any], tmp_path: Path) -> Media:
    directory = tmp_path / "offline-run-1-abc"
    run, stream = make_run(sync_dir=str(directory), mode="offline")
    return Media(run, stream, directory)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    height=st.integers(1, 400),
    width=st.integers(1, 300),
    channels=st.sampled_from([1, 3, 4]),
    seed=st.integers(0, 9),
)
def test_pixels_come_back_as_they_were(
    media: Media, height: int, width: int, channels: int, seed: int
) -> None:
    """Logged as scanlines, made by core, read by Pillow."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, channels), dtype=np.uint8)
    # A leading or middle dimension of 1 is taken away, as the official client does.
    expected = pixels.squeeze()

    values = media.complete(media.log({"a": wandb.Image(pixels)}))

    assert np.array_equal(media.pixels(values["a"]["path"]).squeeze(), expected)


def test_the_array_may_change_after_the_image_was_made(media: Media) -> None:
    pixels = np.zeros((4, 5), np.uint8)
    image = wandb.Image(pixels)
    pixels[:] = 9

    values = media.complete(media.log({"a": image}))

    assert media.pixels(values["a"]["path"]).max() == 0


def test_images_in_lists_and_dictionaries_are_completed_in_place(media: Media) -> None:
    shades = [np.full((4, 6), shade, np.uint8) for shade in range(5)]
    data = {
        "list": [wandb.Image(shades[0], caption="x"), wandb.Image(shades[1])],
        "deep": {"er": wandb.Image(shades[2])},
        "mixed": [1, wandb.Image(shades[3]), "two"],
        "plain": {"n": [1.5, None]},
    }

    values = media.complete(media.log(data))

    assert values["list"]["_type"] == "images/separated"
    names = [
        *values["list"]["filenames"],
        values["deep"]["er"]["path"],
        values["mixed"][1]["path"],
    ]
    assert [int(media.pixels(name)[0, 0]) for name in names] == [0, 1, 2, 3]
    assert [name.rpartition("_")[0] for name in names] == [
        "media/images/list_3",
        "media/images/list_3",
        "media/images/er_3",
        "media/images/mixed_3",
    ]
    assert values["mixed"][::2] == [1, "two"]
    assert values["plain"] == {"n": [1.5, None]}
    assert [file.path for file in media.call.files] == names


def test_scanlines_go_when_the_call_is_in_the_log(media: Media) -> None:
    media.complete(media.log({"a": wandb.Image(np.zeros((4, 4)))}))

    assert len(list(media.directory.glob("tmp/pixels/*"))) == 1
    media.images.remove_spent()
    assert list(media.directory.glob("tmp/pixels/*")) == []


def test_lost_scanlines_cost_their_image_only(media: Media) -> None:
    logged = media.log({"a": wandb.Image(np.zeros((4, 4))), "loss": 1})
    for path in media.directory.glob("tmp/pixels/*"):
        path.unlink()

    assert media.complete(logged) == {"loss": 1}
    assert media.images.lost == ["a"]


def test_a_name_that_leads_elsewhere_is_not_written(media: Media) -> None:
    plain, request = media.log({"a": wandb.Image(np.zeros((4, 4)))})
    request.raw_image[0].name_prefix = "../../outside_"

    assert media.complete((plain, request)) == {}
    assert list(media.directory.parent.rglob("outside_*")) == []


def test_keys_become_safe_file_names(media: Media) -> None:
    """Source: run-directory, section 3.6."""
    keys = {
        "a/b": "a/b",
        "/lead": "lead",
        "../up": "__/up",
        "./here": "_/here",
        "with space": "with space",
        "x" * 400: "x" * (255 - len("_3_" + ".html") - 20),
        "é" * 200: "é" * ((255 - len("_3_" + ".html") - 20) // 2),
    }
    for key, name in keys.items():
        plain, _ = media.log({key: wandb.Html("x")})

        path = plain[key]["path"]
        assert path.startswith(f"media/html/{name}_3_"), key
        assert (Path(media.run.dir) / path).is_file()


def test_only_108_images_of_a_list_are_kept(
    media: Media, capsys: pytest.CaptureFixture[str]
) -> None:
    images = [wandb.Image(np.zeros((2, 2)))] * 109

    plain, request = media.log({"a": images})

    assert plain["a"]["count"] == len(request.raw_image) == 108
    assert "Only 108 Image will be uploaded" in capsys.readouterr().err


class Broken(wandb.Histogram):
    def to_json(self, run_or_artifact: Any = None) -> dict[str, Any]:
        raise RuntimeError("no idea")


def test_what_cannot_be_stored_is_told_and_the_rest_is_logged(
    media: Media, capsys: pytest.CaptureFixture[str]
) -> None:
    plain, _ = media.log({"bad": Broken([1]), "loss": 2, "n": {"bad": Broken([1])}})

    assert plain == {"loss": 2, "n": {}}
    told = capsys.readouterr().err
    assert "'bad' was not logged: Broken: no idea" in told
    assert "'n.bad' was not logged" in told


def test_a_file_that_is_gone_costs_its_value_only(media: Media, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x")
    model = tmp_path / "m.obj"
    model.write_text("v")
    shape = wandb.Object3D(str(model))
    model.unlink()

    assert media.log({"a": shape, "loss": 1})[0] == {"loss": 1}


def test_without_room_for_scanlines_the_file_is_made_at_once(media: Media) -> None:
    media.directory.joinpath("tmp").mkdir(parents=True)
    media.directory.joinpath("tmp", "pixels").write_text("in the way")

    plain, request = media.log({"a": wandb.Image(np.full((4, 4), 7))})

    assert not request.raw_image
    assert media.pixels(plain["a"]["path"]).max() == 7
    assert media.announced == [plain["a"]["path"]]


def test_when_core_is_far_behind_log_encodes_by_itself(media: Media) -> None:
    """400 of 500 bytes wait: the second image is made by log()."""
    media.media = LoggedMedia(media.run, pending_bytes_max=500)
    image = wandb.Image(np.full((20, 19), 7))

    _, first = media.log({"a": image})
    plain, second = media.log({"a": image})
    media.stream.acknowledged = 1
    _, third = media.log({"a": image})

    assert [len(r.raw_image) for r in (first, second, third)] == [1, 0, 1]
    assert media.pixels(plain["a"]["path"]).max() == 7


def test_an_image_under_two_keys_has_two_files(media: Media) -> None:
    image = wandb.Image(np.zeros((3, 3)), caption="c")

    values = media.complete(media.log({"a": image, "b": image}))

    assert values["a"]["path"] != values["b"]["path"]
    assert values["a"]["sha256"] == values["b"]["sha256"]


def test_summary_takes_media_at_once(media: Media) -> None:
    media.run.summary["best"] = wandb.Image(np.full((4, 4), 5))
    media.run.summary.update({"page": wandb.Html("x"), "n": 1})

    updates = [item for record in media.stream.of("summary") for item in record.update]
    values = {item.key: json.loads(item.value_json) for item in updates}
    assert values["n"] == 1
    assert values["best"]["path"].startswith("media/images/best_summary_")
    assert media.pixels(values["best"]["path"]).max() == 5


def test_class_labels_are_told_once(media: Media) -> None:
    def image() -> wandb.Image:
        mask = {"mask_data": np.eye(2, dtype=int), "class_labels": {0: "a", 1: "b"}}
        return wandb.Image(np.zeros((2, 2)), masks={"m": mask})

    for step in range(3):
        media.log({"k": image()}, step)

    [config] = media.stream.of("config")
    [item] = config.update
    place = ["_wandb", "mask/class_labels", "k_wandb_delimeter_m"]
    assert list(item.nested_key) == place
    assert json.loads(item.value_json)["value"] == {"0": "a", "1": "b"}


def test_addresses_are_stored_as_they_are(media: Media) -> None:
    plain, _ = media.log({"a": wandb.Image("s3://bucket/x.png", caption="far")})

    assert plain["a"]["path"] == "s3://bucket/x.png"
    assert plain["a"]["caption"] == "far"
    assert media.announced == []


def test_a_link_instead_of_a_copy_if_the_setting_says_so(
    make_run: Callable[..., Any], tmp_path: Path
) -> None:
    directory = str(tmp_path / "run")
    run, _ = make_run(sync_dir=directory, mode="offline", allow_media_symlink=True)
    source = tmp_path / "page.obj"
    source.write_text("v 1")

    plain, _ = LoggedMedia(run)({"m": wandb.Object3D(str(source))}, 0)

    assert Path(run.dir, plain["m"]["path"]).readlink() == source


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_a_parent_has_pending_does_not_hold_up_its_child(media: Media) -> None:
    media.media = LoggedMedia(media.run, pending_bytes_max=500)
    media.log({"a": wandb.Image(np.zeros((20, 19)))})

    child = os.fork()
    if child == 0:
        small = {"a": wandb.Image(np.zeros((5, 5)))}
        requests = [media.log(small)[1] for _ in range(5)]
        os._exit(sum(len(request.raw_image) for request in requests))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5


def test_nothing_heavy_is_loaded_for_pages_and_arrays_need_no_pillow() -> None:
    code = (
        "import sys, wandb; wandb.Html('x'); wandb.Classes([])\n"
        "assert 'numpy' not in sys.modules\n"
        "sys.modules['PIL'] = None\n"
        "import numpy; wandb.Image(numpy.zeros((4, 4))).content()\n"
        "try: wandb.Image(numpy.zeros((4, 4)), file_type='jpg').content()\n"
        "except wandb.Error as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert "pip install wandb[media]" in done.stdout
