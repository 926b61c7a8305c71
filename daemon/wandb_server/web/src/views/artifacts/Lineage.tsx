/** What led to a version and what came of it, as a graph in layers. */

import { useEffect, useMemo, useRef, type MouseEvent, type ReactElement } from "react";
import { useLineage, type ArtifactPlace, type LineageAnswer, type RunPlace } from "../../api/artifact_queries";
import { layOut, NODE_HEIGHT, NODE_WIDTH, type Graph, type LineageLayer, type LineageLink, type LineageNode, type PlacedNode } from "../../model/lineage";
import { formatRoute, type ArtifactRoute } from "../../model/route";
import { navigate } from "../../parts/location";
import { Problem, Skeleton } from "../../parts/messages";
import { runRoute } from "./Creator";
import type { VersionArtifact } from "./VersionView";

const TITLE_MAX = 24;

export function Lineage({ route, artifact }: { route: ArtifactRoute; artifact: VersionArtifact }): ReactElement {
  const answer = useLineage(artifact.id);
  const graph = useMemo(() => (answer.data ? graphOf(artifact, answer.data) : null), [artifact, answer.data]);
  return (
    <main className="lineage" aria-label="Lineage">
      {answer.isError && <Problem what="The lineage could not be loaded" error={answer.error} onRetry={() => void answer.refetch()} />}
      {answer.isPending && <Skeleton rows={6} height={32} />}
      {graph && <Drawing graph={graph} />}
      {graph && graph.links.length === 0 && <p className="preview-note">No run made or used {route.collection}:{route.version} so far.</p>}
    </main>
  );
}

function Drawing({ graph }: { graph: Graph }): ReactElement {
  const drawing = useRef<SVGSVGElement>(null);
  // On a narrow screen the graph is wider than what is seen of it.
  useEffect(() => {
    drawing.current?.querySelector(".centre")?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [graph]);
  return (
    <svg ref={drawing} width={graph.width} height={graph.height} viewBox={`0 0 ${graph.width} ${graph.height}`} role="group" aria-label={describe(graph)}>
      <defs>
        <marker id="lineage-arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">
          <path d="M0 0.5 8 4 0 7.5Z" className="lineage-tip" />
        </marker>
      </defs>
      {graph.links.map(({ source, target }) => {
        const [x1, y1, x2, y2] = [source.x + NODE_WIDTH, source.y + NODE_HEIGHT / 2, target.x - 2, target.y + NODE_HEIGHT / 2];
        const bend = (x1 + x2) / 2;
        return <path key={`${source.id} ${target.id}`} className="lineage-link" d={`M${x1} ${y1}C${bend} ${y1} ${bend} ${y2} ${x2} ${y2}`} markerEnd="url(#lineage-arrow)" />;
      })}
      {graph.nodes.map((node) => <Node key={node.id} node={node} />)}
    </svg>
  );
}

function Node({ node }: { node: PlacedNode }): ReactElement {
  const names = ["lineage-node", node.kind, node.centre ? "centre" : ""].filter(Boolean).join(" ");
  const body = (
    <>
      <title>{`${node.title} (${node.note})`}</title>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={node.kind === "run" ? NODE_HEIGHT / 2 : 6} />
      <text x={14} y={19}>{shortened(node.title)}</text>
      <text x={14} y={35} className="lineage-note">{node.note}</text>
    </>
  );
  const place = `translate(${node.x} ${node.y})`;
  const { address } = node;
  if (address === null) return <g className={names} transform={place}>{body}</g>;
  const follow = (event: MouseEvent): void => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    navigate(address);
  };
  return (
    <g transform={place}>
      <a className={names} href={address} onClick={follow} aria-current={node.centre ? "true" : undefined} aria-label={`${node.note} ${node.title}`}>
        {body}
      </a>
    </g>
  );
}

function shortened(text: string): string {
  if (text.length <= TITLE_MAX) return text;
  // The end of a name tells versions apart.
  return `${text.slice(0, TITLE_MAX - 9)}…${text.slice(-8)}`;
}

