/** Every address of the page, parsed and written. What is not an address of ours is `unknown`. */

export type RunTab = "charts" | "overview" | "system" | "logs" | "files" | "code" | "artifacts";
export type ArtifactTab = "overview" | "files" | "usage" | "lineage" | "versions";

/** The artifacts of a project: all, of one type, of one collection, one version. */
export interface ArtifactRoute {
  readonly view: "artifacts";
  readonly entity: string;
  readonly project: string;
  readonly type: string | null;
  readonly collection: string | null;
  /** `v3`, or an alias. */
  readonly version: string | null;
  readonly tab: ArtifactTab;
}

export type Route =
  | { readonly view: "home" }
  | { readonly view: "projects"; readonly entity: string }
  | { readonly view: "workspace"; readonly entity: string; readonly project: string }
  | { readonly view: "table"; readonly entity: string; readonly project: string }
  | ArtifactRoute
  | { readonly view: "run"; readonly entity: string; readonly project: string; readonly run: string; readonly tab: RunTab }
  | { readonly view: "unknown"; readonly path: string };

export const RUN_TABS: readonly RunTab[] = ["charts", "overview", "system", "logs", "files", "code", "artifacts"];
export const ARTIFACT_TABS: readonly ArtifactTab[] = ["overview", "files", "usage", "lineage", "versions"];

export function parseRoute(path: string): Route {
  const parts = path.split("/").filter((part) => part !== "").map(decode);
  const [entity, project, runs, run, tab] = parts;
  if (entity === undefined) return { view: "home" };
  if (project === undefined) return { view: "projects", entity };
  if (runs === undefined || (runs === "workspace" && parts.length === 3)) return { view: "workspace", entity, project };
  if (runs === "runs" && run === undefined) return { view: "workspace", entity, project };
  if (runs === "runs" && run !== undefined && parts.length <= 5) {
    const known = RUN_TABS.find((name) => name === (tab ?? "charts"));
    // The official client prints …/runs/<id>/workspace and the like: the charts are what is meant.
    return { view: "run", entity, project, run, tab: known ?? "charts" };
  }
  if (runs === "table" && parts.length === 3) return { view: "table", entity, project };
  if (runs === "artifacts" && parts.length <= 7) return artifactRoute(entity, project, parts.slice(3));
  return { view: "unknown", path };
}

function artifactRoute(entity: string, project: string, parts: readonly string[]): ArtifactRoute {
  const [type = null, collection = null, version = null, tab] = parts;
  const known = ARTIFACT_TABS.find((name) => name === tab);
  return { view: "artifacts", entity, project, type, collection, version, tab: known ?? "overview" };
}

export function formatRoute(route: Route): string {
  switch (route.view) {
    case "home":
      return "/";
    case "projects":
      return join(route.entity);
    case "workspace":
      return join(route.entity, route.project);
    case "run":
      return join(route.entity, route.project, "runs", route.run) + (route.tab === "charts" ? "" : `/${route.tab}`);
    case "table":
      return join(route.entity, route.project, "table");
    case "artifacts":
      return join(route.entity, route.project, "artifacts", ...artifactParts(route));
    case "unknown":
      return route.path;
  }
}

function artifactParts({ type, collection, version, tab }: ArtifactRoute): string[] {
  const parts = [type, collection, version];
  const end = parts.indexOf(null);
  const given = (end < 0 ? parts : parts.slice(0, end)).filter((part) => part !== null);
  return given.length === 3 && tab !== "overview" ? [...given, tab] : given;
}

function join(...parts: readonly string[]): string {
  return "/" + parts.map(encodeURIComponent).join("/");
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
