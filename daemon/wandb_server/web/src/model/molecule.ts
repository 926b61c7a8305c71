/** Atoms out of the text formats of chemistry, and the bonds that their distances mean. */

export interface Atom {
  readonly element: string;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

export const ATOMS_MAX = 50_000;

/** The atoms of the first model of a file; null for a format that is not read here. */
export function readMolecule(text: string, path: string): Atom[] | null {
  const format = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? "";
  const lines = text.split(/\r?\n/);
  switch (format) {
    case "pdb":
    case "pqr":
      return pdb(lines, format === "pqr");
    case "sdf":
    case "sd":
    case "mol":
      return sdf(lines);
    case "mol2":
      return mol2(lines);
    case "gro":
      return gro(lines);
    case "cif":
    case "mcif":
    case "mmcif":
      return cif(lines);
    default:
      return null;
  }
}

function atom(element: string, x: string | undefined, y: string | undefined, z: string | undefined): Atom[] {
  const place = [Number(x), Number(y), Number(z)] as const;
  if (!place.every(Number.isFinite)) return [];
  return [{ element: tidy(element), x: place[0], y: place[1], z: place[2] }];
}

function tidy(element: string): string {
  const letters = element.replace(/[^A-Za-z].*$/, "").trim();
  return letters === "" ? "C" : (letters[0] ?? "").toUpperCase() + letters.slice(1).toLowerCase();
}

function pdb(lines: readonly string[], charged: boolean): Atom[] {
  const end = lines.findIndex((line) => line.startsWith("ENDMDL"));
  const model = end < 0 ? lines : lines.slice(0, end);
  return model
    .filter((line) => line.startsWith("ATOM") || line.startsWith("HETATM"))
    .slice(0, ATOMS_MAX)
    .flatMap((line) => {
      if (charged) {
        const parts = line.trim().split(/\s+/);
        return atom((parts[2] ?? "").replace(/^\d+/, "")[0] ?? "C", parts.at(-5), parts.at(-4), parts.at(-3));
      }
      const named = line.slice(76, 78).trim() || line.slice(12, 14).replace(/[\d ]/g, "");
      return atom(named, line.slice(30, 38), line.slice(38, 46), line.slice(46, 54));
    });
}

function sdf(lines: readonly string[]): Atom[] {
  const count = Number((lines[3] ?? "").slice(0, 3));
  if (!Number.isInteger(count)) return [];
  return lines.slice(4, 4 + Math.min(count, ATOMS_MAX)).flatMap((line) => {
    const [x, y, z, element] = line.trim().split(/\s+/);
    return atom(element ?? "", x, y, z);
  });
}

function mol2(lines: readonly string[]): Atom[] {
  const start = lines.findIndex((line) => line.startsWith("@<TRIPOS>ATOM"));
  if (start < 0) return [];
  const length = lines.slice(start + 1).findIndex((line) => line.startsWith("@"));
  const body = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  return body.slice(0, ATOMS_MAX).flatMap((line) => {
    const [, , x, y, z, type] = line.trim().split(/\s+/);
    return atom((type ?? "").split(".")[0] ?? "", x, y, z);
  });
}

/** GROMACS: nanometres, which become ångströms. */
function gro(lines: readonly string[]): Atom[] {
  const count = Math.min(Number(lines[1]) || 0, ATOMS_MAX);
  return lines.slice(2, 2 + count).flatMap((line) => {
    const found = atom(line.slice(10, 15).trim()[0] ?? "", line.slice(20, 28), line.slice(28, 36), line.slice(36, 44));
    return found.map((one) => ({ ...one, x: one.x * 10, y: one.y * 10, z: one.z * 10 }));
  });
}

/** The loop of `_atom_site` with cartesian coordinates. */
function cif(lines: readonly string[]): Atom[] {
  const first = lines.findIndex((line) => line.startsWith("_atom_site."));
  if (first < 0) return [];
  const columns: string[] = [];
  let at = first;
  for (; lines[at]?.startsWith("_atom_site."); at += 1) columns.push((lines[at] ?? "").trim().slice("_atom_site.".length));
  const [symbol, x, y, z] = ["type_symbol", "Cartn_x", "Cartn_y", "Cartn_z"].map((name) => columns.indexOf(name)) as [number, number, number, number];
  const atoms: Atom[] = [];
  for (; at < lines.length && atoms.length < ATOMS_MAX; at += 1) {
    const line = lines[at] ?? "";
    if (!/^(ATOM|HETATM)/.test(line)) break;
    const parts = line.trim().split(/\s+/);
    atoms.push(...atom(parts[symbol] ?? "", parts[x], parts[y], parts[z]));
  }
  return atoms;
}

/** Covalent radii in ångströms (Cordero et al. 2008); others count as carbon-like 0.77. */
const RADII: Readonly<Record<string, number>> = {
  H: 0.31, C: 0.76, N: 0.71, O: 0.66, F: 0.57, P: 1.07, S: 1.05, Cl: 1.02, Br: 1.2, I: 1.39, B: 0.84, Si: 1.11, Se: 1.2,
  Na: 1.66, Mg: 1.41, K: 2.03, Ca: 1.76, Fe: 1.32, Zn: 1.22, Cu: 1.32, Mn: 1.39, Co: 1.26, Ni: 1.24,
};

export function radius(element: string): number {
  return RADII[element] ?? 0.77;
}

const SLACK = 0.4;
const CELL = 2.8;

/** Pairs of atoms that are as close as bonded ones. In cells, so that it takes linear time. */
export function bondsOf(atoms: readonly Atom[]): [number, number][] {
  const cells = new Map<string, number[]>();
  const cellOf = ({ x, y, z }: Atom): [number, number, number] => [Math.floor(x / CELL), Math.floor(y / CELL), Math.floor(z / CELL)];
  const bonds: [number, number][] = [];
  atoms.forEach((one, index) => {
    const [cx, cy, cz] = cellOf(one);
    for (let dx = -1; dx <= 1; dx += 1)
      for (let dy = -1; dy <= 1; dy += 1)
        for (let dz = -1; dz <= 1; dz += 1)
          for (const other of cells.get(`${cx + dx} ${cy + dy} ${cz + dz}`) ?? []) {
            const two = atoms[other];
            if (two && distance(one, two) < radius(one.element) + radius(two.element) + SLACK) bonds.push([other, index]);
          }
    const key = `${cx} ${cy} ${cz}`;
    const cell = cells.get(key);
    if (cell) cell.push(index);
    else cells.set(key, [index]);
  });
  return bonds;
}

function distance(one: Atom, two: Atom): number {
  return Math.hypot(one.x - two.x, one.y - two.y, one.z - two.z);
}

/** The usual colours of elements, somewhat muted. */
const COLOURS: Readonly<Record<string, string>> = {
  H: "#d5dae0", C: "#6b727b", N: "#3d6fe0", O: "#dd3b3b", F: "#58b84e", Cl: "#3aa655", Br: "#a3442a", I: "#7a3fa8", P: "#e08a2e",
  S: "#d4b52c", Fe: "#c7702f", Zn: "#7d80b0", Mg: "#4c9a5b", Ca: "#5b8f45", Na: "#8650c4",
};

export function elementColour(element: string): string {
  return COLOURS[element] ?? "#b0679c";
}
