/** Every search box: plain text (all words, any case), or a regular expression when it begins with a slash. */

export interface Search {
  /** Whether a name is found. An invalid expression finds everything: what is on the screen stays. */
  readonly matches: (...texts: readonly (string | null | undefined)[]) => boolean;
  /** Where in a text it is found, as half-open ranges in order; none for a search for everything. */
  readonly spans: (text: string) => readonly (readonly [number, number])[];
  /** Why the expression is invalid, for people; null if it is fine. */
  readonly problem: string | null;
}

const EVERYTHING: Search = { matches: () => true, spans: () => [], problem: null };
const EXPRESSION = /^\/(.*?)(?:\/([imsu]*))?$/s;

export function parseSearch(text: string): Search {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed === "/") return EVERYTHING;
  const parts = trimmed.startsWith("/") ? EXPRESSION.exec(trimmed) : null;
  return parts ? expression(parts[1] ?? "", parts[2] ?? "i") : words(trimmed);
}

function expression(source: string, flags: string): Search {
  try {
    const pattern = new RegExp(source, flags);
    const each = new RegExp(source, `${flags}g`);
    return {
      matches: (...texts) => texts.some((text) => text != null && pattern.test(text)),
      spans: (text) => joined([...text.matchAll(each)].map((found) => [found.index, found.index + found[0].length])),
      problem: null,
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { ...EVERYTHING, problem: reason.replace(/^Invalid regular expression: /, "") };
  }
}

function words(text: string): Search {
  const wanted = text.toLowerCase().split(/\s+/);
  return {
    matches: (...texts) => {
      const all = texts.join("\n").toLowerCase();
      return wanted.every((word) => all.includes(word));
    },
    spans: (text) => joined(wanted.flatMap((word) => occurrences(text.toLowerCase(), word))),
    problem: null,
  };
}

function occurrences(text: string, word: string): [number, number][] {
  const found: [number, number][] = [];
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) found.push([at, at + word.length]);
  return found;
}

/** Ranges in order, those that touch made one, empty ones left out. */
function joined(ranges: readonly (readonly [number, number])[]): [number, number][] {
  const result: [number, number][] = [];
  for (const [start, end] of [...ranges].sort(([left], [right]) => left - right)) {
    const last = result.at(-1);
    if (end <= start) continue;
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else result.push([start, end]);
  }
  return result;
}
