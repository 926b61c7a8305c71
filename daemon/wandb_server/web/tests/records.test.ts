import { describe, expect, test } from "vitest";
import { LogScan } from "../src/api/log_scan";
import { ownAddress } from "../src/api/file_texts";
import { toColumns } from "../src/chart/columns";
import { perSecond, scaled } from "../src/chart/rates";
import { markSpans, parseAnsi, plainText } from "../src/model/ansi";
import { parseDiff } from "../src/model/diff";
import { fileKind } from "../src/model/file_kind";
import { fileTree, treeRows } from "../src/model/file_tree";
import { gitWebAddress } from "../src/model/git";
import { highlight } from "../src/model/highlight";
import { layOut, NODE_HEIGHT, type LineageNode } from "../src/model/lineage";
import { parseSearch } from "../src/model/search";
import { systemGroups, unitText, unitTick } from "../src/model/system";
import { ttlText, usageSnippets } from "../src/model/usage";


describe("system metrics", () => {
  test("are charts in groups, devices as lines of one chart", () => {
    const groups = systemGroups([
      "system.proc.cpu.threads", "system.gpu.1.temp", "system.gpu.0.temp", "system.network.recv", "system.network.sent", "system.cpu",
      "system.disk./.usagePercent", "system.disk./data.usagePercent", "_runtime", "system.tpu.0.dutyCycle", "system.memory_percent",
    ]);

    expect(groups.map((group) => group.title)).toEqual(["CPU", "Memory", "Disk", "Network", "GPU", "Process", "Other"]);
    const gpu = groups.find((group) => group.title === "GPU")?.charts[0];
    expect(gpu).toMatchObject({ title: "GPU temperature", unit: "celsius", rate: false });
    expect(gpu?.lines.map((line) => line.label)).toEqual(["GPU 0", "GPU 1"]);
    expect(groups.find((group) => group.title === "Network")?.charts[0]).toMatchObject({ unit: "bytes/s", rate: true });
    expect(groups.find((group) => group.title === "Disk")?.charts[0]?.lines.map((line) => line.label)).toEqual(["/", "/data"]);
  });

  test("of several writers are told apart by their label", () => {
    const [group] = systemGroups(["system.cpu/l:rank0", "system.cpu/l:rank1"]);

    expect(group?.charts[0]?.lines.map((line) => line.label)).toEqual(["rank0", "rank1"]);
  });

  test("are written with their unit", () => {
    expect(unitTick("percent", 25, 25)).toBe("25%");
    expect(unitTick("celsius", 60, 10)).toBe("60 °C");
    expect(unitTick("bytes", 2.5e9, 5e8)).toBe("2.5 GB");
    expect(unitText("bytes/s", 12_345.678)).toBe("12.3 kB/s");
    expect(unitText("watts", 301.24)).toBe("301.2 W");
    expect(unitText("bytes/s", 0.3)).toBe("0 B/s");
  });

  test("that count since the start are drawn as what they grow by", () => {
    const zero = [0, 0, 0, 0];
    const values = [100, 400, 50, 350];
    const counter = toColumns({ x: [0, 10, 20, 30], min: values, max: values, mean: values, nanCount: zero, posInfCount: zero, negInfCount: zero });

    const rate = perSecond(counter, 2);

    expect([...rate.x]).toEqual([10, 20, 30]);
    expect([...rate.y]).toEqual([60, NaN, 60]);
    expect([...scaled(counter, 1e6).y]).toEqual([1e8, 4e8, 5e7, 3.5e8]);
  });
});

