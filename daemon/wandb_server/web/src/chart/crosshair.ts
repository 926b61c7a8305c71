/** One crosshair for all charts over the same axis: where the pointer is in one is shown in the others. */

type Listener = (axis: string, x: number | null, source: object) => void;

export class Crosshair {
  private readonly listeners = new Set<Listener>();

  publish(axis: string, x: number | null, source: object): void {
    for (const listener of this.listeners) listener(axis, x, source);
  }

  subscribe(listener: Listener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
