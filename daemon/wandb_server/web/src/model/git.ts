/**
 * The web page of a git remote: `git@host:lab/x.git`, `ssh://git@host/lab/x` and `https://host/lab/x.git` are
 * `https://host/lab/x`. null for a local path and whatever else has none.
 */
export function gitWebAddress(remote: string | null): string | null {
  if (remote === null) return null;
  const short = /^(?:[\w.-]+@)?([\w.-]+\.[a-z]{2,}):(?!\/\/)(.+)$/i.exec(remote);
  const long = /^(?:https?|ssh|git):\/\/(?:[^@/]*@)?([\w.-]+\.[a-z]{2,})(?::\d+)?\/(.+)$/i.exec(remote);
  const [, host, path] = short ?? long ?? [];
  if (host === undefined || path === undefined) return null;
  return `https://${host}/${path.replace(/\.git\/?$/, "").replace(/\/$/, "").split("/").map(encodeURIComponent).join("/")}`;
}
