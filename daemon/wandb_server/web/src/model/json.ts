/**
 * JSON as Python writes it: the standard, plus bare NaN, Infinity and -Infinity.
 *
 * Config and summary are stored as received, so one NaN must not make a whole run unreadable. The native parser
 * takes everything it can (fast); only what it refuses is read again here.
 */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The value of `text`. Throws SyntaxError with the position where it stops being JSON. */
export function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return new Reader(text).document();
  }
}

/** As `parseJson`, but `fallback` where the text is absent, empty or broken. */
export function parseJsonOr(text: string | null | undefined, fallback: Json): Json {
  if (!text) return fallback;
  try {
    return parseJson(text);
  } catch {
    return fallback;
  }
}

/** A JSON object, or an empty one. */
export function parseObject(text: string | null | undefined): Record<string, Json> {
  const value = parseJsonOr(text, {});
  return isObject(value) ? value : {};
}

export function isObject(value: Json | undefined): value is Record<string, Json> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A plain value as text, anything else as JSON; "" for null and what is absent. */
export function plainText(value: Json | undefined): string {
  if (value == null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const WORDS: readonly [string, Json][] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
];
const NUMBER = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;
const DEPTH_MAX = 500;

class Reader {
  private at = 0;

  constructor(private readonly text: string) {}

  document(): Json {
    const value = this.value(0);
    this.space();
    if (this.at < this.text.length) this.fail();
    return value;
  }

  private value(depth: number): Json {
    if (depth > DEPTH_MAX) this.fail();
    this.space();
    const first = this.text[this.at];
    if (first === "{") return this.object(depth);
    if (first === "[") return this.list(depth);
    if (first === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return Number(this.match(NUMBER));
  }

  private object(depth: number): Json {
    const result: Record<string, Json> = {};
    this.at += 1;
    if (this.skip("}")) return result;
    do {
      this.space();
      const key = this.string();
      if (!this.skip(":")) this.fail();
      Object.defineProperty(result, key, {
        value: this.value(depth + 1),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    } while (this.skip(","));
    if (!this.skip("}")) this.fail();
    return result;
  }

  private list(depth: number): Json {
    const result: Json[] = [];
    this.at += 1;
    if (this.skip("]")) return result;
    do result.push(this.value(depth + 1));
    while (this.skip(","));
    if (!this.skip("]")) this.fail();
    return result;
  }

  private string(): string {
    return JSON.parse(this.match(STRING)) as string;
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text);
    if (!found) return this.fail();
    this.at = pattern.lastIndex;
    return found[0];
  }

  private space(): void {
    this.match(SPACE);
  }

  private skip(token: string): boolean {
    this.space();
    if (this.text[this.at] !== token) return false;
    this.at += 1;
    return true;
  }

  private fail(): never {
    throw new SyntaxError(`not JSON at character ${this.at}`);
  }
}
