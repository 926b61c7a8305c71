/**
 * A stand-in for the server, for working on the page alone: `npm run mock`, then `npm run dev`.
 *
 * Serves the fields that the page asks for with synthetic runs (spikes, NaN, infinities, one run still running), and
 * the built page itself. PORT (8099) and RUNS (12) may be set.
 */
import { createReadStream, existsSync } from "node:fs";
import { createServer } from "node:http";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PORT = Number(process.env.PORT ?? 8099);
const RUNS = Number(process.env.RUNS ?? 12);
const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const KEYS = ["loss", "acc", "train/loss", "train/acc", "train/lr", "val/loss", "val/acc", "epoch", "train/layer1/norm", "train/layer2/norm", "odd/nan", "odd/inf"];
const WORDS = ["sunny-river", "calm-field", "old-lake", "brave-hill", "quiet-dawn", "icy-moss", "amber-wind"];
const BEGIN = Date.now() - 3 * 3600e3;

const random = (seed) => {
  let value = seed * 2654435761;
  return () => {
    value = Math.imul(value ^ (value >>> 15), 2246822507) + 0x9e3779b9;
    return ((value ^ (value >>> 13)) >>> 0) / 2 ** 32;
  };
};

const runs = Array.from({ length: RUNS }, (_, index) => ({
  id: `r${(index * 7919 + 1234567).toString(36)}x${index}`,
  index,
  displayName: `${WORDS[index % WORDS.length]}-${index + 1}`,
  state: index === RUNS - 1 ? "running" : ["finished", "finished", "failed", "crashed", "killed"][index % 5],
  createdAt: BEGIN + index * 60e3,
  steps: index === RUNS - 1 ? 400 : 300 + ((index * 977) % 4000),
}));

const noise = new Map();
function valueAt(run, key, step) {
  const id = `${run.index}|${key}`;
  if (!noise.has(id)) {
    const next = random(run.index * 131 + key.length * 17 + 3);
    noise.set(id, Array.from({ length: 997 }, next));
  }
  const wobble = noise.get(id)[(step * 31) % 997] - 0.5;
  const slow = step / 800;
  if (key === "odd/nan" && step % 170 === 60) return NaN;
  if (key === "odd/inf" && step % 290 === 100) return step % 580 === 100 ? Infinity : -Infinity;
  if (key.endsWith("loss")) return (step === 777 ? 4 : 0) + 2.2 * Math.exp(-slow * (1 + run.index / 9)) + 0.08 + wobble * 0.12 * Math.exp(-slow / 3);
  if (key.endsWith("acc")) return 1 - 0.9 * Math.exp(-slow * (0.6 + run.index / 12)) + wobble * 0.04;
  if (key === "train/lr") return 1e-3 * 0.5 * (1 + Math.cos((step / run.steps) * Math.PI)) + 1e-7;
  if (key === "epoch") return Math.floor(step / 100);
  return Math.sin(step / 90 + run.index) + wobble * 0.3;
}

function series(run, key, axis, min, max, buckets) {
  const points = [];
  const every = key.startsWith("val") ? 25 : 1;
  for (let step = 0; step < run.steps; step += every) {
    const x = axis === "_step" ? step : axis === "_runtime" ? step * 0.7 + run.index : axis === "_timestamp" ? (run.createdAt / 1000) + step * 0.7 : valueAt(run, axis, step);
    if ((min == null || x >= min) && (max == null || x <= max)) points.push([x, valueAt(run, key, step)]);
  }
  points.sort((a, b) => a[0] - b[0]);
  const size = Math.max(1, Math.ceil(points.length / buckets));
  const out = { run: run.id, key, pointCount: points.length, x: [], last: [], min: [], max: [], mean: [], count: [], nanCount: [], posInfCount: [], negInfCount: [] };
  for (let at = 0; at < points.length; at += size) {
    const part = points.slice(at, at + size);
    const finite = part.map((point) => point[1]).filter(Number.isFinite);
    out.x.push(part.at(-1)[0]);
    out.min.push(finite.length ? Math.min(...finite) : null);
    out.max.push(finite.length ? Math.max(...finite) : null);
    out.mean.push(finite.length ? finite.reduce((a, b) => a + b) / finite.length : null);
    out.last.push(finite.at(-1) ?? null);
    out.count.push(part.length);
    out.nanCount.push(part.filter((point) => Number.isNaN(point[1])).length);
    out.posInfCount.push(part.filter((point) => point[1] === Infinity).length);
    out.negInfCount.push(part.filter((point) => point[1] === -Infinity).length);
  }
  return out;
}

