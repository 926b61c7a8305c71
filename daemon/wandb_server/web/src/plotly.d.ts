/** The part of Plotly that is used here. */
declare module "plotly.js-cartesian-dist-min" {
  interface Plotly {
    newPlot(
      element: HTMLElement,
      data: readonly unknown[],
      layout: Record<string, unknown>,
      options: Record<string, unknown>,
    ): Promise<unknown>;
    purge(element: HTMLElement): void;
    Plots: { resize(element: HTMLElement): void };
  }
  const plotly: Plotly;
  export default plotly;
}
