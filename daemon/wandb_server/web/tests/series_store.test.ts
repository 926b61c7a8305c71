import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { REFRESH_MS, SeriesStore, type Ask, type Want } from "../src/api/series_store";

const STEP: Want = { runs: ["r1", "r2"], keys: ["loss"], axis: "_step", range: null, buckets: 100 };

/** Answers with two points per series; counts what was asked. */
class Server {
  readonly asked: { runs: string[]; keys: string[]; range: Want["range"] }[][] = [];
  failing = false;
  value = 1;

  readonly ask: Ask = (groups) => {
    this.asked.push(groups.map(({ runs, keys, want }) => ({ runs, keys, range: want.range })));
    if (this.failing) return Promise.reject(new Error("no server"));
    const value = this.value;
    return Promise.resolve(
      groups.map(({ runs, keys }) =>
        runs.flatMap((run) =>
          keys.map((key) => ({
            run, key, x: [0, 1], min: [value, value], max: [value, value], mean: [value, value],
            nanCount: [0, 0], posInfCount: [0, 0], negInfCount: [0, 0],
          })),
        ),
      ),
    );
  };
}

let server: Server;
let store: SeriesStore;

beforeEach(() => {
  vi.useFakeTimers();
  server = new Server();
  store = new SeriesStore(server.ask);
});

afterEach(() => {
  store.close();
  vi.useRealTimers();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("series store", () => {
  test("charts that come into view together share one request", async () => {
    for (const key of ["loss", "acc", "lr"]) store.watch({ ...STEP, keys: [key] }, () => undefined);
    await pass(100);

    expect(server.asked).toEqual([[{ runs: ["r1", "r2"], keys: ["loss", "acc", "lr"], range: null }]]);
  });

  test("a changed run is asked alone, at most four times a second", async () => {
    const watch = store.watch(STEP, () => undefined);
    await pass(100);
    server.value = 2;
    for (let index = 0; index < 20; index += 1) {
      store.touch(["r2"]);
      await pass(50);
    }
    await pass(REFRESH_MS);

    const refreshes = server.asked.slice(1);
    expect(refreshes.length).toBeLessThanOrEqual(5);
    expect(refreshes.every((groups) => groups.length === 1 && groups[0]?.runs.join() === "r2")).toBe(true);
    expect(watch.answer().columns.get("r2")?.get("loss")?.y[0]).toBe(2);
    expect(watch.answer().columns.get("r1")?.get("loss")?.y[0]).toBe(1);
  });

  test("nothing is asked while nothing changes", async () => {
    store.watch(STEP, () => undefined);
    await pass(60_000);

    expect(server.asked.length).toBe(1);
  });

  test("a zoom keeps what is there until the detail arrives", async () => {
    const watch = store.watch(STEP, () => undefined);
    await pass(100);
    watch.change({ ...STEP, range: { min: 0, max: 1 } });

    expect(watch.answer().complete).toBe(false);
    expect(watch.answer().columns.size).toBe(2);
    await pass(500);
    expect(watch.answer().complete).toBe(true);
    expect(server.asked.at(-1)?.[0]?.range).toEqual({ min: 0, max: 1 });
  });

  test("another axis shows nothing of the old one", async () => {
    const watch = store.watch(STEP, () => undefined);
    await pass(100);
    watch.change({ ...STEP, axis: "_runtime" });

    expect(watch.answer().columns.size).toBe(0);
  });

  test("going back to what was seen asks nothing", async () => {
    const watch = store.watch(STEP, () => undefined);
    await pass(100);
    watch.change({ ...STEP, range: { min: 0, max: 1 } });
    await pass(500);
    watch.change(STEP);
    await pass(500);

    expect(watch.answer().complete).toBe(true);
    expect(server.asked.length).toBe(2);
  });

  test("a failure is told, what is there stays, and it is tried again", async () => {
    const watch = store.watch(STEP, () => undefined);
    await pass(100);
    server.failing = true;
    store.touch(null);
    await pass(500);
    expect(watch.answer().problem).toBe("no server");
    expect(watch.answer().columns.size).toBe(2);

    server.failing = false;
    server.value = 5;
    await pass(5000);

    expect(watch.answer().problem).toBeNull();
    expect(watch.answer().columns.get("r1")?.get("loss")?.y[0]).toBe(5);
  });

  test("a change during a request is not lost", async () => {
    let release: () => void = () => undefined;
    const slow: Ask = async (groups) => {
      const answer = await server.ask(groups);
      await new Promise<void>((resolve) => (release = resolve));
      return answer;
    };
    store = new SeriesStore(slow);
    store.watch(STEP, () => undefined);
    await pass(50);
    store.touch(["r1"]);
    await pass(500);
    release();
    await pass(500);

    expect(server.asked.length).toBe(2);
    expect(server.asked[1]?.[0]?.runs).toEqual(["r1"]);
  });

  test("what no chart wants any more is dropped in the end", async () => {
    for (let index = 0; index < 60; index += 1) {
      const runs = Array.from({ length: 100 }, (_, run) => `r${run}`);
      const watch = store.watch({ ...STEP, runs, keys: [`key${index}`] }, () => undefined);
      await pass(300);
      watch.stop();
    }

    expect(store.size).toBeLessThanOrEqual(4100);
  });
});
