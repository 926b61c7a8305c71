/** The projects of an entity. */

import { useMemo, useRef, useState, type ReactElement } from "react";
import { useProjects } from "../api/live";
import type { ProjectSummary } from "../api/queries";
import { bytes, grouped, moment, since } from "../model/numbers";
import { parseSearch } from "../model/search";
import { useKeys } from "../parts/keyboard";
import { Link } from "../parts/location";
import { Empty, Problem, Skeleton } from "../parts/messages";
import { useNow } from "../parts/now";
import { SearchBox } from "../parts/SearchBox";
import { TopBar } from "./TopBar";

export function ProjectsView({ entity }: { entity: string }): ReactElement {
  const projects = useProjects(entity);
  const [text, setText] = useState("");
  const search = useMemo(() => parseSearch(text), [text]);
  const field = useRef<HTMLInputElement>(null);
  useKeys({ "/": () => field.current?.focus() });
  const found = (projects.data ?? []).filter((project) => search.matches(project.name));
  return (
    <>
      <TopBar entity={entity} />
      <main className="page">
        <div className="page-head">
          <h1>Projects</h1>
          {(projects.data?.length ?? 0) > 0 && (
            <SearchBox inputRef={field} value={text} label="Search projects" problem={search.problem} onChange={setText} />
          )}
        </div>
        {projects.isError && <Problem what="The projects could not be loaded" error={projects.error} onRetry={() => void projects.refetch()} />}
        {projects.isPending && <Skeleton rows={6} height={20} />}
        {projects.data?.length === 0 && (
          <Empty title="No projects yet" entity={entity}>
            A project is made by its first run:
          </Empty>
        )}
        {found.length > 0 && <ProjectTable entity={entity} projects={found} />}
        {projects.data && projects.data.length > 0 && found.length === 0 && <p className="faint">No project matches.</p>}
      </main>
    </>
  );
}

function ProjectTable({ entity, projects }: { entity: string; projects: readonly ProjectSummary[] }): ReactElement {
  const now = useNow();
  return (
    <table className="table">
      <thead>
        <tr>
          <th>Name</th>
          <th className="number">Runs</th>
          <th className="number">Size</th>
          <th>Last activity</th>
        </tr>
      </thead>
      <tbody>
        {projects.map((project) => {
          const active = Date.parse(project.lastActivityAt ?? project.createdAt ?? "");
          return (
            <tr key={project.name}>
              <td>
                <Link to={{ view: "workspace", entity, project: project.name }}>{project.name}</Link>
              </td>
              <td className="number">{grouped(project.runCount)}</td>
              <td className="number" title={project.sizeBytes === null ? "" : `${project.sizeBytes} bytes`}>
                {project.sizeBytes === null ? "–" : bytes(project.sizeBytes)}
              </td>
              <td title={Number.isNaN(active) ? "" : moment(active)}>{Number.isNaN(active) ? "–" : since(active, now)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
