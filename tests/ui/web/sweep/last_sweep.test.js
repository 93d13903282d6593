import assert from "node:assert/strict";
import { test } from "node:test";

import { LastSweep, lastWords } from "../../../../mergelab/ui/web/sweep/last_sweep.js";

const SWEEP = { query: "method=ties", name: "TIES", request: { over: { "method.density": "0:1:0.25" }, objectives: ["mean"] } };

/** A storage that holds `text`. */
function storage(text = null) {
  return { text, getItem() { return this.text; }, setItem(_, value) { this.text = value; } };
}

test("the last sweep is known again by another page", () => {
  const kept = storage();
  new LastSweep(kept).keep(SWEEP);
  assert.deepEqual(new LastSweep(kept).known, SWEEP);
});

test("what cannot be read is no sweep", () => {
  for (const text of [null, "{", "{}", '{"query":"","request":{"over":{}}}']) assert.equal(new LastSweep(storage(text)).known, null);
});

test("a sweep is resumed from its own recipe, which is opened first", () => {
  assert.deepEqual(lastWords(SWEEP, "method=ties"), { told: "Your last sweep varied 1 setting of TIES. What was answered is kept: no row is asked twice.", button: "Resume" });
  assert.equal(lastWords(SWEEP, "").button, "Open its recipe");
});
