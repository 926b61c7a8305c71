import { describe, expect, test } from "vitest";
import { bytes, clockTick, duration, durationTick, grouped, lineTime, short, since, tick } from "../src/model/numbers";

describe("numbers", () => {
  test.each([
    [0, "0"],
    [0.93117, "0.9312"],
    [-0.5, "−0.5"],
    [12340, "12\u2009340"],
    [123.456, "123.5"],
    [9999.4, "9999"],
    [1234567.8, "1\u2009234\u2009568"],
    [1e-7, "1e-7"],
    [-1.2346e-9, "−1.235e-9"],
    [1e20, "1e20"],
    [NaN, "NaN"],
    [Infinity, "∞"],
    [-Infinity, "−∞"],
  ])("%d is written %s", (value, text) => {
    expect(short(value)).toBe(text);
  });

  test.each([
    [0, 1, "0"],
    [1500, 500, "1.5k"],
    [2000, 1000, "2k"],
    [2_000_000, 500_000, "2M"],
    [0.25, 0.05, "0.25"],
    [0.3, 0.1, "0.3"],
    [7.5, 2.5, "7.5"],
    [0.075, 0.025, "0.075"],
    [1250, 250, "1.25k"],
    [100, 50, "100"],
    [-1, 0.5, "−1"],
    [1e-6, 1e-6, "1e-6"],
  ])("the tick %d at distance %d is written %s", (value, increment, text) => {
    expect(tick(value, increment)).toBe(text);
  });

  test("neighbouring ticks never read the same", () => {
    for (const increment of [0.001, 0.0025, 0.25, 25, 250, 2500]) {
      const texts = Array.from({ length: 9 }, (_, index) => tick(1000 + index * increment, increment));
      expect(new Set(texts).size).toBe(9);
    }
  });

  test.each([
    [0.42, "0.42 s"],
    [42, "42 s"],
    [200, "3 m 20 s"],
    [3600, "1 h"],
    [7500, "2 h 5 m"],
    [90_000, "1 d 1 h"],
    [NaN, "–"],
  ])("%d seconds last %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  test("ticks of time take the unit that fits", () => {
    expect([30, 120, 5400, 172800].map(durationTick)).toEqual(["30s", "2m", "1.5h", "2d"]);
  });

  test("ticks of the clock say as much as is needed", () => {
    const noon = new Date(2026, 10, 20, 12, 5, 30).getTime() / 1000;
    const midnight = new Date(2026, 10, 21).getTime() / 1000;

    expect(clockTick(noon, 60)).toBe("12:05");
    expect(clockTick(noon, 10)).toBe("12:05:30");
    expect(clockTick(midnight, 3600)).toMatch(/21/);
    expect(clockTick(noon, 86_400)).toMatch(/20/);
  });

  test("times of console lines are those of the reader's zone", () => {
    const text = lineTime("2026-11-20T10:00:00.123456");

    expect(new Date(text.replace(" ", "T")).getTime()).toBe(Date.UTC(2026, 10, 20, 10, 0, 0, 123));
    expect(lineTime("2026-11-20T10:00:00Z")).toBe(lineTime("2026-11-20T10:00:00"));
    expect(lineTime("someday")).toBe("someday");
  });

  test("sizes and ages", () => {
    expect([999, 1500, 12_345_678].map(bytes)).toEqual(["999 B", "1.5 kB", "12.3 MB"]);
    expect(since(0, 20_000)).toBe("just now");
    expect(since(0, 180_000)).toBe("3 min ago");
    expect(since(0, 7_200_000)).toBe("2 h ago");
    expect(grouped(-1234)).toBe("−1\u2009234");
  });
});
