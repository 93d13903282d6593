/** @import { Page } from "./page.d.ts" */
/** @import { RecipeExports } from "./frame/recipe_exports.js" */
/** @import { StatusStrip } from "./frame/status_strip.js" */
/** @import { Tabs } from "./frame/tabs.js" */
/** @import { Undo } from "./history/undo.js" */
/** @import { DensityCurves } from "./lab/density_curves.js" */
/** @import { LabTab } from "./lab/lab_tab.js" */
/** @import { Narrowing } from "./lab/narrowing.js" */
/** @import { Scores } from "./lab/scores.js" */
/** @import { ThresholdLine } from "./lab/threshold/threshold_line.js" */
/** @import { ResetArrows } from "./sidebar/reset_arrows.js" */
/** @import { VariedKnobs } from "./sidebar/varied_knobs.js" */
/** @import { TensorTab } from "./tensor/tensor_tab.js" */
/** @import { KnobChanges } from "./transport/knob_changes.js" */
/** @import { UnansweredChoices } from "./transport/unanswered_choices.js" */

/**
 * The parts of the page that the hook reads.
 * @typedef {object} Parts
 * @property {KnobChanges} knobs
 * @property {UnansweredChoices} choices
 * @property {Tabs} tabs
 * @property {StatusStrip} status
 * @property {RecipeExports} exports
 * @property {Undo} undo
 * @property {LabTab} lab
 * @property {Narrowing} narrowing
 * @property {ThresholdLine} line
 * @property {DensityCurves} curves
 * @property {Scores} scores
 * @property {ResetArrows} resets
 * @property {TensorTab} tensor
 * @property {VariedKnobs} varied
 */

/**
 * Publishes `window.mergelab`, the one object that scripts outside the page's modules may use. Gradio's events call
 * `onKnobChange`, `onChoice` and `flushed` (lab_page.py). Everything else only reads: browser tests wait for what is on screen
 * (tests/browser/visits.py), and benchmarks/latency.py measures it.
 * @param {Page} page
 * @param {Parts} parts
 */
export function publishHook({ inbox, board, address }, parts) {
  const {
    knobs, choices, tabs, status, exports, undo, lab, narrowing, line, curves, scores, resets, tensor, varied,
  } = parts;
  const { map } = tensor;
  window.mergelab = {
    onKnobChange: knobs.onKnobChange.bind(knobs),
    onChoice: choices.onChoice.bind(choices),
    flushed: () => knobs.flushed(),

    /** When the page was ready, had charts, and had drawn one. */
    mounted: performance.now(),
    get firstData() { return lab.firstData; },
    get firstDraw() { return board.firstDraw; },

    /** Digests of recipes: of the one that Python heard of last, and of those whose charts and scores are on screen. */
    of: {
      get sidebar() { return inbox.get("link")?.digest ?? null; },
      get charts() { return lab.shown?.digest ?? null; },
      get scores() { return scores.shown?.digest ?? null; },
    },
    get key() { return inbox.get("link")?.key; },
    get yaml() { return exports.yaml; },
    get status() { return status.kind; },
    get tab() { return tabs.open; },
    get entries() { return varied.entries; },
    get address() { return address.written; },
    get defaults() { return resets.defaults; },

    /** How often charts were drawn, charts and scores came, and whether any chart is still to be drawn. */
    get draws() { return board.draws; },
    get drawing() { return board.drawing; },
    owes: () => board.owes,
    get charts() { return lab.count; },
    get scores() { return scores.count; },

    get label() { return lab.label; },
    get cells() { return lab.shown?.cells; },
    get shown() { return lab.shown?.now.place; },
    get at() { return narrowing.at; },
    get density() { return line.value; },
    get pinned() { return curves.pinned; },
    get scoreState() { return scores.shown?.state ?? "none"; },
    get rows() { return scores.shown?.rows; },

    steps: {
      get at() { return undo.history.at; },
      get keys() { return undo.history.keys; },
      get asked() { return undo.asked; },
    },

    get tensors() { return tensor.tensors; },
    get spectrum() { return tensor.singular.shown; },
    look: {
      get tensor() { return map.open?.tensor ?? null; },
      get at() { return map.open?.at ?? null; },
      get coords() { return map.open?.coords ?? null; },
      get mark() { return map.open?.mark ?? null; },
      get frames() { return map.view.frames; },
      get colour() { return map.view.colour; },
      get step() { return map.view.step; },
      get asked() { return map.requests.asked; },
      get waiting() { return map.requests.waiting; },
    },
  };
}
