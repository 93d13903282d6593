/** @import { PlotlyLibrary } from "../plotly.d.ts" */

const EVERY = 20; // milliseconds

export const CONFIG = {
  displayModeBar: false, displaylogo: false, showSendToCloud: false, responsive: false, doubleClick: "reset",
};

/**
 * Waits for plotly.js, which loads beside the page.
 * @returns {Promise<PlotlyLibrary>}
 */
export function loadedPlotly() {
  return new Promise((resolve) => {
    const look = () => (window.Plotly ? resolve(window.Plotly) : setTimeout(look, EVERY));
    look();
  });
}

/**
 * Does work while the page has no <base>. With one, plotly refers to its gradients and clips by the page's full
 * address, which changes with every knob, so they would be lost.
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
export function withoutBase(work) {
  const base = document.querySelector("base");
  base?.remove();
  const done = work();
  if (base) document.head.prepend(base);
  return done;
}
