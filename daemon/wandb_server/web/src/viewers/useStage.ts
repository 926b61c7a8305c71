/** A three-dimensional view for as long as a component is mounted. */

import { useEffect, useRef, useState, type RefObject } from "react";
import type { Object3D } from "three";
import { useTheme } from "../parts/theme";
import { openStage, type Stage } from "./stage";

interface Shown {
  readonly place: RefObject<HTMLDivElement | null>;
  readonly problem: string | null;
}

/** `object` makes what is shown, once. */
export function useStage(object: (() => Object3D | Promise<Object3D>) | null): Shown {
  const place = useRef<HTMLDivElement>(null);
  const stage = useRef<Stage | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const theme = useTheme();
  useEffect(() => {
    const element = place.current;
    if (!element || !object) return;
    let current = true;
    const fail = (error: unknown): void => {
      if (current) setProblem(error instanceof Error ? error.message : String(error));
    };
    void Promise.resolve()
      .then(object)
      .then((made) => {
        if (!current) return;
        stage.current = openStage(element);
        stage.current.show(made);
        element.dataset["ready"] = "";
      })
      .catch(fail);
    return () => {
      current = false;
      stage.current?.close();
      stage.current = null;
    };
  }, [object]);
  useEffect(() => stage.current?.repaint(), [theme.shown]);
  return { place, problem };
}