describe("searching the console", () => {
  const lines = Array.from({ length: 12_000 }, (_, number) => ({ number, timestamp: null, level: null, label: null, line: number % 1000 === 7 ? `\u001b[31mLoss\u001b[0m is NaN at ${number}` : `epoch ${number}` }));
  const fetchPage = (first: number, count: number) => Promise.resolve({ lines: lines.slice(first, first + count), total: lines.length });
  const settle = async (scan: LogScan, total: number): Promise<void> => {
    for (let turn = 0; turn < 1000 && scan.scanned < total; turn += 1) await Promise.resolve();
  };

  test("finds every line, in order, through colours", async () => {
    const scan = new LogScan(fetchPage, parseSearch("/loss is nan"));

    scan.cover(12_000);
    await settle(scan, 12_000);

    expect(scan.matches).toEqual([7, 1007, 2007, 3007, 4007, 5007, 6007, 7007, 8007, 9007, 10_007, 11_007]);
  });

  test("goes on where it grows and looks again at what may have been rewritten", async () => {
    const growing = lines.slice(0, 8);
    const scan = new LogScan((first, count) => Promise.resolve({ lines: growing.slice(first, first + count), total: growing.length }), parseSearch("nan"));
    scan.cover(8);
    await settle(scan, 8);
    expect(scan.matches).toEqual([7]);

    growing[7] = { ...growing[7]!, line: "fine after all" };
    growing.push({ ...growing[7], number: 8, line: "NaN again" });
    scan.cover(9);
    await settle(scan, 9);

    expect(scan.matches).toEqual([8]);
  });

  test("marks what was found, across changes of colour", () => {
    const line = "a \u001b[31mred\u001b[0m fox";
    const marks = parseSearch("/d f").spans(plainText(line));

    const spans = markSpans(parseAnsi(line), marks);

    expect(spans.map((span) => [span.text, span.marked, span.colour])).toEqual([
      ["a ", false, null], ["re", false, 1], ["d", true, 1], [" f", true, null], ["ox", false, null],
    ]);
    expect(parseSearch("fox a").spans("a fox")).toEqual([[0, 1], [2, 5]]);
    expect(parseSearch("/x*").spans("axx")).toEqual([[1, 3]]);
    expect(parseSearch("/(").problem).not.toBeNull();
  });

  test("knows the 256 colours and true ones", () => {
    expect(parseAnsi("\u001b[38;5;196mx")[0]?.colour).toBe("rgb(255 0 0)");
    expect(parseAnsi("\u001b[38;5;244mx")[0]?.colour).toBe("rgb(128 128 128)");
    expect(parseAnsi("\u001b[38;2;1;2;3mx\u001b[39my").map((span) => span.colour)).toEqual(["rgb(1 2 3)", null]);
    expect(parseAnsi("\u001b[48;5;1;32mx")[0]?.colour).toBe(2);
  });
});

describe("files", () => {
  const files = ["b.txt", "media/images/x_10.png", "media/images/x_9.png", "code/train.py", "a.txt"].map((name, index) => ({ name, sizeBytes: index + 1 }));

  test("are a tree with folders first, numbers in their order, sizes added up", () => {
    const tree = fileTree(files);

    expect(tree).toMatchObject({ fileCount: 5, sizeBytes: 15 });
    const rows = treeRows(tree, () => true);
    expect(rows.map((row) => `${" ".repeat(row.depth)}${row.label}`)).toEqual(["code", " train.py", "media/images", " x_9.png", " x_10.png", "a.txt", "b.txt"]);
    expect(treeRows(tree, () => false).map((row) => row.label)).toEqual(["code", "media/images", "a.txt", "b.txt"]);
  });

  test("are shown by what they are", () => {
    expect(fileKind("media/table/t_0_abc.table.json", null)).toBe("table");
    expect(fileKind("x.SVG", null)).toBe("frame");
    expect(fileKind("noname", "text/html")).toBe("frame");
    expect(fileKind("diff.patch", null)).toBe("diff");
    expect(fileKind("Dockerfile", null)).toBe("text");
    expect(fileKind("weights.bin", "application/octet-stream")).toBe("unknown");
  });

  test("are asked of the host that the page came from", () => {
    globalThis.window = { location: { origin: "http://127.0.0.1:8080" } } as unknown as Window & typeof globalThis;
    expect(ownAddress("http://localhost:8080/files/ada/p/r/a%20b.txt?expires=1&signature=2")).toBe("/files/ada/p/r/a%20b.txt?expires=1&signature=2");
    expect(ownAddress("https://bucket.example/x?y=1")).toBe("https://bucket.example/x?y=1");
  });
});

