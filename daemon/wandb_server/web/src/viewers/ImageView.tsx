/** An image with its masks and boxes, drawn over it at its own resolution. */

import { useEffect, useMemo, useRef, useState, type ReactElement } from "react";
import { useAddress, useJsonFile } from "../api/media";
import { readBoxes, classLabels } from "../model/boxes";
import { classColour } from "../model/classes";
import type { ClassNames, Layer, MediaItem, MediaSource } from "../model/media";
import type { Layers } from "./MediaView";

interface ImageViewProps {
  readonly item: MediaItem;
  readonly source: MediaSource;
  readonly address: string;
  readonly name: string;
  readonly layers: Layers | undefined;
}

const NONE: ReadonlySet<string> = new Set();
/** Smaller ones are drawn with hard pixels: there each pixel is a value. */
const PIXELATED_MAX = 96;

export function ImageView({ item, source, address, name, layers }: ImageViewProps): ReactElement {
  const [natural, setNatural] = useState<{ width: number; height: number } | null>(
    item.width !== null && item.height !== null ? { width: item.width, height: item.height } : null,
  );
  const [failed, setFailed] = useState(false);
  const hidden = layers?.hidden ?? NONE;
  if (failed) return <p className="media-failed">The image could not be loaded.</p>;
  return (
    <div
      className={natural && Math.max(natural.width, natural.height) <= PIXELATED_MAX ? "image pixelated" : "image"}
      style={natural ? { aspectRatio: `${natural.width} / ${natural.height}`, ["--ratio" as string]: natural.width / natural.height } : undefined}
    >
      <img
        src={address}
        alt={name}
        loading="lazy"
        decoding="async"
        onLoad={({ currentTarget }) => setNatural({ width: currentTarget.naturalWidth, height: currentTarget.naturalHeight })}
        onError={() => setFailed(true)}
      />
      {item.masks.map((layer) => (
        <Mask key={layer.name} layer={layer} source={source} hidden={hidden} />
      ))}
      {natural &&
        item.boxes.map((layer) => (
          <Boxes key={layer.name} layer={layer} source={source} hidden={hidden} size={natural} names={layers?.boxNames.get(layer.name)} />
        ))}
    </div>
  );
}

/** A mask is a picture whose grey values are class ids. */
function Mask({ layer, source, hidden }: { layer: Layer; source: MediaSource; hidden: ReadonlySet<string> }): ReactElement {
  const { address } = useAddress(source, layer.path);
  const [classes, setClasses] = useState<ImageData | null>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (address === null) return;
    let current = true;
    void readPixels(address).then((pixels) => current && setClasses(pixels), () => undefined);
    return () => {
      current = false;
    };
  }, [address]);
  useEffect(() => {
    if (!canvas.current || !classes) return;
    canvas.current.width = classes.width;
    canvas.current.height = classes.height;
    canvas.current.getContext("2d")?.putImageData(coloured(classes, layer.name, hidden), 0, 0);
  }, [classes, hidden, layer.name]);
  return <canvas ref={canvas} className="image-mask" data-layer={layer.name} aria-hidden="true" />;
}

async function readPixels(address: string): Promise<ImageData> {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("no canvas");
  context.drawImage(image, 0, 0);
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

const MASK_OPACITY = 140;

function coloured(classes: ImageData, layer: string, hidden: ReadonlySet<string>): ImageData {
  const picture = new ImageData(classes.width, classes.height);
  const colours = Array.from({ length: 256 }, (_, id) => (hidden.has(`${layer}\n${id}`) ? null : rgb(classColour(String(id)))));
  for (let at = 0; at < classes.data.length; at += 4) {
    const colour = colours[classes.data[at] ?? 0];
    if (!colour) continue;
    picture.data.set(colour, at);
    picture.data[at + 3] = MASK_OPACITY;
  }
  return picture;
}

function rgb(hex: string): [number, number, number] {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

interface BoxesProps {
  readonly layer: Layer;
  readonly source: MediaSource;
  readonly hidden: ReadonlySet<string>;
  readonly size: { readonly width: number; readonly height: number };
  readonly names: ClassNames | undefined;
}

function Boxes({ layer, source, hidden, size, names }: BoxesProps): ReactElement | null {
  const { address } = useAddress(source, layer.path);
  const file = useJsonFile(address);
  const boxes = useMemo(() => (file.data === undefined ? [] : readBoxes(file.data, size.width, size.height)), [file.data, size.width, size.height]);
  const own = useMemo(() => (file.data === undefined ? {} : classLabels(file.data)), [file.data]);
  return (
    <svg className="image-boxes" viewBox={`0 0 ${size.width} ${size.height}`} preserveAspectRatio="none" data-layer={layer.name} aria-hidden="true">
      {boxes
        .filter((box) => !hidden.has(`${layer.name}\n${box.classId}`))
        .map((box, index) => (
          <g key={index} stroke={classColour(box.classId)} data-class={box.classId}>
            <title>{box.label || names?.[box.classId] || own[box.classId]}</title>
            <rect x={box.x} y={box.y} width={Math.max(0, box.width)} height={Math.max(0, box.height)} fill="transparent" vectorEffect="non-scaling-stroke" strokeWidth="2" />
          </g>
        ))}
    </svg>
  );
}
