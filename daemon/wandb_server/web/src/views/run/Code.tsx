/** The code of a run: its script, what differed from the commit, what it had installed. */

import { useMemo, type ReactElement } from "react";
import { useRunFiles, type ListedFile } from "../../api/files_queries";
import type { RunDetail } from "../../api/queries";
import { parseObject } from "../../model/json";
import { environmentOf } from "../../model/run";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { FileBrowser } from "../files/FileBrowser";
import { GitLine } from "./GitLine";

interface CodeProps {
  readonly entity: string;
  readonly project: string;
  readonly run: RunDetail;
}

const CODE = /^(code\/.*|diff[^/]*\.patch|requirements\.txt|conda-environment\.yaml)$/;

export default function Code({ entity, project, run }: CodeProps): ReactElement {
  const files = useRunFiles(entity, project, run.name, run.state === "running");
  const code = useMemo(() => (files.data ?? []).filter((file) => CODE.test(file.name)), [files.data]);
  const environment = useMemo(() => environmentOf(parseObject(run.config)), [run.config]);
  return (
    <main className="records" aria-label="Code of the run">
      <GitLine remote={run.repo ?? environment.gitRemote} commit={run.commit ?? environment.gitCommit} />
      {files.isError && <Problem what="The code could not be loaded" error={files.error} onRetry={() => void files.refetch()} />}
      {files.isPending && <Skeleton rows={8} height={20} />}
      {files.data && code.length === 0 && (
        <Empty title="No code was saved" entity={entity} project={project} body={'run.log_code(".")'}>
          Start the run with <code>save_code=True</code> in its settings, or keep the code of a folder:
        </Empty>
      )}
      {code.length > 0 && <FileBrowser files={code} first={mainScript(code, run.program)} />}
    </main>
  );
}

/** The script that was started, else the first thing that there is. */
function mainScript(code: readonly ListedFile[], program: string | null): string | undefined {
  const saved = code.filter((file) => file.name.startsWith("code/"));
  const started = saved.find((file) => program !== null && (program === file.name.slice(5) || program.endsWith(`/${file.name.slice(5)}`)));
  return (started ?? saved[0] ?? code.find((file) => file.name.endsWith(".patch")) ?? code[0])?.name;
}
