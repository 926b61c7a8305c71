/** Boxes over an image, in pixels of the image whatever they were given in. */

import { isObject, plainText, type Json } from "./json";
import type { ClassNames } from "./media";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly classId: string;
  readonly label: string;
}

/** The boxes of a boxes2D file. What has no position is left out. */
export function readBoxes(document: Json, imageWidth: number, imageHeight: number): Box[] {
  const data = isObject(document) ? document["box_data"] : null;
  if (!Array.isArray(data)) return [];
  const labels = classLabels(document);
  return data.flatMap((entry) => {
    const place = isObject(entry) && isObject(entry["position"]) ? placeOf(entry["position"]) : null;
    if (!isObject(entry) || place === null) return [];
    const pixels = entry["domain"] === "pixel";
    const [across, down] = pixels ? [1, 1] : [imageWidth, imageHeight];
    const classId = plainText(entry["class_id"]);
    return [
      {
        x: place.x * across,
        y: place.y * down,
        width: place.width * across,
        height: place.height * down,
        classId,
        label: labelOf(entry, labels[classId]),
      },
    ];
  });
}

/** The class names that the file itself holds. */
export function classLabels(document: Json): ClassNames {
  const labels = isObject(document) ? document["class_labels"] : null;
  if (!isObject(labels)) return {};
  return Object.fromEntries(Object.entries(labels).map(([id, label]) => [id, plainText(label)]));
}

function labelOf(entry: Record<string, Json>, name: string | undefined): string {
  const caption = entry["box_caption"];
  return typeof caption === "string" && caption !== "" ? caption : (name ?? `class_${plainText(entry["class_id"]) || "?"}`);
}

function placeOf(position: Record<string, Json>): { x: number; y: number; width: number; height: number } | null {
  const { minX, maxX, minY, maxY, middle, width, height } = position;
  if ([minX, maxX, minY, maxY].every((edge) => typeof edge === "number")) {
    const [left, right, top, bottom] = [minX, maxX, minY, maxY] as [number, number, number, number];
    return { x: left, y: top, width: right - left, height: bottom - top };
  }
  const [x, y] = Array.isArray(middle) ? middle : [];
  if (typeof x !== "number" || typeof y !== "number" || typeof width !== "number" || typeof height !== "number") return null;
  return { x: x - width / 2, y: y - height / 2, width, height };
}
