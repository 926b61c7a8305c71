import { describe, expect, test } from "vitest";
import { readBoxes } from "../src/model/boxes";
import { readHistogram, resample, total, valueRange } from "../src/model/histogram";
import type { Json } from "../src/model/json";
import { classNames, fileAddress, isReference, mediaItems, mediaKind, stepAt, unionSteps } from "../src/model/media";
import { bondsOf, readMolecule } from "../src/model/molecule";
import { boxEdges, readScene } from "../src/model/scene";

describe("media values", () => {
  test("a single image with layers", () => {
    const value = {
      _type: "image-file", path: "media/images/x_0_ab.png", width: 16, height: 8, size: 113, caption: "cap",
      masks: { prediction: { _type: "mask", path: "media/images/mask/m.png" } },
      boxes: { truth: { _type: "boxes2D", path: "media/metadata/boxes2D/b.json" } },
    };

    expect(mediaItems(value)).toEqual([
      {
        kind: "image", type: "image-file", path: "media/images/x_0_ab.png", caption: "cap", width: 16, height: 8, size: 113,
        masks: [{ name: "prediction", path: "media/images/mask/m.png" }],
        boxes: [{ name: "truth", path: "media/metadata/boxes2D/b.json" }],
      },
    ]);
  });

  test("every list form is its items, with captions and layers by place", () => {
    const images = mediaItems({
      _type: "images/separated", width: 4, height: 4, count: 2, filenames: ["a.png", "b.png"], captions: ["first", null],
      all_masks: [null, { m: { _type: "mask", path: "m.png" } }],
    });
    const audio = mediaItems({ _type: "audio", count: 1, audio: [{ _type: "audio-file", path: "a.wav" }], captions: ["tone"] });
    const videos = mediaItems({ _type: "videos", count: 1, videos: [{ _type: "video-file", path: "a.gif" }], captions: false });
    const molecules = mediaItems({ _type: "molecule", filenames: ["a.pdb"], count: 1, captions: false });
    const scenes = mediaItems({ _type: "object3D", filenames: ["c.pts.json"], count: 1, objects: [{ _type: "object3D-file", path: "media/object3D/c.pts.json" }] });

    expect(images.map(({ path, caption, masks }) => [path, caption, masks.length])).toEqual([["a.png", "first", 0], ["b.png", null, 1]]);
    expect(audio.map(({ path, caption }) => [path, caption])).toEqual([["a.wav", "tone"]]);
    expect(videos[0]).toMatchObject({ kind: "video", path: "a.gif", caption: null });
    expect(molecules[0]).toMatchObject({ kind: "molecule", path: "a.pdb" });
    expect(scenes[0]).toMatchObject({ kind: "object3D", path: "media/object3D/c.pts.json" });
  });

  test.each<[Json, number]>([[null, 0], [3, 0], [{ a: 1 }, 0], [[{ _type: "image-file", path: "a" }, 3], 1], [{ _type: "images/separated" }, 0]])(
    "what is no media is none: %j",
    (value, count) => expect(mediaItems(value)).toHaveLength(count),
  );

  test("the kind of a key comes from the types of its values, known ones first", () => {
    expect(mediaKind({ number: 3 })).toBeNull();
    expect(mediaKind({ number: 3, "image-file": 1 })).toBe("image");
    expect(mediaKind({ "strange-file": 2, "table-file": 1 })).toBe("table");
    expect(mediaKind({ "strange-file": 2 })).toBe("other");
  });

  test("addresses keep slashes and hide nothing else", () => {
    expect(fileAddress({ entity: "e", project: "p q", run: "r" }, "media/a#b?.png")).toBe("/files/e/p%20q/r/media/a%23b%3F.png");
    expect(isReference("s3://bucket/x.png")).toBe(true);
    expect(isReference("media/x.png")).toBe(false);
  });

  test("the step shown is the last that is not behind", () => {
    const steps = [0, 5, 10];
    expect([-1, 0, 4, 5, 99].map((step) => stepAt(steps, step))).toEqual([null, 0, 0, 5, 10]);
    expect(unionSteps([[0, 5], [5, 7], []])).toEqual([0, 5, 7]);
  });

  test("class names are found by key and layer", () => {
    const config = { "mask/class_labels": { "val/img_wandb_delimeter_pred": { type: "mask/class_labels", value: { "0": "road", "1": "car" } }, "other_wandb_delimeter_pred": { value: { "0": "x" } } } };
    expect(classNames(config, "val/img", "mask")).toEqual(new Map([["pred", { "0": "road", "1": "car" }]]));
  });
});

