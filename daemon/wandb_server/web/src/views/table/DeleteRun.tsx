/** Deletes the run that is open, and goes to the others; ten seconds to think again. */

import { useState, type ReactElement } from "react";
import { useRemoval } from "../../api/run_table";
import { formatRoute } from "../../model/route";
import { navigate } from "../../parts/location";

interface DeleteRunProps {
  readonly entity: string;
  readonly project: string;
  readonly run: { readonly id: string; readonly name: string; readonly displayName: string };
}

export function DeleteRun({ entity, project, run }: DeleteRunProps): ReactElement {
  const removal = useRemoval(entity, project);
  const [busy, setBusy] = useState(false);
  const remove = async (): Promise<void> => {
    setBusy(true);
    const done = await removal.remove([{ storageId: run.id, name: run.displayName || run.name }]);
    setBusy(false);
    if (done) navigate(formatRoute({ view: "workspace", entity, project }));
  };
  return (
    <>
      <button className="button quiet small" disabled={busy} title="Delete the run; can be undone for 10 s" onClick={() => void remove()}>
        Delete
      </button>
      {removal.problem !== null && <span className="bad" role="alert">{removal.problem}</span>}
    </>
  );
}
