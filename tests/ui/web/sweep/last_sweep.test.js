import assert from "node:assert/strict";
import { test } from "node:test";

import { LastSweep, lastWords, resumable } from "../../../../mergelab/ui/web/sweep/last_sweep.js";

const SWEEP = { query: "method=ties", name: "TIES", request: { over: { "method.density": "0:1:0.25" }, objectives: ["mean"] }, at: "", tried: 0, points: 0, state: "interrupted" };

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

test("a sweep that was interrupted says when, and how far it came", () => {
  const left = { ...SWEEP, at: "2026-11-30T12:06:00+00:00", tried: 7, points: 20 };
  const said = /^A sweep of 1 setting of TIES was interrupted on (Nov 30|Dec 1), \d\d:\d\d, after 7 of at most 20 recipes\. What was answered is kept/;
  assert.match(lastWords(left, "method=ties", false).told, said);
  assert.match(lastWords(left, "method=ties", true).told, /^Your sweep of 1 setting of TIES was interrupted on/);
});

test("a sweep that a person cancelled is not called interrupted, and can be resumed as well", () => {
  const left = { ...SWEEP, at: "2026-11-30T12:06:00+00:00", tried: 7, points: 20, state: "cancelled" }, { told, button } = lastWords(left, "method=ties", false);
  assert.match(told, /^A sweep of 1 setting of TIES was cancelled on (Nov 30|Dec 1), \d\d:\d\d, after 7 of at most 20 recipes\./);
  assert.equal(button, "Resume");
});

test("the server says of this browser's own sweep how far it came, whatever the order of what was asked for", () => {
  const last = new LastSweep(storage()), request = { objectives: ["mean"], over: SWEEP.request.over }, left = { ...SWEEP, request, at: "2026-11-30T12:06:00+00:00", tried: 7, points: 20 };
  last.keep(SWEEP);
  assert.deepEqual(resumable(last, left), { sweep: left, isOwn: true });
});

test("what somebody stopped on this server is offered to the browser that began it alone", () => {
  const own = new LastSweep(storage()), other = new LastSweep(storage()), left = { ...SWEEP, at: "2026-11-30T12:06:00+00:00", tried: 7, points: 20, state: "cancelled", here: true };
  own.keep(SWEEP);
  assert.deepEqual(resumable(own, left), { sweep: left, isOwn: true });
  assert.equal(resumable(other, left), null);
  assert.deepEqual(resumable(other, { ...left, here: false })?.isOwn, false);
});

test("a browser goes on with its own sweep until that has ended", () => {
  const last = new LastSweep(storage()), left = { ...SWEEP, query: "method=sce", name: "SCE" };
  assert.equal(resumable(last, null), null);
  assert.deepEqual(resumable(last, left), { sweep: left, isOwn: false });
  last.keep(SWEEP);
  assert.deepEqual(resumable(last, left), { sweep: SWEEP, isOwn: true });
  last.end();
  assert.deepEqual(resumable(last, left), { sweep: left, isOwn: false });
  assert.equal(resumable(last, null)?.isOwn, true);
});
