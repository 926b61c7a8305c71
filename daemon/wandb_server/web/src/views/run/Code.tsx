/** The code of a run: its script, what differed from the commit, what it had installed. */

import { useMemo, type ReactElement } from "react";
import { useArtifactFiles, useRunArtifacts, type RunArtifact } from "../../api/artifact_queries";
import { useRunFiles, type ListedFile } from "../../api/files_queries";
import type { RunDetail } from "../../api/queries";
import { parseObject } from "../../model/json";
import { environmentOf } from "../../model/run";
import { Empty, Problem, Skeleton } from "../../parts/messages";
import { FileBrowser } from "../files/FileBrowser";
import { ArtifactLink } from "./ArtifactLink";
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
  const made = useRunArtifacts(entity, project, run.name, run.state === "running");
  const logged = made.data?.outputs.findLast((artifact) => artifact.artifactType?.name === "code") ?? null;
  const environment = useMemo(() => environmentOf(parseObject(run.config)), [run.config]);
  return (
    <main className="records" aria-label="Code of the run">
      <GitLine remote={run.repo ?? environment.gitRemote} commit={run.commit ?? environment.gitCommit} />
      {files.isError && <Problem what="The code could not be loaded" error={files.error} onRetry={() => void files.refetch()} />}
      {files.isPending && <Skeleton rows={8} height={20} />}
      {files.data && logged && <LoggedCode artifact={logged} code={code} program={run.program} />}
      {files.data && made.isFetched && !logged && code.length === 0 && (
        <Empty title="No code was saved" entity={entity} project={project} body={'run.log_code(".")'}>
          Start the run with <code>save_code=True</code> in its settings, or keep the code of a folder:
        </Empty>
      )}
      {!logged && made.isFetched && code.length > 0 && <FileBrowser files={code} first={mainScript(code, run.program)} />}
    </main>
  );
}

/** What `log_code` kept as an artifact, with what the run has beside it. */
function LoggedCode({ artifact, code, program }: { artifact: RunArtifact; code: readonly ListedFile[]; program: string | null }): ReactElement {
  const found = useArtifactFiles(artifact.id);
  const files = useMemo(() => {
    const names = new Set(code.map((file) => file.name));
    return [...code, ...(found.data ?? []).filter((file) => !names.has(file.name))];
  }, [code, found.data]);
  return (
    <>
      <p className="preview-note">
        Logged as <ArtifactLink artifact={artifact} />
      </p>
      {found.isError && <Problem what="The logged code could not be loaded" error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending ? <Skeleton rows={8} height={20} /> : <FileBrowser files={files} first={mainScript(files, program)} />}
    </>
  );
}

/** The script that was started, else the first thing that there is. */
function mainScript(code: readonly ListedFile[], program: string | null): string | undefined {
  const isProgram = (path: string): boolean => program !== null && (program === path || program.endsWith(`/${path}`));
  const started = code.find((file) => isProgram(file.name.replace(/^code\//, "")));
  const saved = code.find((file) => file.name.startsWith("code/") || /\.(py|ipynb)$/.test(file.name));
  return (started ?? saved ?? code.find((file) => file.name.endsWith(".patch")) ?? code[0])?.name;
}
