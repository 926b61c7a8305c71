/** Nested values as a tree of keys: values in mono, exact on hover, long lists cut. */

import { useState, type ReactElement } from "react";
import { exact, short } from "../model/numbers";
import { isObject, type Json } from "../model/json";
import { Icon } from "./icons";

const ITEMS_MAX = 200;
const TEXT_MAX = 400;
const DEPTH_OPEN = 2;

interface JsonTreeProps {
  readonly value: Record<string, Json>;
  readonly matches: (path: string) => boolean;
}

/** Entries whose dotted path or value matches; a branch shows when anything in it does. */
export function JsonTree({ value, matches }: JsonTreeProps): ReactElement {
  const entries = Object.entries(value).filter(([key, child]) => hasMatch(key, child, matches));
  if (entries.length === 0) return <p className="faint">Nothing here.</p>;
  return (
    <div className="tree" role="tree">
      <Branch entries={entries} path="" depth={0} matches={matches} />
    </div>
  );
}

function hasMatch(path: string, value: Json, matches: (path: string) => boolean): boolean {
  if (matches(path)) return true;
  if (isObject(value)) return Object.entries(value).some(([key, child]) => hasMatch(`${path}.${key}`, child, matches));
  return typeof value === "string" && matches(value);
}

interface BranchProps {
  readonly entries: readonly [string, Json][];
  readonly path: string;
  readonly depth: number;
  readonly matches: (path: string) => boolean;
}

function Branch({ entries, path, depth, matches }: BranchProps): ReactElement {
  const [all, setAll] = useState(false);
  const shown = all ? entries : entries.slice(0, ITEMS_MAX);
  return (
    <>
      {shown.map(([key, value]) => (
        <Node key={key} name={key} value={value} path={path ? `${path}.${key}` : key} depth={depth} matches={matches} />
      ))}
      {shown.length < entries.length && (
        <button className="button quiet small" onClick={() => setAll(true)}>
          {entries.length - shown.length} more
        </button>
      )}
    </>
  );
}

interface NodeProps {
  readonly name: string;
  readonly value: Json;
  readonly path: string;
  readonly depth: number;
  readonly matches: (path: string) => boolean;
}

function Node({ name, value, path, depth, matches }: NodeProps): ReactElement {
  // Media and the like are one thing to people: their insides are looked at on demand.
  const type = isObject(value) && typeof value["_type"] === "string" ? value["_type"] : null;
  const [open, setOpen] = useState(depth < DEPTH_OPEN && type === null);
  const children = childrenOf(value);
  const indent = { paddingLeft: depth * 16 };
  const count = children?.length ?? 0;
  if (children === null) {
    return (
      <div className="tree-row" role="treeitem">
        <span className="tree-key" style={indent} title={path}>
          {name}
        </span>
        <Value value={value} />
      </div>
    );
  }
  return (
    <div role="treeitem" aria-expanded={open}>
      <button className="tree-row tree-branch" onClick={() => setOpen(!open)}>
        <span className="tree-key" style={indent} title={path}>
          <span className={open ? "turn open" : "turn"}>
            <Icon name="chevron" size={11} />
          </span>
          {name}
        </span>
        <span className="faint">{type ?? `${count} ${Array.isArray(value) ? "item" : "key"}${count === 1 ? "" : "s"}`}</span>
      </button>
      {open && <Branch entries={children.filter(([key, child]) => matches(path) || hasMatch(`${path}.${key}`, child, matches))} path={path} depth={depth + 1} matches={matches} />}
    </div>
  );
}

/** What a value is unfolded to; null for what fits on its own line. */
function childrenOf(value: Json): [string, Json][] | null {
  if (isObject(value)) return Object.keys(value).length > 0 ? Object.entries(value) : null;
  if (!Array.isArray(value) || value.length === 0) return null;
  const simple = value.length <= 12 && value.every((item) => item === null || typeof item !== "object");
  return simple ? null : value.map((item, index) => [String(index), item]);
}

function Value({ value }: { value: Json }): ReactElement {
  if (typeof value === "number") {
    return (
      <code className="value number" title={exact(value)}>
        {short(value)}
      </code>
    );
  }
  const text = typeof value === "string" ? value : pythonText(value);
  return (
    <code className={typeof value === "string" ? "value text" : "value"} title={text.length > TEXT_MAX ? `${text.length} characters` : undefined}>
      {text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text}
    </code>
  );
}

/** Values as Python writes them: the page's readers do. */
function pythonText(value: Json): string {
  if (value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return short(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonText).join(", ")}]`;
  return "{}";
}
