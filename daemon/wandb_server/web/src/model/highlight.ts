/** Source text as tokens for colouring: comments, strings, numbers and keywords; no grammar beyond that. */

export type TokenKind = "comment" | "string" | "number" | "keyword" | "plain";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

interface Language {
  readonly names: RegExp;
  /** Named groups comment, string, number and word. */
  readonly pattern: RegExp;
  readonly keywords: ReadonlySet<string>;
}

const NUMBER = "(?<number>\\b(?:0[xob][\\da-f_]+|\\d[\\d_]*\\.?[\\d_]*(?:e[+-]?\\d+)?)\\b)";
const WORD = "(?<word>[A-Za-z_]\\w*)";
const QUOTED = "\"(?:\\\\.|[^\"\\\\\\n])*\"?|'(?:\\\\.|[^'\\\\\\n])*'?";
const words = (text: string): Set<string> => new Set(text.split(" "));
const language = (names: RegExp, comment: string, string: string, keywords: string): Language => ({
  names,
  pattern: new RegExp(`(?<comment>${comment})|(?<string>${string})|${NUMBER}|${WORD}`, "gi"),
  keywords: words(keywords),
});

const LANGUAGES: readonly Language[] = [
  language(
    /\.(py|pyi|ipy)$/i,
    "#[^\\n]*",
    `[rbfu]{0,2}(?:"""[\\s\\S]*?(?:"""|$)|'''[\\s\\S]*?(?:'''|$)|${QUOTED})`,
    "False None True and as assert async await break case class continue def del elif else except finally for from global if import in is lambda match nonlocal not or pass raise return try while with yield self",
  ),
  language(
    /\.(js|mjs|ts|tsx|jsx|c|h|cc|cpp|hpp|cu|cuh|rs|go|java|kt|proto|css)$/i,
    "//[^\\n]*|/\\*[\\s\\S]*?(?:\\*/|$)",
    `${QUOTED}|\`(?:\\\\.|[^\`\\\\])*\`?`,
    "async await auto bool break case catch char class const continue default do double else enum export extends extern false final float fn for func function if impl import in int interface let long match mod mut namespace new null nullptr package private protected public return self short static struct super switch template this throw true try type typedef typename unsigned use using var virtual void while yield",
  ),
  language(/\.(json|ipynb|jsonl|gltf|babylon)$/i, "(?!)", QUOTED, "true false null NaN Infinity"),
  language(
    /\.(ya?ml|toml|ini|cfg|conf|sh|bash|zsh|env|r|jl|sql|tex)$|(^|\/)(dockerfile|makefile)$/i,
    "(?:^|(?<=\\s))#[^\\n]*",
    QUOTED,
    "true false null yes no if then else elif fi for in do done while case esac function return export local set FROM RUN COPY ENTRYPOINT ENV ARG WORKDIR CMD",
  ),
];

/** The lines of a text, each as tokens. What has no known ending is plain. */
export function highlight(text: string, name: string): Token[][] {
  const known = LANGUAGES.find((candidate) => candidate.names.test(name));
  if (!known) return text.split("\n").map((line) => (line === "" ? [] : [{ kind: "plain", text: line }]));
  const lines: Token[][] = [[]];
  const push = (kind: TokenKind, piece: string): void => {
    piece.split("\n").forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1)?.push({ kind, text: part });
    });
  };
  let from = 0;
  for (const found of text.matchAll(known.pattern)) {
    const groups = found.groups ?? {};
    const kind = kindOf(groups, known.keywords);
    if (kind === "plain") continue;
    push("plain", text.slice(from, found.index));
    push(kind, found[0]);
    from = found.index + found[0].length;
  }
  push("plain", text.slice(from));
  return lines;
}

function kindOf(groups: Record<string, string | undefined>, keywords: ReadonlySet<string>): TokenKind {
  if (groups["comment"] !== undefined) return "comment";
  if (groups["string"] !== undefined) return "string";
  if (groups["number"] !== undefined) return "number";
  return keywords.has(groups["word"] ?? "") ? "keyword" : "plain";
}
