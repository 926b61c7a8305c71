"""Media panels: pictures with overlays, sound, pages, scenes, histograms, steps."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Error

from tests.browser.conftest import DIST, Browser, LoggedRun, curve
from tests.support.page_media import (
    Picture,
    image,
    mask_png,
    near,
    plain_png,
    silence,
    upload,
)
from tests.support.waiting import wait_until

MakeRun = Callable[..., LoggedRun]
RED, BLUE, GREEN = (200, 30, 30), (30, 30, 200), (30, 160, 60)


def card(page: Any, key: str) -> Any:
    """The media panel of a key, drawn."""
    found = page.locator(f'[data-panel="~{key}"]')
    found.wait_for()
    return found


def picture_of(place: Any) -> Picture:
    """What is on the screen there."""
    return Picture(place.screenshot())


def shown_image(panel: Any) -> Any:
    """The first image of a panel, loaded."""
    found = panel.locator(".image img").first
    found.wait_for()
    wait_until(lambda: found.evaluate("image => image.complete && image.naturalWidth"))
    return found


def shows(panel: Any, colour: tuple[int, int, int]) -> bool:
    """Whether the first image has that colour in its middle.

    Not while one image takes the place of another: then there is none to look at.
    """
    try:
        return near(picture_of(shown_image(panel)).pixel(0.5, 0.5), colour)
    except Error as error:
        if "not attached" in str(error):
            return False
        raise


def test_a_picture_is_shown_at_each_step_and_keys_move_the_step(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("pictures", "run1")
    rows: list[dict[str, Any]] = [{"loss": 1.0} for _ in range(10)]
    rows[2]["val/img"] = image(run, "two", plain_png(RED), caption="the red one")
    rows[7]["val/img"] = image(run, "seven", plain_png(BLUE))
    run.log(rows)

    page = browser.workspace("pictures")
    panel = card(page, "val/img")

    wait_until(lambda: shows(panel, BLUE))
    assert panel.locator(".step-slider").inner_text().startswith("Step 7")
    panel.hover()
    page.keyboard.press("[")
    wait_until(lambda: shows(panel, RED))
    assert "the red one" in panel.inner_text()
    page.wait_for_function("() => location.search.includes('step=2')")
    page.keyboard.press("]")
    wait_until(lambda: shows(panel, BLUE))


def test_runs_without_media_at_a_step_show_their_last_before_it(
    browser: Browser, make_run: MakeRun
) -> None:
    early, late = make_run("steps", "early"), make_run("steps", "late")
    early.log([{"img": image(early, "e", plain_png(RED))}, {"x": 1.0}, {"x": 1.0}])
    late.log([{"x": 1.0}, {"x": 1.0}, {"img": image(late, "l", plain_png(BLUE))}])

    page = browser.workspace("steps", "?step=2")
    panel = card(page, "img")

    early_one = panel.locator('.gallery-run[data-run="early"]')
    early_one.get_by_text("step 0").wait_for()
    wait_until(lambda: shows(early_one, RED))
    page = browser.workspace("steps", "?step=1")
    panel = card(page, "img")
    late_one = panel.locator('.gallery-run[data-run="late"]')
    late_one.get_by_text("nothing up to this step").wait_for()


def test_masks_and_boxes_lie_over_the_picture_and_can_be_switched_off(
    browser: Browser, make_run: MakeRun
) -> None:
    labels = {"img_wandb_delimeter_pred": {"value": {"0": "road", "1": "car"}}}
    run = make_run("layers", "run1", _wandb={"mask/class_labels": labels})
    classes = [[1 if x < 32 else 0 for x in range(64)] for _ in range(48)]
    mask = upload(run, "media/images/mask/m.mask.png", mask_png(classes))
    position = {"minX": 0.5, "maxX": 0.75, "minY": 0.25, "maxY": 0.75}
    boxes = {"box_data": [{"position": position, "class_id": 5}]}
    place = upload(
        run, "media/metadata/boxes2D/b.boxes2D.json", json.dumps(boxes).encode()
    )
    layers = {
        "masks": {"pred": {"_type": "mask", **mask}},
        "boxes": {"truth": {"_type": "boxes2D", **place}},
    }
    run.log([{"img": image(run, "base", plain_png((128, 128, 128)), **layers)}])

    page = browser.workspace("layers")
    panel = card(page, "img")
    whole = panel.locator(".image")
    panel.get_by_role("button", name="car").wait_for()

    def colour(x: float) -> tuple[int, int, int]:
        return picture_of(whole).pixel(x, 0.9)

    wait_until(lambda: not near(colour(0.2), (128, 128, 128), 30))
    assert not near(colour(0.2), colour(0.9), 30)
    panel.get_by_role("button", name="car").click()
    wait_until(lambda: near(colour(0.2), (128, 128, 128)))
    assert not near(colour(0.9), (128, 128, 128), 30)
    frame, rectangle = whole.bounding_box(), panel.locator("rect").bounding_box()
    left = (rectangle["x"] - frame["x"]) / frame["width"]
    assert abs(left - 0.5) < 0.02
    assert abs(rectangle["height"] / frame["height"] - 0.5) < 0.02
    panel.get_by_role("button", name="class_5").click()
    panel.locator("rect").wait_for(state="detached")


def test_lists_are_tiles_with_captions_and_fill_the_screen(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("lists", "run1")
    files = [image(run, f"i{n}", plain_png((n * 40, 0, 0)))["path"] for n in range(5)]
    value = {
        "_type": "images/separated", "width": 64, "height": 48, "format": "png",
        "count": 5, "filenames": files, "captions": [f"number {n}" for n in range(5)],
    }  # fmt: skip
    run.log([{"many": value}])

    page = browser.workspace("lists")
    panel = card(page, "many")
    shown_image(panel)
    assert panel.locator("figcaption").all_inner_texts() == value["captions"]
    width = shown_image(panel).bounding_box()["width"]
    panel.hover()
    page.keyboard.press("f")

    large = page.locator("dialog .media-card")
    large.wait_for()
    wait_until(lambda: shown_image(large).bounding_box()["width"] > 1.5 * width)
    assert "full=" in page.evaluate("() => location.search")
    page.keyboard.press("Escape")
    large.wait_for(state="detached")


def test_a_logged_page_runs_in_a_frame_without_our_cookie_or_the_network(
    browser: Browser, make_run: MakeRun
) -> None:
    script = """<p id=out>waiting</p><script>
      const out = document.getElementById("out"), said = [];
      try { said.push("cookie " + document.cookie) } catch { said.push("no cookie") }
      try { parent.document.title; said.push("parent") } catch { said.push("apart") }
      fetch("/api/session").then(() => said.push("network"), () => said.push("alone"))
        .then(() => { out.textContent = said.join(", ") })
    </script>"""
    run = make_run("pages", "run1")
    place = upload(run, "media/html/page.html", script.encode())
    run.log([{"page": {"_type": "html-file", **place}}])

    page = browser.workspace("pages")
    card(page, "page")

    inside = page.frame_locator('[data-panel="~page"] iframe').locator("#out")
    inside.get_by_text("alone").wait_for()
    assert inside.inner_text() == "no cookie, apart, alone"


def test_sound_can_be_played(browser: Browser, make_run: MakeRun) -> None:
    run = make_run("sounds", "run1")
    place = upload(run, "media/audio/tone.wav", silence(1.5))
    run.log([{"tone": {"_type": "audio-file", "caption": "quiet", **place}}])

    panel = card(browser.workspace("sounds"), "tone")

    sound = panel.locator("audio")
    wait_until(lambda: sound.evaluate("one => one.readyState") >= 1)
    assert abs(sound.evaluate("one => one.duration") - 1.5) < 0.05
    assert "quiet" in panel.inner_text()


def test_points_and_molecules_are_drawn(browser: Browser, make_run: MakeRun) -> None:
    run = make_run("scenes", "run1")
    points = [[x, y, 0, 230, 20, 20] for x in range(30) for y in range(30)]
    cloud = upload(run, "media/object3D/c.pts.json", json.dumps(points).encode())
    place = "HETATM    {}  {} HOH A   1       0.000   {}   {}  1.00  0.00           {}"
    atoms = (
        place.format(1, "O ", "0.000", " 0.117", "O")
        + "\n"
        + place.format(2, "H1", "0.757", "-0.469", "H")
    )
    water = upload(run, "media/molecule/w.pdb", atoms.encode())
    run.log(
        [
            {
                "cloud": {"_type": "object3D-file", **cloud},
                "water": {"_type": "molecule-file", **water},
            }
        ]
    )

    page = browser.workspace("scenes")

    stage = card(page, "cloud").locator(".stage[data-ready]")
    stage.wait_for()
    wait_until(lambda: picture_of(stage).count((230, 20, 20), 60) > 500)
    molecule = card(page, "water").locator(".stage[data-ready]")
    molecule.wait_for()
    assert molecule.get_attribute("aria-label") == "w.pdb, 2 atoms"
    wait_until(lambda: picture_of(molecule).count((205, 60, 60), 50) > 100)


def test_histograms_are_bars_and_a_heat_map_over_steps(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("weights", "run1")
    empty = [0] * 8
    rows = []
    for step in range(8):
        counts = [*empty]
        counts[step] = 10  # the values wander upwards
        edges = list(range(9))
        rows.append({"w": {"_type": "histogram", "values": counts, "bins": edges}})
    run.log(rows)

    page = browser.workspace("weights")
    panel = card(page, "w")

    panel.get_by_role("img", name="run1: 10 values").wait_for()
    heat = panel.get_by_role("img", name="run1: values from 0 to 8 over steps 0 to 7")
    heat.wait_for()
    alpha = """element => {
      const canvas = element.querySelector("canvas"), width = canvas.width;
      const context = canvas.getContext("2d");
      const at = (x, y) => context.getImageData(x, y, 1, 1).data[3];
      return [width, at(0, 63), at(0, 0), at(7, 0), at(7, 63)];
    }"""
    assert heat.evaluate(alpha) == [8, 255, 0, 255, 0]
    box = heat.bounding_box()
    heat.click(position={"x": box["width"] * 0.3, "y": 10})
    panel.get_by_text("Step 2", exact=True).wait_for()


def test_a_plotly_figure_is_drawn(browser: Browser, make_run: MakeRun) -> None:
    run = make_run("figures", "run1")
    data = [{"type": "bar", "x": ["one", "two", "three"], "y": [1, 3, 2]}]
    figure = {"data": data, "layout": {"title": {"text": "A figure"}}}
    place = upload(run, "media/plotly/f.plotly.json", json.dumps(figure).encode())
    run.log([{"fig": {"_type": "plotly-file", **place}}])

    panel = card(browser.workspace("figures"), "fig")

    panel.get_by_text("A figure").wait_for()
    assert panel.locator(".bars .point").count() == 3
    assert panel.locator(".xtick").all_text_contents() == ["one", "two", "three"]


def test_a_missing_file_and_an_unknown_type_are_said(
    browser: Browser, make_run: MakeRun
) -> None:
    run = make_run("gaps", "run1")
    lost = {"_type": "image-file", "path": "media/images/lost.png", "size": 3}
    strange = {"_type": "strange-file", "path": "media/strange/x.bin", "size": 3000}
    remote = {"_type": "image-file", "path": "s3://bucket/far.png"}
    run.log([{"lost": lost, "strange": strange, "remote": remote}])

    page = browser.workspace("gaps")

    card(page, "lost").get_by_text("could not be loaded").wait_for()
    card(page, "strange").get_by_text("No preview of strange-file").wait_for()
    card(page, "remote").get_by_text("s3://bucket/far.png").wait_for()


def test_the_first_view_stays_small_and_loads_no_viewer(
    browser: Browser, make_run: MakeRun
) -> None:
    """What a browser gets for a workspace of numbers, as the server sends it."""
    make_run("small", "run1").log(curve(20))
    page = browser.workspace("small")

    page.locator('[data-panel="train/loss"]').wait_for()
    loaded: list[str] = page.evaluate(
        "() => performance.getEntriesByType('resource').map(one => one.name)"
    )
    names = [Path(name).name for name in loaded if "/assets/" in name]
    assert not [
        name for name in names if name.startswith(("Vega", "Plotly", "useStage"))
    ]
    sizes = [
        (DIST / "assets" / f"{name}.br").stat().st_size
        for name in names
        if name.endswith((".js", ".css"))
    ]
    assert 0 < sum(sizes) < 350_000
