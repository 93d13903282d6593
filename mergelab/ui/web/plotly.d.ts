/** The few calls of plotly.js that the page makes, and the data that it passes. */

export type Coordinate = number | string;
/** A layer and a module, in the matrix of pairs with the tensor where the pair conflicts most. */
export type CellName = [layer: string, module: string, tensor?: string];

export interface TraceMeta {
  /** The theme's colour scale for a heatmap; "experts" stands for the figure's own. */
  palette?: "heat" | "roots" | "diverging" | "experts";
  /** The number of weights of each cell that has too few of them for a share. */
  few?: (number | null)[][];
  /** What is written in each cell, if not its value. */
  labels?: string[][] | null;
  /** The theme's colour for a line or a bar. */
  role?: string;
  /** Which figure a line shows. */
  key?: string;
  /** Whether the line belongs to the pinned recipe. */
  pinned?: boolean;
  /** How good the recipe of a line or dot is, from 0 to 1. */
  shade?: number;
  /** The number of the recipe that a line stands for. */
  number?: number;
  /** The best cell of a heatmap. */
  best?: { row: number; column: number };
}

export interface Trace {
  type: "heatmap" | "scatter" | "bar";
  name?: string;
  meta?: TraceMeta;
  x: Coordinate[];
  y: (Coordinate | null)[];
  text?: unknown;
  texttemplate?: string | string[];
  colorscale?: [number, string][];
  colorbar?: object;
  line?: { color?: string; dash?: string; width?: number };
  marker?: object;
  error_x?: object;
  error_y?: object;
  [more: string]: unknown;
}

export interface HeatmapTrace extends Trace {
  type: "heatmap";
  y: Coordinate[];
  z: (number | null)[][];
  zmin: number;
  zmax: number;
  /** From 0 to 1; opaque by default. */
  opacity?: number;
  texttemplate?: string;
  /** Each cell's layer and module; null where the models have no such cell. */
  customdata: (CellName | null)[][];
}

export interface CurveTrace extends Trace {
  type: "scatter";
  name: string;
  meta: TraceMeta & { key: string };
  x: number[];
  y: (number | null)[];
  line: { color?: string; dash?: string; width?: number };
}

export interface LayoutAxis {
  tickvals?: Coordinate[];
  ticktext?: string[];
  [more: string]: unknown;
}

/** An axis of parallel coordinates: its ends as numbers, or its words from below to above. */
export interface ParallelAxis {
  title: string;
  low: number;
  high: number;
  logarithmic: boolean;
  share: boolean;
  words: string[];
}

export interface Shape {
  name?: string;
  [more: string]: unknown;
}

export interface Layout {
  xaxis?: LayoutAxis;
  yaxis?: LayoutAxis;
  shapes?: Shape[];
  annotations?: object[];
  meta?: { axes: ParallelAxis[] };
  margin?: object;
  [more: string]: unknown;
}

/** A chart as Python sends it: plain JSON without the theme's colours. */
export interface Figure<T extends Trace = Trace> {
  data: T[];
  layout: Layout;
}

/** An axis as plotly laid it out. `l2p` turns a number on it into pixels, `p2l` does the reverse. */
export interface DrawnAxis {
  _offset: number;
  _length: number;
  l2p(value: number): number;
  p2l(pixels: number): number;
}

export interface PlotPoint {
  x: Coordinate;
  y: Coordinate;
  customdata?: CellName | null;
  text?: string;
}

/** An element that plotly may have drawn in. */
export interface PlotElement extends HTMLElement {
  layout?: Layout;
  _fullLayout?: { xaxis: DrawnAxis; yaxis: DrawnAxis };
  on(event: "plotly_click" | "plotly_hover", callback: (event: { points: [PlotPoint] }) => void): void;
  on(event: "plotly_unhover" | "plotly_afterplot", callback: () => void): void;
}

export interface PlotlyLibrary {
  react(plot: HTMLElement, data: Trace[], layout: Layout, config: object): Promise<unknown>;
  newPlot(plot: HTMLElement, data: Trace[], layout: Layout, config: object): Promise<unknown>;
  relayout(plot: HTMLElement, changes: object): Promise<unknown>;
  downloadImage(plot: HTMLElement, options: object): Promise<unknown>;
  purge(plot: HTMLElement): void;
}

declare global {
  interface Window {
    /** Set by plotly.min.js, which loads beside the page. */
    Plotly?: PlotlyLibrary;
  }
}