function describe(graph: Graph): string {
  return graph.links.map(({ source, target }) => `${source.title} leads to ${target.title}`).join("; ") || "A version without lineage";
}

/** The layers around one version. */
export function graphOf(artifact: ArtifactPlace, answer: LineageAnswer): Graph {
  const links: LineageLink[] = [];
  const centre = artifactNode(artifact, true);
  const maker = answer.createdBy?.__typename === "Run" ? answer.createdBy : null;
  const makers = maker ? [runNode(maker)] : [];
  const inputs: LineageNode[] = [];
  const same: LineageNode[] = [centre];
  if (maker) {
    for (const { node } of maker.inputArtifacts?.edges ?? []) {
      inputs.push(artifactNode(node));
      links.push({ source: node.id, target: runId(maker) });
    }
    links.push({ source: runId(maker), target: artifact.id });
    for (const { node } of maker.outputArtifacts?.edges ?? []) {
      if (node.id === artifact.id) continue;
      same.push(artifactNode(node));
      links.push({ source: runId(maker), target: node.id });
    }
    addRest(inputs, maker.inputArtifacts, "inputs");
    addRest(same, maker.outputArtifacts, "outputs");
  }
  const users: LineageNode[] = [];
  const made = new Map<string, LineageNode>();
  for (const { node: user } of answer.usedBy?.edges ?? []) {
    users.push(runNode(user));
    links.push({ source: artifact.id, target: runId(user) });
    for (const { node } of user.outputArtifacts?.edges ?? []) {
      if (node.id === artifact.id) continue;
      made.set(node.id, artifactNode(node));
      links.push({ source: runId(user), target: node.id });
    }
  }
  addRest(users, answer.usedBy, "runs");
  const layers: LineageLayer[] = [inputs, makers, same, users, [...made.values()]].map((nodes) => ({ nodes: once(nodes) }));
  return layOut(withoutRepeats(layers), links);
}

/** What is both made and used by a run is drawn once, where it comes first. */
function withoutRepeats(layers: readonly LineageLayer[]): LineageLayer[] {
  const seen = new Set<string>();
  return layers.map(({ nodes }) => ({
    nodes: nodes.filter((node) => {
      if (seen.has(node.id)) return false;
      seen.add(node.id);
      return true;
    }),
  }));
}

function once(nodes: readonly LineageNode[]): LineageNode[] {
  return [...new Map(nodes.map((node) => [node.id, node])).values()];
}

function addRest(nodes: LineageNode[], found: { readonly totalCount?: number | null; readonly edges: readonly unknown[] } | null, what: string): void {
  const rest = (found?.totalCount ?? 0) - (found?.edges.length ?? 0);
  if (rest > 0) nodes.push({ id: `more ${what}`, kind: "more", title: `and ${rest} more`, note: what, address: null, centre: false });
}

function runId(run: RunPlace): string {
  return `run ${run.project?.entityName ?? ""}/${run.project?.name ?? ""}/${run.name}`;
}

function runNode(run: RunPlace): LineageNode {
  const address = run.project ? formatRoute(runRoute(run, run.project)) : null;
  return { id: runId(run), kind: "run", title: run.displayName ?? run.name, note: `run · ${run.state ?? ""}`, address, centre: false };
}

function artifactNode(artifact: ArtifactPlace, centre = false): LineageNode {
  const { artifactSequence: sequence, artifactType: type } = artifact;
  const version = `v${artifact.versionIndex ?? 0}`;
  const project = sequence?.project;
  const address =
    sequence && project
      ? formatRoute({ view: "artifacts", entity: project.entityName, project: project.name, type: type?.name ?? "-", collection: sequence.name, version, tab: "lineage" })
      : null;
  return { id: artifact.id, kind: "artifact", title: `${sequence?.name ?? "artifact"}:${version}`, note: type?.name ?? "artifact", address, centre };
}
