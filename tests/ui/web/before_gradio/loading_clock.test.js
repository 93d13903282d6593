import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runInNewContext } from "node:vm";

const SCRIPT = readFileSync(new URL("../../../../mergelab/ui/web/before_gradio/loading_clock.js", import.meta.url), "utf8");

/** A window whose frames are only noted, after the script ran in it. */
function opened() {
  /** @type {Function[]} */
  const asked = [];
  const window = { requestAnimationFrame: (/** @type {Function} */ draw) => asked.push(draw) };
  runInNewContext(SCRIPT, { window });
  return { window, asked };
}

test("a count of seconds gets no frame", () => {
  const { window, asked } = opened();
  const state = { start: 0, shown: 0 };
  const count = () => { state.shown = (performance.now()-state.start)/1e3; };
  assert.equal(window.requestAnimationFrame(count), 0);
  assert.deepEqual(asked, []);
});

test("whatever else draws gets its frames", () => {
  const { window, asked } = opened();
  const draw = () => {}, since = () => performance.now();
  assert.equal(window.requestAnimationFrame(draw), 1);
  window.requestAnimationFrame(since);
  assert.deepEqual(asked, [draw, since]);
});
