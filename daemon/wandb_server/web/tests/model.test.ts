import { describe, expect, test } from "vitest";
import { parseAnsi } from "../src/model/ansi";
import { hash, RUN_COLOURS, runColour, runDashes } from "../src/model/colours";
import { definitionOf, metricDefinitions } from "../src/model/metrics";
import { formatRoute, parseRoute, type Route } from "../src/model/route";
import { environmentOf, ownSummary, quoteArgument, unwrapConfig } from "../src/model/run";
import { parseSearch } from "../src/model/search";
import { groupSections, sectionLeaf, sectionPath } from "../src/model/sections";
import { smooth } from "../src/model/smoothing";

describe("colours", () => {
  test("a run keeps its colour", () => {
    expect(runColour("abc12345")).toBe(runColour("abc12345"));
    expect(hash("")).not.toBe(hash("a"));
  });

  test("random ids use the whole palette about evenly", () => {
    const counts = new Map<string, number>();
    for (let index = 0; index < 4000; index += 1) {
      const colour = runColour(`run${index}`);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }

    expect(counts.size).toBe(RUN_COLOURS.length);
    expect(Math.max(...counts.values())).toBeLessThan(300);
    expect(Math.min(...counts.values())).toBeGreaterThan(120);
  });

  test("runs on one colour differ by their dashes, the first is solid", () => {
    const ids = Array.from({ length: 30 }, (_, index) => `id${index}`);
    const dashes = runDashes(ids);
    const looks = ids.map((id) => `${runColour(id)} ${dashes.get(id)?.join()}`);

    expect(new Set(looks).size).toBe(30);
    expect(dashes.get("id0")).toEqual([]);
  });
});

describe("sections", () => {
  test.each([
    ["loss", "", "loss"],
    ["train/loss", "train", "loss"],
    ["train/layer1/norm", "train/layer1", "norm"],
    ["nest.x.y", "nest.x", "y"],
    ["train/top.5", "train", "top.5"],
    ["/odd", "", "/odd"],
  ])("%s lies in %j", (key, path, leaf) => {
    expect(sectionPath(key)).toBe(path);
    expect(sectionLeaf(key)).toBe(leaf);
  });

  test("sections and keys are in natural order, metrics without a path first", () => {
    const sections = groupSections(["b/layer10", "b/layer2", "loss", "a/x", "b/sub/y"]);

    expect(sections.map((section) => section.title)).toEqual(["Charts", "a", "b", "b / sub"]);
    expect(sections[2]?.keys).toEqual(["b/layer2", "b/layer10"]);
  });
});

describe("search", () => {
  test("all words in any case and order", () => {
    const search = parseSearch(" River SUNNY ");

    expect(search.matches("sunny-river-3")).toBe(true);
    expect(search.matches("sunny-lake-3")).toBe(false);
  });

  test("a slash begins a regular expression, with or without its end", () => {
    expect(parseSearch("/^train.*loss$").matches("train/loss")).toBe(true);
    expect(parseSearch("/LOSS/").matches("loss")).toBe(false);
    expect(parseSearch("/LOSS/i").matches("loss")).toBe(true);
  });

  test("an invalid expression says why and hides nothing", () => {
    const search = parseSearch("/(");

    expect(search.problem).toContain("(");
    expect(search.matches("anything")).toBe(true);
  });
});

describe("smoothing", () => {
  const x = Float64Array.from({ length: 200 }, (_, index) => index);
  const noisy = x.map((at) => Math.sin(at / 40) + (at % 2 ? 0.5 : -0.5));

  test("nothing changes at strength 0", () => {
    expect(smooth(x, noisy, 0, 199)).toEqual(noisy);
  });

  test("a constant stays that constant from its first point", () => {
    const result = smooth(x, x.map(() => 3), 0.9, 199);

    expect(Math.min(...result)).toBeCloseTo(3);
    expect(Math.max(...result)).toBeCloseTo(3);
  });

  test("it gets calmer with the strength", () => {
    const roughness = (y: Float64Array): number => y.reduce((sum, value, index) => sum + Math.abs(value - (y[index - 1] ?? value)), 0);
    const amounts = [0, 0.5, 0.9, 0.99].map((strength) => roughness(smooth(x, noisy, strength, 199)));

    expect([...amounts].sort((a, b) => b - a)).toEqual(amounts);
  });

  test("NaN stays a gap and does not spread", () => {
    const result = smooth([0, 1, 2, 3], [1, NaN, 1, Infinity], 0.9, 3);

    expect(result[1]).toBeNaN();
    expect(result[2]).toBeCloseTo(1);
    expect(result[3]).toBe(Infinity);
  });
});

