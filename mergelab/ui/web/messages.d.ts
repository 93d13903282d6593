/**
 * The messages that Python sends to the page, one interface each. `PanelMessages` lists them by name.
 *
 * This file is written by hand after `parts_of` (panel.py), `charts_data` (live_messages.py), `compare_data`
 * (compare_tab.py) and `look_parts` (tensor_tab.py), until it is generated from Python.
 */

import type { CurveTrace, Figure, HeatmapTrace } from "./plotly.d.ts";

/** Whether charts are read from a sketch, counted entry by entry, or cannot be had for these settings. */
export type ChartLabel = "preview" | "exact" | "unknown";
export type Split = "validation" | "test";
/** The keys of pinned recipes, by slot. */
export type Pins = Record<string, string>;

export interface CellTitle {
  layer: string;
  module: string;
  title: string;
}

export interface NarrowedCell extends CellTitle {
  tensors: { key: string; shape: string }[];
}

export interface HeatmapRate {
  title: string;
  z: (number | null)[][];
  text: string[][];
}

export interface HeatmapChart {
  figure: Figure<HeatmapTrace>;
  rates: Record<string, HeatmapRate>;
  summary: string;
  empty: string;
}

export interface HistogramChart {
  figure: Figure;
  summary: string;
  notice: string;
  empty?: string;
}

export interface PairsChart {
  figure: Figure<HeatmapTrace>;
  cosines: Figure<HeatmapTrace>;
  summary: string;
  empty: string;
}

export interface KeptChart {
  figure: Figure<HeatmapTrace>;
  summary: string;
  empty: string;
}

export interface KeyNumber {
  name: string;
  text: string;
  help: string;
}

export interface LegendEntry {
  title: string;
  colour: string;
  dash: string;
  kept: number | null;
}

export interface ExpertRow {
  title: string;
  colour: string;
  cells: string[];
}

/** The threshold line in the histogram: the knob that it moves, and what each value of the knob would keep. */
export interface ThresholdLine {
  /** The experts whose changes `shares` counts. */
  key: string;
  elem_id: string;
  title: string;
  value: number;
  low: number;
  high: number;
  step: number;
  /** The ends of the histogram's bins, log10 of the magnitude. */
  edges: number[];
  /** By expert and bin: the share of the expert's entries that lies in the bin. */
  shares: number[][];
  /** By expert: log10 of the threshold that the recipe uses; null where it keeps everything or nothing. */
  thresholds: (number | null)[];
  colours: string[];
}

/** Where the recipe stands on the curves over the density. */
export interface CurvePosition {
  place: number | null;
  /** The elem_id of the knob that moves the position; null where no knob does. */
  dial: string | null;
  /** The density that halves the conflict. */
  half: number | null;
  step?: number;
  advice: string;
}

export interface Charts {
  label: ChartLabel;
  chip: string;
  remark: string;
  /** The first eight digits of the recipe's digest. */
  name: string;
  digest: string;
  models: string;
  heatmap: HeatmapChart;
  histogram: HistogramChart;
  pairs: PairsChart;
  kept: KeptChart;
  numbers: KeyNumber[];
  legend: LegendEntry[];
  experts: ExpertRow[];
  line: ThresholdLine | null;
  at: NarrowedCell | null;
  /** Every layer and module, strongest conflict first. */
  cells: CellTitle[];
  now: CurvePosition;
}

export interface CurveLine {
  key: string;
  title: string;
  role: string;
  dash: string;
  help: string;
}

export interface Curves {
  figure: Figure<CurveTrace> | null;
  cosines: Figure<CurveTrace> | null;
  summary: string;
  empty: string;
  lines: CurveLine[];
  /** The name of the pinned recipe whose curves stand behind. */
  pinned: string | null;
}

export interface ComparedSlot {
  name: string;
  title: string;
  pinned: boolean;
  chip: string;
  label: ChartLabel;
}

export interface ComparedMap {
  figure: Figure<HeatmapTrace>;
  rates: Record<string, { z: (number | null)[][]; text: string[][] }>;
}

export interface Comparison {
  slots: Record<"a" | "b", ComparedSlot>;
  at: string;
  rates: Record<string, string>;
  a: ComparedMap;
  b: ComparedMap;
  difference: ComparedMap;
  curves: Figure<CurveTrace> | null;
  numbers: string[][];
  scores: string[][];
  unscored: string;
  diff: string[][];
  same: string;
  summary: string;
}

export type ScoreState = "none" | "exact" | "live" | "stale" | "updating";

export interface Score {
  value: number;
  low: number;
  high: number;
}

export interface ScoreRow {
  title: string;
  place: number | null;
  n: number;
  metric: string;
  base: Score | null;
  own: Score | null;
  merged: Score | null;
  to_own: number | null;
  colour: string | null;
}

export interface Scores {
  state: ScoreState;
  about: string;
  rows: ScoreRow[];
  figure: Figure | null;
  digest: string | null;
  summary: string;
  notice: string;
  split?: Split;
  legend: { title: string; colour: string }[];
  empty: string;
}

