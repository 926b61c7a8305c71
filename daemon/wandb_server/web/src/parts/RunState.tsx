/** The state of a run: an icon and a word, never colour alone. */

import type { ReactElement } from "react";
import { Icon, type IconName } from "./icons";

const ICONS: Record<string, IconName> = {
  finished: "check",
  failed: "cross",
  crashed: "alert",
  killed: "stop",
  preempting: "pause",
  preempted: "pause",
  pending: "pause",
};

/** `short` hides the word from the eye where it is what is expected, not from screen readers. */
export function RunState({ state, short = false }: { state: string; short?: boolean }): ReactElement {
  const icon = ICONS[state];
  const hidden = short && (state === "finished" || state === "running");
  return (
    <span className={`state state-${state}`} title={state}>
      {icon ? <Icon name={icon} size={12} /> : <span className="pulse" aria-hidden="true" />}
      <span className={hidden ? "unseen" : ""}>{state}</span>
    </span>
  );
}