describe("define_metric", () => {
  const definitions = metricDefinitions([
    { 1: "epoch", 6: [] },
    { 2: "val/*", 5: 1, 6: [1] },
    { 2: "val/deep/*", 5: 5, 6: [1] },
    { 1: "val/secret", 6: [2, 3] },
    { 1: "outer\\.step", 6: [] },
    "not an entry",
  ]);

  test("a step metric is found through its index and its glob", () => {
    expect(definitionOf("val/loss", definitions)?.stepMetric).toBe("epoch");
    expect(definitionOf("train/loss", definitions)).toBeNull();
  });

  test("the longer glob wins, and an exact name wins over both", () => {
    expect(definitionOf("val/deep/x", definitions)?.stepMetric).toBe("outer.step");
    expect(definitionOf("val/secret", definitions)?.hidden).toBe(true);
  });

  test("nonsense defines nothing", () => {
    expect(metricDefinitions({ 1: "x" })).toEqual([]);
    expect(metricDefinitions(undefined)).toEqual([]);
  });
});

describe("addresses", () => {
  const routes: Route[] = [
    { view: "home" },
    { view: "projects", entity: "ada" },
    { view: "workspace", entity: "ada", project: "a b/c" },
    { view: "run", entity: "ada", project: "p", run: "x1", tab: "charts" },
    { view: "run", entity: "ada", project: "p", run: "x1", tab: "logs" },
    { view: "table", entity: "ada", project: "p" },
    { view: "artifacts", entity: "ada", project: "p", type: null, collection: null, version: null, tab: "overview" },
    { view: "artifacts", entity: "ada", project: "p", type: "data set", collection: null, version: null, tab: "overview" },
    { view: "artifacts", entity: "ada", project: "p", type: "model", collection: "net/a", version: "v3", tab: "lineage" },
  ];

  test.each(routes)("$view is written and read back", (route) => {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  });

  test("addresses of other clients lead somewhere sensible", () => {
    expect(parseRoute("/ada/p/runs/x1/workspace")).toMatchObject({ view: "run", tab: "charts" });
    expect(parseRoute("/ada/p/workspace")).toMatchObject({ view: "workspace" });
    expect(parseRoute("/ada/p/artifacts/model/net/v1/nonsense")).toMatchObject({ view: "artifacts", version: "v1", tab: "overview" });
    expect(parseRoute("/ada/p/nonsense/x")).toMatchObject({ view: "unknown" });
    expect(parseRoute("/%E0%A4%A")).toEqual({ view: "projects", entity: "%E0%A4%A" });
  });
});

describe("config and summary", () => {
  test("values are unwrapped, our own keys stay out", () => {
    expect(unwrapConfig({ lr: { value: 0.1 }, odd: 3, _wandb: { value: {} } })).toEqual({ lr: 0.1, odd: 3 });
    expect(ownSummary({ loss: 1, _step: 2 })).toEqual({ loss: 1 });
  });

  test("the command is quoted as a shell wants it", () => {
    const environment = environmentOf({
      _wandb: { value: { cli_version: "1.0.0", e: { w: { program: "my train.py", args: ["--lr", "0.1", "it's"], gpu: "X", gpu_count: 2 } } } },
    });

    expect(environment.command).toBe("python 'my train.py' --lr 0.1 'it'\\''s'");
    expect(environment.gpu).toBe("2 × X");
    expect(environment.version).toBe("1.0.0");
    expect(quoteArgument("a/b=1")).toBe("a/b=1");
  });

  test("a config without an environment has none", () => {
    expect(Object.values(environmentOf({})).every((value) => value === null)).toBe(true);
  });
});

describe("console colours", () => {
  test("colours become spans, other sequences vanish", () => {
    const spans = parseAnsi("\u001b[31mred \u001b[1mbold\u001b[0m\u001b[2K plain\u001b]0;title\u0007");

    expect(spans).toEqual([
      { text: "red ", colour: 1, bold: false },
      { text: "bold", colour: 1, bold: true },
      { text: " plain", colour: null, bold: false },
    ]);
  });

  test("wide colours are kept, and bright ones", () => {
    expect(parseAnsi("\u001b[38;5;196ma\u001b[38;2;1;2;3mb\u001b[92mc").map((span) => span.colour)).toEqual(["rgb(255 0 0)", "rgb(1 2 3)", 10]);
  });
});