export type StatusKind = "ready" | "loading" | "running" | "queued" | "stopped" | "error" | "refused";

export interface Status {
  kind: StatusKind;
  text: string;
  detail: string;
  fraction: number | null;
  problems: string[];
  trace: string;
}

/** The recipe as texts to take away. */
export interface RecipeExports {
  yaml: string;
  cli: string;
  python: string;
}

/** The recipe on the sidebar. Every answer to a change has one. */
export interface Link {
  /** The whole state of the sidebar, for undo. */
  key: string;
  /** What a link to the recipe says; empty for the opening state. */
  query: string;
  /** What a link cannot say. */
  note: string;
  digest: string;
  at: number;
}

export interface Story {
  title: string;
  sentences: string[];
  tab: string;
  /** `layer:module` of the cell that the story narrows to. */
  at: string | null;
  /** The chart or table that the story marks. */
  chart: string | null;
  /** The key of the story's recipe. */
  key: string;
  /** Tells one choice of the story from the next. */
  turn: number;
  pins: Pins;
  /** The pins from before the story. */
  pinned: Pins;
}

export interface ListEntry {
  family: string;
  line: string;
}

export interface TensorRow {
  key: string;
  shape: string;
  entries: number;
  layer: string;
  module: string;
  conflict: number | null;
  shared: number;
}

export interface TensorList {
  recipe: string;
  rows: TensorRow[];
}

export interface ExpertStyle {
  name: string;
  title: string;
  colour: string;
  dash: string;
}

/** The strongest conflicts of a tensor, column by column. `[expert][row]` where both are named. */
export interface Conflicts {
  total: number;
  /** Flat indices of the coordinates. */
  places: number[];
  strengths: number[];
  deltas: number[][];
  kept: boolean[][];
  levels: (number | null)[][];
  signs: (number | null)[];
  base: number[];
  merged: number[];
}

/** An opened tensor as a whole. */
export interface TensorUpdate {
  key: string;
  shape: number[];
  rows: number;
  columns: number;
  entries: number;
  /** Whether the tensor is a vector that is shown as lines of a text. */
  folded: boolean;
  side: number;
  recipe: string;
  rule: string;
  /** Whether the map follows every knob by itself. */
  follows: boolean;
  experts: ExpertStyle[];
  /** The mean magnitude at which the colours end. */
  most: number;
  summary: string;
  /** By step of the merge: its name and what it does. */
  words: Record<string, [title: string, help: string]>;
  conflicts: Conflicts;
}

/** A window of a tensor: first row, first column, and how many of both. */
export interface MapWindow {
  top: number;
  left: number;
  rows: number;
  columns: number;
}

export type CellField = "entries" | "active" | "overlapping" | "conflicting" | "gross" | "net" | "change";

/** A window as sums over rectangles of `height` x `width` coordinates. */
export interface MapCells {
  recipe: string;
  /** The window that was asked for; null where the whole tensor was. */
  window: MapWindow | null;
  top: number;
  left: number;
  height: number;
  width: number;
  rows: number;
  columns: number;
  /** Base64 of little-endian uint32 (counts) or float32 (sums). */
  fields: Record<CellField, string>;
}

/** One step of the merge in a window; base64 of float32, one expert after the other. */
export interface EncodedStep {
  name: string;
  values: string;
  shares?: string;
  signs?: string;
}

/** A window coordinate by coordinate. */
export interface MapCoordinates extends MapWindow {
  recipe: string;
  dtype: string;
  base: string;
  merged: string;
  stages: EncodedStep[];
}

export interface Spectrum {
  key: string;
  /** Why there are no singular values; empty where there are. */
  reason: string;
  names: string[];
  ranks: (number | null)[];
  values: number[][];
}

export interface TensorFailure {
  sentence: string;
  at: number;
}

export interface PanelMessages {
  charts: Charts;
  curves: Curves;
  /** Empty text where nothing is pinned. */
  compare: Comparison | "";
  scores: Scores;
  test: Scores;
  status: Status;
  home: RecipeExports;
  link: Link;
  /** What of the address did not fit. */
  notes: string[];
  /** Empty text where no story is told any more. */
  story: Story | "";
  device: string;
  /** A time: the charts take a while, so the page has to ask for them. */
  later: number;
  /** The id of Gradio's session. */
  visitor: string;
  /** What 1 minus a knob's value is called, by elem_id. */
  complements: Record<string, string>;
  /** Each choice of the lists, by elem_id of the list. */
  lists: Record<string, ListEntry[]>;
  /** Each knob's default, by elem_id. */
  defaults: Record<string, number | string | boolean | null>;
  /** The parameters of an address that the browser writes by itself. */
  view: string[];
  tensors: TensorList;
  tensor: TensorUpdate;
  cells: MapCells;
  coordinates: MapCoordinates;
  spectrum: Spectrum;
  unlooked: TensorFailure;
}
