/** A molecule as balls and sticks; formats that are not read here as the text they are. */

import { useQuery } from "@tanstack/react-query";
import { useMemo, type ReactElement } from "react";
import * as three from "three";
import { fetchText } from "../api/media_queries";
import { ATOMS_MAX, bondsOf, elementColour, radius, readMolecule, type Atom } from "../model/molecule";
import { Skeleton } from "../parts/messages";
import { useStage } from "./useStage";

interface MoleculeViewProps {
  readonly address: string;
  readonly path: string;
  readonly name: string;
  readonly large: boolean;
}

const PREVIEW_CHARACTERS = 4_000;

export default function MoleculeView({ address, path, name, large }: MoleculeViewProps): ReactElement {
  const file = useQuery({ queryKey: ["text-file", address], queryFn: ({ signal }) => fetchText(address, signal), staleTime: Infinity });
  const atoms = useMemo(() => (file.data === undefined ? null : readMolecule(file.data, path)), [file.data, path]);
  const object = useMemo(() => (atoms && atoms.length > 0 ? () => moleculeObject(atoms) : null), [atoms]);
  const { place, problem } = useStage(object);
  if (file.isError) return <p className="media-failed">The molecule could not be loaded: {file.error.message}.</p>;
  if (file.isPending) return <Skeleton rows={4} />;
  if (!object || problem !== null) {
    return <pre className={large ? "media-text large" : "media-text"}>{file.data.slice(0, PREVIEW_CHARACTERS)}</pre>;
  }
  return (
    <>
      <div className="stage" ref={place} role="img" aria-label={`${name}, ${atoms?.length ?? 0} atoms`} />
      {atoms?.length === ATOMS_MAX && <p className="media-failed">Only the first {ATOMS_MAX} atoms are drawn.</p>}
    </>
  );
}

const BALL = 0.4;
const STICK = 0.12;

function moleculeObject(atoms: readonly Atom[]): three.Object3D {
  const group = new three.Group();
  const detail = atoms.length > 2000 ? 6 : 16;
  const place = new three.Matrix4();
  const colour = new three.Color();
  const balls = new three.InstancedMesh(new three.SphereGeometry(1, detail, detail), new three.MeshStandardMaterial({ roughness: 0.5 }), atoms.length);
  atoms.forEach(({ element, x, y, z }, index) => {
    const size = radius(element) * BALL;
    balls.setMatrixAt(index, place.makeScale(size, size, size).setPosition(x, y, z));
    balls.setColorAt(index, colour.set(elementColour(element)));
  });
  group.add(balls);

  const bonds = bondsOf(atoms);
  const sticks = new three.InstancedMesh(new three.CylinderGeometry(STICK, STICK, 1, 8), new three.MeshStandardMaterial({ color: 0x9aa1aa }), bonds.length);
  const up = new three.Vector3(0, 1, 0);
  bonds.forEach(([first, second], index) => {
    const [one, two] = [vector(atoms[first]), vector(atoms[second])];
    const along = two.clone().sub(one);
    const turn = new three.Quaternion().setFromUnitVectors(up, along.clone().normalize());
    sticks.setMatrixAt(index, place.compose(one.add(two).multiplyScalar(0.5), turn, new three.Vector3(1, along.length(), 1)));
  });
  group.add(sticks);
  return group;
}

function vector(atom: Atom | undefined): three.Vector3 {
  return new three.Vector3(atom?.x ?? 0, atom?.y ?? 0, atom?.z ?? 0);
}
