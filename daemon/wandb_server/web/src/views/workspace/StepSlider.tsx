/** Which step is shown: a slider over the steps that have something, and a way back to the newest. */

import type { ReactElement } from "react";
import { grouped } from "../../model/numbers";

interface StepSliderProps {
  readonly steps: readonly number[];
  readonly step: number | null;
  /** False while the newest step is followed. */
  readonly chosen: boolean;
  readonly onStep: (step: number | null) => void;
}

export function StepSlider({ steps, step, chosen, onStep }: StepSliderProps): ReactElement {
  const at = Math.max(0, steps.findLastIndex((one) => one <= (step ?? Infinity)));
  return (
    <footer className="step-slider">
      <span className="number" title={`Step ${step ?? "–"}: keys [ and ]`}>
        Step {grouped(step ?? 0)}
      </span>
      {steps.length > 1 && (
        <input
          type="range"
          min={0}
          max={steps.length - 1}
          value={at}
          aria-label="Step"
          aria-valuetext={`step ${steps[at] ?? 0}`}
          onChange={(event) => onStep(steps[Number(event.target.value)] ?? null)}
        />
      )}
      {chosen && (
        <button className="button quiet small" onClick={() => onStep(null)} title="Follow the newest step">
          Newest
        </button>
      )}
    </footer>
  );
}
