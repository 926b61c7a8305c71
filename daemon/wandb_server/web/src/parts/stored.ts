/** What this browser remembers. Storage may be forbidden or full; then nothing is remembered. */

const PREFIX = "wandb-page:";

export function readStored(key: string): string | null {
  try {
    return window.localStorage.getItem(PREFIX + key);
  } catch {
    return null;
  }
}

/** Remember `value`, or forget the key when it is null. */
export function store(key: string, value: string | null): void {
  try {
    if (value === null) window.localStorage.removeItem(PREFIX + key);
    else window.localStorage.setItem(PREFIX + key, value);
  } catch {
    // A convenience only: the address holds the state too.
  }
}
