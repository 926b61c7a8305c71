/** The one line on top: where we are, whether it is live, the theme, help. */

import { useState, type ReactElement } from "react";
import type { LinkState } from "../api/changes";
import { Dialog } from "../parts/Dialog";
import { Icon, type IconName } from "../parts/icons";
import { useKeys } from "../parts/keyboard";
import { Link } from "../parts/location";
import { useTheme, type Choice } from "../parts/theme";

interface TopBarProps {
  readonly entity?: string;
  readonly project?: string;
  readonly run?: string;
  readonly link?: LinkState;
  /** Which view of the project this is. */
  readonly section?: ProjectSection;
}

export type ProjectSection = "workspace" | "table" | "artifacts";

const NEXT: Record<Choice, Choice> = { system: "light", light: "dark", dark: "system" };
const THEME_ICONS: Record<Choice, IconName> = { system: "system", light: "sun", dark: "moon" };
const LINK_TEXTS: Record<LinkState, string> = { connecting: "connecting", live: "live", lost: "reconnecting" };

export function TopBar({ entity, project, run, link, section }: TopBarProps): ReactElement {
  const theme = useTheme();
  const [help, setHelp] = useState(false);
  useKeys({ "?": () => setHelp(true) });
  return (
    <header className="topbar">
      <nav aria-label="Where" className="crumbs">
        <Link to={entity ? { view: "projects", entity } : { view: "home" }} className="crumb-home" aria-label="Projects">
          <Mark />
        </Link>
        {entity && <Link to={{ view: "projects", entity }}>{entity}</Link>}
        {entity && project && <Link to={{ view: "workspace", entity, project }}>{project}</Link>}
        {run && <span aria-current="page">{run}</span>}
      </nav>
      {entity && project && <ProjectNav entity={entity} project={project} section={section} />}
      <span className="topbar-space" />
      {link && (
        <span className={`link link-${link}`} role="status" title={link === "live" ? "Changes arrive as they happen" : "Waiting for the server"}>
          <i aria-hidden="true" /> {LINK_TEXTS[link]}
        </span>
      )}
      <button className="button quiet square" aria-label="Keyboard shortcuts" title="Keyboard (?)" onClick={() => setHelp(true)}>
        <Icon name="help" />
      </button>
      <button
        className="button quiet square"
        aria-label={`Theme: ${theme.choice}`}
        title={`Theme: ${theme.choice}`}
        onClick={() => theme.choose(NEXT[theme.choice])}
      >
        <Icon name={THEME_ICONS[theme.choice]} />
      </button>
      {help && <Help onClose={() => setHelp(false)} />}
    </header>
  );
}

/** The views of a project. */
function ProjectNav({ entity, project, section }: { entity: string; project: string; section: ProjectSection | undefined }): ReactElement {
  const current = (name: ProjectSection): "page" | undefined => (name === section ? "page" : undefined);
  return (
    <nav aria-label="Project" className="project-nav">
      <Link to={{ view: "workspace", entity, project }} aria-current={current("workspace")}>
        Workspace
      </Link>
      <Link to={{ view: "table", entity, project }} aria-current={current("table")}>
        Table
      </Link>
      <Link to={{ view: "artifacts", entity, project, type: null, collection: null, version: null, tab: "overview" }} aria-current={current("artifacts")}>
        Artifacts
      </Link>
    </nav>
  );
}

function Mark(): ReactElement {
  return (
    <svg width="18" height="18" viewBox="0 0 16 16" aria-hidden="true">
      <path d="M1.5 12.5 5 6l3 4 2.5-6 4 8.5" fill="none" stroke="var(--accent)" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

const SHORTCUTS: readonly [string, string][] = [
  ["/", "search runs"],
  ["j  k", "next, previous run"],
  ["space", "show or hide the run"],
  ["enter", "open the run"],
  ["f", "full screen for the panel under the pointer"],
  ["[  ]", "step of media back, forth"],
  ["drag", "zoom all charts over the same axis"],
  ["double click", "show everything again"],
  ["esc", "close, clear a search"],
  ["?", "this list"],
];

function Help({ onClose }: { onClose: () => void }): ReactElement {
  return (
    <Dialog title="Keyboard and mouse" label="Keyboard and mouse" onClose={onClose}>
      <dl className="shortcuts">
        {SHORTCUTS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
