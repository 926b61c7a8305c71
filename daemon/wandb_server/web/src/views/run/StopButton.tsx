/** Asks a running script to end; says so until it has. */

import { useState, type ReactElement } from "react";
import { useRunChanges } from "../../api/run_changes";
import type { RunDetail } from "../../api/queries";
import { Icon } from "../../parts/icons";

type Phase = "idle" | "sure" | "asked";

export function StopButton({ entity, project, run }: { entity: string; project: string; run: RunDetail }): ReactElement {
  const { stop } = useRunChanges(entity, project, run.name, run.id);
  const [phase, setPhase] = useState<Phase>("idle");
  const [problem, setProblem] = useState<string | null>(null);
  const ask = (): void => {
    setPhase("asked");
    setProblem(null);
    stop().catch((error: unknown) => {
      setPhase("idle");
      setProblem(error instanceof Error ? error.message : String(error));
    });
  };
  if (phase === "asked") return <span className="faint" role="status">was asked to stop</span>;
  if (phase === "sure") {
    return (
      <span className="stop-sure" role="group" aria-label="Stop this run?">
        <button autoFocus className="button small primary" onClick={ask}>Stop the script</button>
        <button className="button small" onClick={() => setPhase("idle")}>Keep it running</button>
      </span>
    );
  }
  return (
    <>
      <button className="button small" onClick={() => setPhase("sure")}>
        <Icon name="stop" size={11} /> Stop
      </button>
      {problem && <span className="bad" role="alert">Not stopped: {problem}</span>}
    </>
  );
}
