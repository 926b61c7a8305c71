/** Where the code of a run lies: remote and commit, as links where their place on the web is known. */

import type { ReactElement } from "react";
import { gitWebAddress } from "../../model/git";
import { CopyButton } from "../../parts/messages";

interface GitLineProps {
  readonly remote: string | null;
  readonly commit: string | null;
}

export function GitLine({ remote, commit }: GitLineProps): ReactElement | null {
  if (!remote && !commit) return null;
  const web = gitWebAddress(remote);
  return (
    <div className="git-line" aria-label="Git">
      {remote && (web ? <a href={web} target="_blank" rel="noreferrer noopener"><code>{remote}</code></a> : <code>{remote}</code>)}
      {commit && (web ? <a href={`${web}/commit/${commit}`} target="_blank" rel="noreferrer noopener"><code title={commit}>{commit.slice(0, 10)}</code></a> : <code title={commit}>{commit.slice(0, 10)}</code>)}
      {commit && <CopyButton small text={`git checkout ${commit}`} label="Copy checkout" />}
    </div>
  );
}
