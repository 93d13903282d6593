/** @import { Figure, Trace } from "../plotly.d.ts" */

/** @typedef {{ title: string, colour?: string, dash: string, rank: number | null, values: number[] }} SpectrumLine */

/**
 * Singular values over their place, on a logarithmic axis.
 * @param {SpectrumLine[]} lines
 * @param {string} ink the colour of the merged change
 * @returns {Figure}
 */
export function spectrumFigure(lines, ink) {
  const axis = { automargin: true, fixedrange: true };
  const clear = "rgba(0,0,0,0)", power = { type: "log", exponentformat: "power", dtick: 1 };
  return {
    data: lines.map((line) => traceOf(line, ink)),
    layout: {
      margin: { l: 56, r: 12, t: 8, b: 40 },
      showlegend: false,
      paper_bgcolor: clear,
      plot_bgcolor: clear,
      xaxis: { ...axis, title: { text: "rank" } },
      yaxis: { ...axis, title: { text: "singular value" }, ...power },
    },
  };
}

/**
 * @param {SpectrumLine} line
 * @param {string} ink
 * @returns {Trace}
 */
function traceOf({ title, colour, dash, values }, ink) {
  return {
    type: "scatter",
    mode: "lines",
    x: values.map((_, at) => at + 1),
    y: values.map((value) => value || null), // a logarithmic axis has no place for 0
    name: title,
    line: { color: colour || ink, width: colour ? 1.5 : 2.2, dash },
    hovertemplate: `${title.replace(/[<>]/g, "")}: singular value %{x} is %{y:.3g}<extra></extra>`,
  };
}
