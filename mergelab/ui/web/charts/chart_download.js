/** @import { ChartBoard } from "./chart_board.js" */
/** @import { Theme } from "./theme.js" */

import { find } from "../dom/elements.js";
import { saveCsv } from "../dom/save_file.js";
import { csvOf } from "../formatting/csv.js";
import { tableOfFigure } from "./figure_table.js";
import { CONFIG } from "./plotly.js";
import { themedFigure } from "./themed_figure.js";

const SIZE = { width: 900, height: 520 };

/**
 * What a downloaded file is called.
 * @param {string} run the recipe's name
 * @param {string} name
 * @param {string} format
 * @returns {string}
 */
export function fileName(run, name, format) {
  return `mergelab-${run.replace(/\W+/g, "-")}-${name}.${format}`;
}

/**
 * Saves a chart as a table or a picture.
 * @param {ChartBoard} board
 * @param {Theme} theme
 * @param {string} name of the chart
 * @param {string} format csv, svg or png
 * @param {string} run the recipe's name
 */
export async function downloadChart(board, theme, name, format, run) {
  const plotly = await board.plotly, figure = board.figures[name];
  if (!figure) return;
  const file = fileName(run, name, format);
  if (format === "csv") return saveCsv(csvOf(tableOfFigure(figure)), file);
  const { data, layout } = themedFigure(figure, theme), surface = theme.value("--ml-surface");
  const heading = find(board.card(name), "h2").textContent;
  const paper = {
    ...layout,
    title: { text: `${heading} · ${run}`, x: 0.02, font: { size: 15, color: theme.value("--ml-ink") } },
    margin: { ...layout.margin, t: 48, b: 40 },
    paper_bgcolor: surface,
    plot_bgcolor: surface,
    showlegend: data[0].type !== "heatmap",
  };
  const spare = document.createElement("div");
  spare.style.cssText = `position:fixed;left:-9999px;width:${SIZE.width}px;height:${SIZE.height}px`;
  document.body.append(spare);
  await plotly.newPlot(spare, data, paper, CONFIG);
  await plotly.downloadImage(spare, { format, ...SIZE, filename: file.replace(/\.\w+$/, "") });
  plotly.purge(spare);
  spare.remove();
}
