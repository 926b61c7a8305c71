/** What stands where data would: nothing yet, nothing at all, or an error that can be tried again. */

import { useState, type ReactElement, type ReactNode } from "react";
import { Icon } from "./icons";

/** A button that copies a text and says so. */
export function CopyButton({ text, label = "Copy", small = false, quiet = false }: CopyButtonProps): ReactElement {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 1500);
    });
  };
  return (
    <button className={["button", small ? "small" : "", quiet ? "quiet" : ""].filter(Boolean).join(" ")} onClick={copy}>
      <Icon name={copied ? "check" : "copy"} size={small ? 13 : 16} /> {copied ? "Copied" : label}
    </button>
  );
}

interface CopyButtonProps {
  readonly text: string;
  readonly label?: string;
  readonly small?: boolean;
  readonly quiet?: boolean;
}

/** Text with a button that copies it. */
export function Snippet({ text, label = "Copy" }: { text: string; label?: string }): ReactElement {
  return (
    <div className="snippet">
      <pre>{text}</pre>
      <CopyButton quiet text={text} label={label} />
    </div>
  );
}

/** Says why it is empty, and the three lines of Python that fill it. */
export function Empty({ title, children, entity, project, body = 'run.log({"loss": 0.42})' }: EmptyProps): ReactElement {
  const lines = [
    "import wandb",
    `with wandb.init(project=${quote(project ?? "my-project")}${entity ? `, entity=${quote(entity)}` : ""}) as run:`,
    `    ${body}`,
  ];
  return (
    <div className="empty">
      <h2>{title}</h2>
      <p>{children}</p>
      <Snippet text={lines.join("\n")} />
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly entity?: string;
  readonly project?: string;
  /** The line of Python that fills what is empty. */
  readonly body?: string;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** What failed, and a button to try again. */
export function Problem({ what, error, onRetry }: { what: string; error: unknown; onRetry?: () => void }): ReactElement {
  const reason = error instanceof Error ? error.message : String(error);
  return (
    <div className="problem" role="alert">
      <Icon name="alert" />
      <span>
        {what}: {reason}.
      </span>
      {onRetry && (
        <button className="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Grey bars in the shape of what is coming. */
export function Skeleton({ rows, height = 16 }: { rows: number; height?: number }): ReactElement {
  return (
    <div className="skeleton" aria-busy="true" aria-label="loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} style={{ height, width: `${92 - ((index * 37) % 40)}%` }} />
      ))}
    </div>
  );
}
