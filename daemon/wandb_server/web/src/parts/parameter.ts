/** One parameter of the address (`?file=a.txt`) as state: what is shown can be shared. */

import { useCallback } from "react";
import { navigate, useQueryText } from "./location";

/** Its text, "" when absent, and a setter that leaves the other parameters alone; `trace` leaves one in the history. */
export function useParameter(name: string): readonly [string, (value: string, trace?: boolean) => void] {
  const value = new URLSearchParams(useQueryText()).get(name) ?? "";
  const set = useCallback(
    (next: string, trace = false) => {
      const parameters = new URLSearchParams(window.location.search);
      if (next === "") parameters.delete(name);
      else parameters.set(name, next);
      const query = parameters.toString();
      navigate(window.location.pathname + (query === "" ? "" : `?${query}`), !trace);
    },
    [name],
  );
  return [value, set];
}
