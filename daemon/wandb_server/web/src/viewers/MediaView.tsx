/** One media item, shown by what it is. Heavy viewers are loaded when the first of their kind is on the screen. */

import { lazy, Suspense, type ReactElement, type ReactNode } from "react";
import { useAddress } from "../api/media";
import { bytes } from "../model/numbers";
import type { ClassNames, MediaItem, MediaSource } from "../model/media";
import { Skeleton } from "../parts/messages";
import { HtmlView } from "./HtmlView";
import { ImageView } from "./ImageView";

const PlotlyView = lazy(() => import("./PlotlyView"));
const SceneView = lazy(() => import("./SceneView"));
const MoleculeView = lazy(() => import("./MoleculeView"));

/** Class names by layer, and classes that are switched off, written as `layer\nclass`. */
export interface Layers {
  readonly maskNames: ReadonlyMap<string, ClassNames>;
  readonly boxNames: ReadonlyMap<string, ClassNames>;
  readonly hidden: ReadonlySet<string>;
}

interface MediaViewProps {
  readonly item: MediaItem;
  readonly source: MediaSource;
  readonly layers?: Layers;
  /** Fills the screen or a dialog: room for what does not fit a tile. */
  readonly large?: boolean;
}

export function MediaView({ item, source, layers, large = false }: MediaViewProps): ReactElement {
  const { address, problem } = useAddress(source, item.path);
  const name = item.caption ?? fileName(item.path);
  if (problem !== null) return <MediaProblem item={item}>{problem}</MediaProblem>;
  if (address === null) return <Skeleton rows={2} />;
  return (
    <figure className={`media media-${item.kind} ${large ? "large" : ""}`} data-media={item.kind}>
      <Suspense fallback={<Skeleton rows={3} />}>
        <Body item={item} source={source} address={address} name={name} layers={layers} large={large} />
      </Suspense>
      {item.caption !== null && (
        <figcaption title={item.caption}>{item.caption}</figcaption>
      )}
    </figure>
  );
}

interface BodyProps {
  readonly item: MediaItem;
  readonly source: MediaSource;
  readonly address: string;
  readonly name: string;
  readonly layers: Layers | undefined;
  readonly large: boolean;
}

function Body({ item, source, address, name, layers, large }: BodyProps): ReactElement {
  switch (item.kind) {
    case "image":
      return <ImageView item={item} source={source} address={address} name={name} layers={layers} />;
    case "audio":
      return <audio controls preload="metadata" src={address} aria-label={name} />;
    case "video":
      // Browsers show animated GIFs as images only.
      return /\.gif$/i.test(item.path) ? (
        <img src={address} alt={name} loading="lazy" />
      ) : (
        <video controls loop muted playsInline preload="metadata" src={address} aria-label={name} />
      );
    case "html":
      return <HtmlView address={address} name={name} />;
    case "plotly":
      return <PlotlyView address={address} name={name} />;
    case "object3D":
      return <SceneView address={address} path={item.path} name={name} />;
    case "molecule":
      return <MoleculeView address={address} path={item.path} name={name} large={large} />;
    default:
      return (
        <MediaProblem item={item}>
          No preview of {item.type}. <a href={address} download>Download</a>
          {item.size !== null && ` (${bytes(item.size)})`}
        </MediaProblem>
      );
  }
}

function MediaProblem({ item, children }: { item: MediaItem; children: ReactNode }): ReactElement {
  return (
    <figure className="media media-missing" data-media={item.kind}>
      <p>{children}</p>
      {item.caption !== null && <figcaption title={item.caption}>{item.caption}</figcaption>}
    </figure>
  );
}


function fileName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