describe("code", () => {
  test("is coloured by lines, strings over several lines too", () => {
    const lines = highlight('def f():  # why\n    """one\n    two"""\n    return 0x1f', "a.py");

    expect(lines.map((line) => line.map((token) => `${token.kind}:${token.text}`))).toEqual([
      ["keyword:def", "plain: f():  ", "comment:# why"],
      ["plain:    ", 'string:"""one'],
      ['string:    two"""'],
      ["plain:    ", "keyword:return", "plain: ", "number:0x1f"],
    ]);
    expect(highlight("a = 1\nreturn", "notes.txt")).toEqual([[{ kind: "plain", text: "a = 1" }], [{ kind: "plain", text: "return" }]]);
  });

  test("as a diff has the lines of both sides", () => {
    const text = "diff --git a/x.py b/x.py\nindex 1..2 100644\n--- a/x.py\n+++ b/x.py\n@@ -3,3 +3,3 @@ def f():\n same\n--- old\n+new\n last\ndiff --git a/y b/y\nnew file mode 100644\n--- /dev/null\n+++ b/y\n@@ -0,0 +1 @@\n+only\n\\ No newline at end of file\n";

    const diff = parseDiff(text);

    expect(diff).toMatchObject({ added: 2, removed: 1, fileCount: 2 });
    expect(diff.rows.map((row) => [row.kind, row.before, row.after, row.text])).toEqual([
      ["file", null, null, "x.py"],
      ["hunk", null, null, "@@ -3,3 +3,3 @@ def f():"],
      ["same", 3, 3, "same"],
      ["removed", 4, null, "-- old"],
      ["added", null, 4, "new"],
      ["same", 5, 5, "last"],
      ["file", null, null, "y"],
      ["note", null, null, "new file mode 100644"],
      ["hunk", null, null, "@@ -0,0 +1 @@"],
      ["added", null, 1, "only"],
      ["note", null, null, "\\ No newline at end of file"],
    ]);
  });

  test("lies where its remote says", () => {
    expect(gitWebAddress("git@github.com:lab/vision.git")).toBe("https://github.com/lab/vision");
    expect(gitWebAddress("https://token@gitlab.example.org/a/b/c.git")).toBe("https://gitlab.example.org/a/b/c");
    expect(gitWebAddress("ssh://git@host.example:2222/x/y")).toBe("https://host.example/x/y");
    expect(gitWebAddress("/srv/git/x.git")).toBeNull();
    expect(gitWebAddress("javascript:alert(1)")).toBeNull();
  });
});

describe("artifacts", () => {
  const node = (id: string): LineageNode => ({ id, kind: "artifact", title: id, note: "", address: null, centre: false });

  test("are laid out in layers, empty ones left out, short ones in the middle", () => {
    const graph = layOut([{ nodes: [] }, { nodes: [node("run")] }, { nodes: [node("a"), node("b"), node("c")] }], [
      { source: "run", target: "a" },
      { source: "run", target: "b" },
      { source: "gone", target: "c" },
    ]);

    const place = (id: string) => graph.nodes.find((one) => one.id === id);
    expect(place("run")?.y).toBe(place("b")?.y);
    expect(place("run")?.x).toBeLessThan(place("a")?.x ?? 0);
    expect((place("b")?.y ?? 0) - (place("a")?.y ?? 0)).toBeGreaterThan(NODE_HEIGHT);
    expect(graph.links.map(({ source, target }) => `${source.id} ${target.id}`)).toEqual(["run a", "run b"]);
    expect(graph.height).toBeGreaterThan(3 * NODE_HEIGHT);
  });

  test("are got at by Python with the reader's own names, quoted", () => {
    const place = { entity: "ada", project: 'my "p"', collection: "net", version: "v2", type: "model" };

    const snippets = usageSnippets(place);

    expect(snippets.map((snippet) => snippet.title)).toContain("As a model");
    expect(snippets[0]?.text.split("\n")[1]).toBe('with wandb.init(entity="ada", project="my \\"p\\"") as run:');
    expect(usageSnippets({ ...place, type: "dataset" }).map((snippet) => snippet.title)).not.toContain("As a model");
  });

  test("are kept as long as was said", () => {
    const days = (seconds: number): string => `${seconds / 86_400} d`;

    expect(ttlText(null, null, days)).toBe("as long as the project keeps artifacts");
    expect(ttlText(-2, true, days)).toBe("as long as the project keeps artifacts");
    expect(ttlText(-1, false, days)).toBe("for ever");
    expect(ttlText(172_800, false, days)).toBe("2 d");
    expect(ttlText(172_800, true, days)).toBe("2 d (as the project says)");
  });
});
