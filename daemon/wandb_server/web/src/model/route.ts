/** Every address of the page, parsed and written. What is not an address of ours is `unknown`. */

export type RunTab = "charts" | "overview" | "logs";

export type Route =
  | { readonly view: "home" }
  | { readonly view: "projects"; readonly entity: string }
  | { readonly view: "workspace"; readonly entity: string; readonly project: string }
  | { readonly view: "run"; readonly entity: string; readonly project: string; readonly run: string; readonly tab: RunTab }
  | { readonly view: "unknown"; readonly path: string };

export const RUN_TABS: readonly RunTab[] = ["charts", "overview", "logs"];

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
  return { view: "unknown", path };
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
    case "unknown":
      return route.path;
  }
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
