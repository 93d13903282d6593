import assert from "node:assert/strict";
import { test } from "node:test";

import { LastSweep, lastWords, resumable } from "../../../../mergelab/ui/web/sweep/last_sweep.js";

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
  assert.deepEqual(lastWords(SWEEP, "method=ties", true), { told: "Your last sweep varied 1 setting of TIES. What was answered is kept: no row is asked twice.", button: "Resume" });
  assert.equal(lastWords(SWEEP, "", true).button, "Open its recipe");
});

test("a sweep of another browser was under way when the server was stopped", () => {
  assert.match(lastWords(SWEEP, "method=ties", false).told, /^A sweep of 1 setting of TIES was under way when the server was stopped\. What was answered is kept/);
});

test("a browser goes on with its own sweep until that has ended", () => {
  const last = new LastSweep(storage()), left = { ...SWEEP, name: "SCE" };
  assert.equal(resumable(last, null), null);
  assert.deepEqual(resumable(last, left), { sweep: left, isOwn: false });
  last.keep(SWEEP);
  assert.deepEqual(resumable(last, left), { sweep: SWEEP, isOwn: true });
  last.end();
  assert.deepEqual(resumable(last, left), { sweep: left, isOwn: false });
  assert.equal(resumable(last, null)?.isOwn, true);
});
