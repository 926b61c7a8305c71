import { describe, expect, test } from "vitest";
import { parseJson, parseJsonOr, parseObject } from "../src/model/json";

describe("tolerant JSON", () => {
  test("bare NaN and infinities are numbers", () => {
    const value = parseJson('{"a": NaN, "b": [Infinity, -Infinity, -1.5e3], "c": {"d": null}}');

    expect(value).toEqual({ a: NaN, b: [Infinity, -Infinity, -1500], c: { d: null } });
  });

  test("texts that look like NaN stay texts, with their escapes", () => {
    const value = parseJson('{"NaN": "say \\"NaN\\", \\u00e9\\\\", "x": NaN}');

    expect(value).toEqual({ NaN: 'say "NaN", é\\', x: NaN });
  });

  test.each(["", "{", "[1,", '{"a" 1}', "nan", "NaN x", '"open', "{'a': 1}", "[NaN,]"])("%j is refused", (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test("the position of the mistake is named", () => {
    expect(() => parseJson("[NaN, oops]")).toThrow("character 6");
  });

  test("a key named __proto__ is only a key", () => {
    const value = parseObject('{"__proto__": {"polluted": NaN}}');

    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("nesting without end is refused, not followed", () => {
    expect(() => parseJson("[".repeat(5000) + "NaN")).toThrow(SyntaxError);
  });

  test("absent and broken texts give the fallback", () => {
    expect(parseJsonOr(null, 1)).toBe(1);
    expect(parseJsonOr("{", 2)).toBe(2);
    expect(parseObject("[1]")).toEqual({});
  });
});