describe("boxes", () => {
  test("fractions, pixels and both ways to say a place", () => {
    const boxes = readBoxes(
      {
        box_data: [
          { position: { minX: 0.1, maxX: 0.4, minY: 0.2, maxY: 0.7 }, class_id: 1 },
          { position: { middle: [90, 60], width: 40, height: 30 }, domain: "pixel", class_id: 2, box_caption: "two" },
          { position: { nothing: 1 }, class_id: 3 },
        ],
        class_labels: { "1": "car" },
      },
      200,
      100,
    );

    expect(boxes[0]).toMatchObject({ classId: "1", label: "car" });
    expect([boxes[0]?.x, boxes[0]?.y, boxes[0]?.width, boxes[0]?.height].map((n) => Math.round((n ?? 0) * 1000) / 1000)).toEqual([20, 20, 60, 50]);
    expect(boxes[1]).toEqual({ x: 70, y: 45, width: 40, height: 30, classId: "2", label: "two" });
    expect(boxes).toHaveLength(2);
  });
});

describe("histograms", () => {
  test("edges as given, and bins of equal width", () => {
    expect(readHistogram({ _type: "histogram", values: [1, 2], bins: [0, 1, 3] })).toEqual({ counts: [1, 2], edges: [0, 1, 3] });
    expect(readHistogram({ _type: "histogram", values: [1, 2], packedBins: { min: -1, size: 0.5, count: 2 } })).toEqual({ counts: [1, 2], edges: [-1, -0.5, 0] });
    expect(readHistogram({ _type: "histogram", values: [1, 2], bins: [0, 1] })).toBeNull();
  });

  test("resampling loses nothing and splits evenly", () => {
    const histogram = { counts: [2, 6], edges: [0, 1, 2] };
    const parts = resample(histogram, { min: 0, max: 2 }, 4);

    expect([...parts]).toEqual([0.125, 0.125, 0.375, 0.375]);
    expect(total(histogram)).toBe(8);
    expect(valueRange([histogram, { counts: [1], edges: [-3, 1] }])).toEqual({ min: -3, max: 2 });
    expect([...resample({ counts: [5], edges: [1, 1] }, { min: 0, max: 2 }, 2)].reduce((a, b) => a + b)).toBeCloseTo(1);
  });
});

describe("molecules and scenes", () => {
  const water = ["HETATM    1  O   HOH A   1       0.000   0.000   0.117  1.00  0.00           O", "HETATM    2  H1  HOH A   1       0.000   0.757  -0.469  1.00  0.00           H", "HETATM    3  H2  HOH A   1       0.000  -0.757  -0.469  1.00  0.00           H", "END"].join("\n");

  test("water has two bonds in every format", () => {
    const sdf = "\n\n\n  3  2  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.1170 O   0\n    0.0000    0.7570   -0.4690 H   0\n    0.0000   -0.7570   -0.4690 H   0\nM  END";
    const cif = "data_x\nloop_\n_atom_site.group_PDB\n_atom_site.type_symbol\n_atom_site.Cartn_x\n_atom_site.Cartn_y\n_atom_site.Cartn_z\nHETATM O 0 0 0.117\nHETATM H 0 0.757 -0.469\nHETATM H 0 -0.757 -0.469\n#";
    for (const [text, path] of [[water, "w.pdb"], [sdf, "w.sdf"], [cif, "w.cif"]] as const) {
      const atoms = readMolecule(text, path) ?? [];
      expect(atoms.map((atom) => atom.element)).toEqual(["O", "H", "H"]);
      expect(bondsOf(atoms)).toEqual([[0, 1], [0, 2]]);
    }
    expect(readMolecule("?", "w.mmtf")).toBeNull();
  });

  test("points with and without colours", () => {
    const plain = readScene([[1, 2, 3], [4, 5, 6]], () => [0, 0, 0]);
    const coloured = readScene({ points: [[0, 0, 0, 255, 0, 51]], boxes: [] }, () => [0, 0, 0]);
    const classed = readScene([[0, 0, 0, 7]], (category) => [category / 7, 0, 0]);

    expect([...plain.positions]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(plain.colours).toBeNull();
    expect([...(coloured.colours ?? [])].map((part) => Math.round(part * 10) / 10)).toEqual([1, 0, 0.2]);
    expect([...(classed.colours ?? [])]).toEqual([1, 0, 0]);
  });

  test("the edges of a box are its twelve, in whatever order its corners come", () => {
    const cube = [0, 1].flatMap((x) => [0, 1].flatMap((y) => [0, 1].map((z) => [x * 3, y * 2, z])));
    const mixed = [3, 0, 7, 1, 6, 2, 5, 4].map((index) => cube[index] ?? []);
    for (const corners of [cube, mixed]) {
      const edges = boxEdges(corners);
      expect(edges).toHaveLength(12);
      for (const [one, two] of edges) {
        const differing = [0, 1, 2].filter((axis) => corners[one]?.[axis] !== corners[two]?.[axis]);
        expect(differing).toHaveLength(1);
      }
    }
  });
});
