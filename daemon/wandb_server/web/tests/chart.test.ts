import { describe, expect, test } from "vitest";
import { nearestIndex, toColumns, type RawSeries } from "../src/chart/columns";
import { Crosshair } from "../src/chart/crosshair";
import { mergeMarks, type Mark } from "../src/chart/marks";
import { nearestRows, type Line } from "../src/chart/nearness";
import { xRange, yRange } from "../src/chart/scale";

function raw(values: (number | null)[], more: Partial<RawSeries> = {}): RawSeries {
  const zeros = values.map(() => 0);
  const x = values.map((_, index) => index);
  return { x, min: values, max: values, mean: values, nanCount: zeros, posInfCount: zeros, negInfCount: zeros, ...more };
}

function line(id: string, values: (number | null)[], more: Partial<RawSeries> = {}): Line {
  return { id, family: id, label: id, colour: "#000", dash: [], columns: toColumns(raw(values, more)), smooth: null };
}

describe("columns", () => {
  test("a bucket without a finite point is a gap", () => {
    expect(toColumns(raw([1, null, 3])).y[1]).toBeNaN();
  });

  test("bands and marks are only there when there is something to see", () => {
    const plain = toColumns(raw([1, 2]));
    const odd = toColumns(raw([1, 2], { max: [1, 9], nanCount: [0, 2] }));

    expect([plain.banded, plain.marks]).toEqual([false, null]);
    expect(odd.banded).toBe(true);
    expect(odd.marks?.nan[1]).toBe(2);
  });

  test.each([
    [[], 1, -1],
    [[0, 10, 20], -5, 0],
    [[0, 10, 20], 14, 1],
    [[0, 10, 20], 16, 2],
    [[0, 10, 20], 99, 2],
    [[5, 5, 5], 5, 0],
  ])("in %j the nearest to %d has index %d", (x, wanted, index) => {
    expect(nearestIndex(x, wanted)).toBe(index);
  });
});

describe("ranges", () => {
  test("y covers the extremes of the band within the view, with air", () => {
    const spiky = toColumns(raw([1, 1, 1, 1], { max: [1, 50, 1, 900] }));
    const range = yRange([spiky], { min: 0, max: 2 }, false);

    expect(range.max).toBeGreaterThan(50);
    expect(range.max).toBeLessThan(60);
    expect(range.min).toBeLessThan(1);
  });

  test("a flat line lies in the middle", () => {
    const range = yRange([toColumns(raw([5, 5]))], { min: 0, max: 1 }, false);

    expect((range.min + range.max) / 2).toBeCloseTo(5);
  });

  test("a logarithmic range leaves out what is not positive", () => {
    const range = yRange([toColumns(raw([-3, 0, 0.01, 100]))], { min: 0, max: 3 }, true);

    expect(range.min).toBeGreaterThan(0.001);
    expect(range.min).toBeLessThan(0.01);
    expect(range.max).toBeGreaterThan(100);
  });

  test("steps and times that begin near zero are shown from zero", () => {
    const late = toColumns(raw([1, 2, 3], { x: [3, 50, 100] }));

    expect(xRange([late], true)).toEqual({ min: 0, max: 100 });
    expect(xRange([late])).toEqual({ min: 3, max: 100 });
    expect(xRange([toColumns(raw([1, 2], { x: [900, 1000] }))], true)).toEqual({ min: 900, max: 1000 });
  });

  test("without a point there is no x-range, with one it has a width", () => {
    expect(xRange([toColumns(raw([]))])).toBeNull();
    expect(xRange([toColumns(raw([1]))])).toEqual({ min: -0.5, max: 0.5 });
  });
});

describe("marks", () => {
  const mark = (at: number, count = 1, colour = "red"): Mark => ({ at, count, colour });

  test("marks that would overlap become one, with the sum of their counts", () => {
    expect(mergeMarks([mark(0), mark(3, 2), mark(6, 3), mark(50)], 12)).toEqual([mark(3, 6), mark(50)]);
  });

  test("a mark of several lines has no line's colour", () => {
    const merged = mergeMarks([mark(10, 1, "red"), mark(40, 1, "red"), mark(10, 1, "blue")], 12);

    expect(merged).toEqual([{ at: 10, count: 2, colour: null }, mark(40)]);
  });

  test("a long row of marks does not become a single one", () => {
    const marks = mergeMarks(Array.from({ length: 100 }, (_, index) => mark(index * 5)), 12);

    expect(marks.length).toBeGreaterThan(30);
    expect(marks.reduce((sum, { count }) => sum + count, 0)).toBe(100);
  });

  test("no marks, no triangles", () => {
    expect(mergeMarks([], 12)).toEqual([]);
  });
});

describe("tooltip", () => {
  const toPixel = (value: number): number => 100 - value;

  test("the nearest line comes first", () => {
    const lines = [line("low", [10]), line("high", [90]), line("middle", [50])];

    const { rows } = nearestRows(lines, 0, toPixel(55), toPixel, 1);

    expect(rows.map((row) => row.line.id)).toEqual(["middle", "high", "low"]);
  });

  test("at most twelve rows, the rest is counted", () => {
    const lines = Array.from({ length: 30 }, (_, index) => line(`l${index}`, [index]));

    const { rows, rest } = nearestRows(lines, 0, 50, toPixel, 1);

    expect([rows.length, rest]).toEqual([12, 18]);
  });

  test("lines that end before the pointer are left out, unless it is close", () => {
    const lines = [line("short", [1, 1]), line("long", [1, 1, 1, 1, 1])];

    expect(nearestRows(lines, 4, 0, toPixel, 1).rows.map((row) => row.line.id)).toEqual(["long"]);
    expect(nearestRows(lines, 1.5, 0, toPixel, 1).rows.length).toBe(2);
  });

  test("a NaN takes part, at the upper edge", () => {
    const lines = [line("odd", [null], { nanCount: [1] }), line("far", [10])];

    expect(nearestRows(lines, 0, 2, toPixel, 1).rows[0]?.line.id).toBe("odd");
  });
});

test("the crosshair reaches all listeners until they leave", () => {
  const crosshair = new Crosshair();
  const seen: (number | null)[] = [];
  const stop = crosshair.subscribe((_axis, x) => seen.push(x));

  crosshair.publish("_step", 4, crosshair);
  stop();
  crosshair.publish("_step", 5, crosshair);

  expect(seen).toEqual([4]);
});
