/** Colours of classes in masks and boxes: by id, so that a class looks the same in every image. */

import { lineColour, hash } from "./colours";

/** `#rrggbb`. Small ids get different colours for certain. */
export function classColour(id: string): string {
  return lineColour(/^\d{1,9}$/.test(id) ? Number(id) : hash(id));
}
