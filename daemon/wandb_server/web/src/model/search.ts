/** Every search box: plain text (all words, any case), or a regular expression when it begins with a slash. */

export interface Search {
  /** Whether a name is found. An invalid expression finds everything: what is on the screen stays. */
  readonly matches: (...texts: readonly (string | null | undefined)[]) => boolean;
  /** Why the expression is invalid, for people; null if it is fine. */
  readonly problem: string | null;
}

const EVERYTHING: Search = { matches: () => true, problem: null };
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
    return { matches: (...texts) => texts.some((text) => text != null && pattern.test(text)), problem: null };
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
    problem: null,
  };
}
