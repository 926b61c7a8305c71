/** Point clouds with boxes and vectors, and meshes (glTF, OBJ, STL). */

import { useCallback, type ReactElement } from "react";
import * as three from "three";
import { fetchFile, fetchJsonFile } from "../api/media_queries";
import { classColour } from "../model/classes";
import { boxEdges, readScene, type Scene } from "../model/scene";
import { useStage } from "./useStage";

export default function SceneView({ address, path, name }: { address: string; path: string; name: string }): ReactElement {
  const load = useCallback(() => loadObject(address, path), [address, path]);
  const { place, problem } = useStage(load);
  return problem !== null ? (
    <p className="media-failed">
      {problem} <a href={address} download>Download</a>
    </p>
  ) : (
    <div className="stage" ref={place} role="img" aria-label={name} title="Drag to turn, click and use the wheel to zoom" />
  );
}

async function loadObject(address: string, path: string): Promise<three.Object3D> {
  const format = /\.(pts\.json|[a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase();
  switch (format) {
    case "pts.json":
      return sceneObject(readScene(await fetchJsonFile(address), (category) => linear(classColour(String(category)))));
    case "obj": {
      const { OBJLoader } = await import("three/addons/loaders/OBJLoader.js");
      return withoutMaterial(new OBJLoader().parse(await (await fetchFile(address)).text()));
    }
    case "stl": {
      const { STLLoader } = await import("three/addons/loaders/STLLoader.js");
      const geometry = new STLLoader().parse(await (await fetchFile(address)).arrayBuffer());
      return new three.Mesh(geometry, plainMaterial());
    }
    case "gltf":
    case "glb": {
      const { GLTFLoader } = await import("three/addons/loaders/GLTFLoader.js");
      const body = await (await fetchFile(address)).arrayBuffer();
      return (await new GLTFLoader().parseAsync(body, "")).scene;
    }
    default:
      throw new Error(`This page cannot draw .${format ?? "?"} files.`);
  }
}

/** The loader's material is white, whatever the file says: nothing on a white ground. */
function withoutMaterial(group: three.Group): three.Group {
  group.traverse((part) => {
    if (part instanceof three.Mesh && !(part.geometry as three.BufferGeometry).hasAttribute("color")) part.material = plainMaterial();
  });
  return group;
}

function plainMaterial(): three.Material {
  return new three.MeshStandardMaterial({ color: 0x8a94a3, roughness: 0.8, side: three.DoubleSide });
}

function sceneObject(scene: Scene): three.Object3D {
  const group = new three.Group();
  const geometry = new three.BufferGeometry();
  geometry.setAttribute("position", new three.BufferAttribute(scene.positions, 3));
  if (scene.colours) geometry.setAttribute("color", new three.BufferAttribute(scene.colours, 3));
  const material = new three.PointsMaterial({ size: 2.5, sizeAttenuation: false, vertexColors: scene.colours !== null });
  if (!scene.colours) material.color.set("#5b8def");
  group.add(new three.Points(geometry, material));
  for (const box of scene.boxes) {
    const ends = boxEdges(box.corners).flat().map((corner) => box.corners[corner] ?? [0, 0, 0]);
    const [r, g, b] = box.colour;
    group.add(lines(ends, new three.Color(r / 255, g / 255, b / 255)));
  }
  const vectors = scene.vectors.flatMap(({ start, end }) => [start, end]);
  if (vectors.length > 0) group.add(lines(vectors, new three.Color("#e0a44a")));
  return group;
}

function lines(ends: readonly (readonly number[])[], colour: three.Color): three.LineSegments {
  const geometry = new three.BufferGeometry();
  geometry.setAttribute("position", new three.Float32BufferAttribute(ends.flatMap((end) => end.slice(0, 3)), 3));
  return new three.LineSegments(geometry, new three.LineBasicMaterial({ color: colour }));
}

function linear(hex: string): [number, number, number] {
  const { r, g, b } = new three.Color(hex);
  return [r, g, b];
}