const iso = (ms) => new Date(ms).toISOString();
const entry = (run) => ({
  id: run.id, eventsLineCount: 0, name: run.id, displayName: run.displayName, state: run.state, createdAt: iso(run.createdAt), heartbeatAt: iso(Date.now()),
  group: null, tags: run.index % 3 ? [] : ["baseline"], jobType: null, notes: "A note.", commit: "3f2a91c", repo: "git@host:lab/vision.git",
  host: "node-07", program: "train.py", exitCode: run.state === "running" ? null : run.state === "finished" ? 0 : 1,
  finishedAt: run.state === "running" ? null : iso(run.createdAt + run.steps * 700), lastStep: run.steps - 1, refusedRows: 0,
  historyLineCount: run.steps, logLineCount: logCount(run), user: { name: "ada" },
  config: JSON.stringify({ lr: { value: 0.001 * (run.index + 1) }, model: { value: { kind: "cnn", layers: [64, 128, 256], dropout: "DROP" } }, batch_size: { value: 128 }, _wandb: { value: { m: [{ 1: "epoch", 6: [] }, { 2: "val/*", 5: 1, 6: [1] }], cli_version: "1.0.0", python_version: "3.11.7", e: { abc: { os: "Linux-6.1", python: "CPython 3.11.7", args: ["--lr", "0.1"], program: "train.py", executable: "/usr/bin/python", cpu_count: 8, gpu: "NVIDIA H100", gpu_count: 1, startedAt: iso(run.createdAt) } } } } }).replace('"DROP"', "NaN"),
  summaryMetrics: JSON.stringify({ loss: valueAt(run, "loss", run.steps - 1), acc: 0.91, best: { max: 0.97 }, bad: "INF", _runtime: 412, _step: run.steps - 1, _timestamp: Date.now() / 1000 }).replace('"INF"', "Infinity"),
});
const logCount = (run) => run.steps * 3;
const logLine = (run, number) => ({ number, timestamp: iso(run.createdAt + number * 230).replace("Z", ""), level: number % 41 === 7 ? "error" : null, label: null, line: number % 41 === 7 ? `Traceback: something odd at ${number}` : `epoch ${Math.floor(number / 60)} batch ${number % 60} loss ${valueAt(run, "loss", number).toFixed(4)}` });
const connection = (nodes, from, total, cursorAt) => ({
  edges: nodes.map((node, index) => ({ node, cursor: cursorAt ? cursorAt(node) : String(from + index + 1) })),
  pageInfo: { endCursor: String(from + nodes.length), hasNextPage: from + nodes.length < total },
});

function answer({ operationName, variables }) {
  const find = (id) => runs.find((run) => run.id === id);
  const empty = variables.project === "empty";
  switch (operationName) {
    case "PageProjects":
      return { models: connection([{ name: "vision", runCount: RUNS, lastActivityAt: iso(Date.now() - 30e3), createdAt: iso(BEGIN), sizeBytes: 12345678 }, { name: "empty", runCount: 0, lastActivityAt: null, createdAt: iso(BEGIN), sizeBytes: 0 }], 0, 2) };
    case "PageRuns":
    case "PageNewestRuns": {
      if (variables.project === "missing") return { project: null };
      const list = empty ? [] : [...runs].reverse();
      const from = Number(variables.after ?? 0);
      return { project: { runs: connection(list.slice(from, from + variables.first).map(entry), from, list.length) } };
    }
    case "PageDefinitions":
      return { project: { runs: connection([{ wandbConfig: JSON.stringify({ m: [{ 1: "epoch", 6: [] }, { 2: "val/*", 5: 1, 6: [1] }] }) }], 0, 1) } };
    case "PageMetricKeys":
      return {
        project: {
          metricColumns: { keys: KEYS, types: KEYS.map(() => ({ number: 10 })), runCounts: KEYS.map(() => variables.runs.length) },
        },
      };
    case "PageSeries": {
      const project = {};
      for (let index = 0; `runs${index}` in variables; index += 1) {
        const of = (name) => variables[`${name}${index}`];
        project[`part${index}`] = of("runs").flatMap((id) => of("keys").map((key) => series(find(id), key, of("axis"), of("min"), of("max"), of("buckets"))));
      }
      return { project };
    }
    case "PageRun": {
      const run = find(variables.run);
      return { project: { run: run ? entry(run) : null } };
    }
    case "PageLogLines": {
      const run = find(variables.run);
      const total = logCount(run);
      const from = variables.after == null ? 0 : Number(variables.after) + 1;
      const lines = Array.from({ length: Math.max(0, Math.min(variables.first, total - from)) }, (_, index) => logLine(run, from + index));
      return { project: { run: { logLineCount: total, logLines: connection(lines, from, total, (node) => String(node.number)) } } };
    }
    case "PageRunRecord":
      return { project: { run: { id: variables.run, fileCount: 0, inputs: { totalCount: 0 }, outputs: { totalCount: 0 }, alerts: [] } } };
    case "PageSystemKeys":
      return { project: { metricKeys: [] } };
    case "PageFiles":
      return { project: { run: { files: connection([], 0, 0) } } };
    case "PageRunArtifacts":
      return { project: { run: { inputArtifacts: connection([], 0, 0), outputArtifacts: connection([], 0, 0) } } };
    case "PageArtifactTypes":
      return { project: { artifactTypes: connection([], 0, 0) } };
    default:
      throw new Error(`unknown operation ${operationName}`);
  }
}

const listeners = new Set();
setInterval(() => {
  const run = runs.at(-1);
  run.steps += 2;
  const change = { run: run.id, lastStep: run.steps - 1, state: run.state, historyLineCount: run.steps, logLineCount: logCount(run) };
  for (const listener of listeners) listener.write(`data: ${JSON.stringify(change)}\n\n`);
}, 500);

const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml", ".woff2": "font/woff2" };
createServer((request, response) => {
  const path = new URL(request.url, "http://mock").pathname;
  const json = (value) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(value));
  };
  if (path === "/api/session") return json({ user: "ada", entity: "ada", version: "1.0.0", local: true });
  if (path === "/api/changes") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    response.write(": hello\n\n");
    listeners.add(response);
    return request.on("close", () => listeners.delete(response));
  }
  if (path === "/graphql") {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    return request.on("end", () => {
      try {
        json({ data: answer(JSON.parse(Buffer.concat(parts).toString())) });
      } catch (error) {
        json({ errors: [{ message: String(error) }] });
      }
    });
  }
  const file = join(DIST, extname(path) && existsSync(join(DIST, path)) ? path : "index.html");
  response.setHeader("Content-Type", TYPES[extname(file)] ?? "application/octet-stream");
  return createReadStream(file).pipe(response);
}).listen(PORT, "127.0.0.1", () => console.log(`http://127.0.0.1:${PORT}`));
