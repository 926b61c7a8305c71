/** The line above the panels: search, axis, smoothing, scale, zoom, new panel. */

import type { ReactElement } from "react";
import { formatX } from "../../chart/ChartView";
import type { Search } from "../../model/search";
import { X_AUTO, X_RELATIVE, X_STEP, X_WALL, type Workspace } from "../../model/workspace";
import { Icon } from "../../parts/icons";
import { SearchBox } from "../../parts/SearchBox";
import { axisLabel } from "./PanelCard";
import type { Change } from "./useWorkspace";

interface ToolbarProps {
  readonly workspace: Workspace;
  readonly search: Search;
  readonly keys: readonly string[];
  /** Whether a run named a step metric: then there is an axis "as defined". */
  readonly defined: boolean;
  readonly onChange: Change;
  readonly onAddPanel: () => void;
}

export function Toolbar({ workspace, search, keys, defined, onChange, onAddPanel }: ToolbarProps): ReactElement {
  const { zoom } = workspace;
  const auto = defined ? workspace.axis : workspace.axis === X_AUTO ? X_STEP : workspace.axis;
  // An axis of the address that no shown run has is still what is chosen.
  const unlisted = [X_AUTO, X_STEP, X_RELATIVE, X_WALL, ...keys].includes(auto) ? [] : [auto];
  return (
    <div className="toolbar" role="toolbar" aria-label="Charts">
      <SearchBox value={workspace.panelSearch} label="Search charts" problem={search.problem} onChange={(panelSearch) => onChange({ panelSearch })} />
      <span className="toolbar-space" />
      {zoom && (
        <button className="button zoom" title="Show everything (or double-click a chart)" onClick={() => onChange({ zoom: null }, true)}>
          <Icon name="reset" size={13} /> {zoomText(zoom)}
        </button>
      )}
      <label className="field">
        <span>x</span>
        <select
          aria-label="x axis"
          value={auto}
          onChange={(event) => onChange({ axis: event.target.value === X_STEP && !defined ? X_AUTO : event.target.value, zoom: null })}
        >
          {defined && <option value={X_AUTO}>As defined</option>}
          {[X_STEP, X_RELATIVE, X_WALL].map((axis) => (
            <option key={axis} value={axis}>
              {axisLabel(axis)}
            </option>
          ))}
          <optgroup label="Metric">
            {[...unlisted, ...keys].map((key) => (
              <option key={key} value={key}>
                {key}
              </option>
            ))}
          </optgroup>
        </select>
      </label>
      <label className="field">
        <span>smooth</span>
        <input
          type="range"
          min="0"
          max="0.99"
          step="0.01"
          aria-label="Smoothing"
          value={workspace.smoothing}
          onChange={(event) => onChange({ smoothing: Number(event.target.value) })}
        />
        <output className="number">{workspace.smoothing.toFixed(2)}</output>
      </label>
      <button
        className={workspace.logScale ? "button pressed" : "button"}
        aria-pressed={workspace.logScale}
        title="Logarithmic y axes"
        onClick={() => onChange({ logScale: !workspace.logScale, flipped: [] })}
      >
        log y
      </button>
      <button className="button add-panel" title="A panel with several metrics" onClick={onAddPanel} disabled={keys.length === 0}>
        <Icon name="plus" size={13} /> Panel
      </button>
    </div>
  );
}

function zoomText({ axis, min, max }: NonNullable<Workspace["zoom"]>): string {
  const kind = axis === X_RELATIVE ? "duration" : axis === X_WALL ? "clock" : axis === X_STEP ? "step" : "number";
  const round = (value: number): number => (kind === "step" ? Math.round(value) : value);
  return `${formatX(kind, round(min))} – ${formatX(kind, round(max))}`;
}
