/** The files of a run. */

import type { ReactElement } from "react";
import { useRunFiles } from "../../api/files_queries";
import type { RunDetail } from "../../api/queries";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { FileBrowser } from "../files/FileBrowser";

interface FilesProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

export default function Files({ entity, project, run }: FilesProps): ReactElement {
  const files = useRunFiles(entity, project, run.name, run.state === "running");
  return (
    <main className="records" aria-label="Files of the run">
      {files.isError && <Problem what="The files could not be loaded" error={files.error} onRetry={() => void files.refetch()} />}
      {files.isPending && <Skeleton rows={8} height={20} />}
      {files.data?.length === 0 && (
        <Empty title="No files yet" entity={entity} project={project} body={'run.save("results.json")'}>
          {run.state === "running" ? "Files appear here as soon as they are uploaded. " : "This run uploaded no file. "}A file of yours is kept with:
        </Empty>
      )}
      {files.data && files.data.length > 0 && <FileBrowser files={files.data} />}
    </main>
  );
}
