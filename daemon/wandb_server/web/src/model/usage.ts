/** Python and shell that get at an artifact, with the reader's own names in them. */

export interface UsagePlace {
  readonly entity: string;
  readonly project: string;
  readonly collection: string;
  readonly version: string;
  readonly type: string;
}

export interface UsageSnippet {
  readonly title: string;
  readonly text: string;
}

export function usageSnippets(place: UsagePlace): UsageSnippet[] {
  const { entity, project, collection, version, type } = place;
  const name = quoted(`${entity}/${project}/${collection}:${version}`);
  const init = `with wandb.init(entity=${quoted(entity)}, project=${quoted(project)}) as run:`;
  const snippets = [
    { title: "In a run, which is noted as using it", text: ["import wandb", init, `    artifact = run.use_artifact(${name}, type=${quoted(type)})`, "    path = artifact.download()"] },
    { title: "Without a run", text: ["import wandb", `artifact = wandb.Api().artifact(${name})`, "path = artifact.download()"] },
    { title: "In a terminal", text: [`wandb artifact get ${name}`] },
  ];
  if (type === "model") snippets.splice(1, 0, { title: "As a model", text: ["import wandb", init, `    path = run.use_model(${name})`] });
  return snippets.map(({ title, text }) => ({ title, text: text.join("\n") }));
}

function quoted(text: string): string {
  return JSON.stringify(text);
}

/** How long a version is kept: -1 for ever, -2 or nothing as the project says. */
export function ttlText(seconds: number | null, inherited: boolean | null, words: (seconds: number) => string): string {
  if (seconds === null || seconds === -2 || (inherited === true && seconds < 0)) return "as long as the project keeps artifacts";
  if (seconds < 0) return "for ever";
  return `${words(seconds)}${inherited === true ? " (as the project says)" : ""}`;
}
