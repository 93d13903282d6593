/** What one gesture does is one step; stories bring scenes. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { UndoHistory } from "../../../../mergelab/ui/web/history/undo_history.js";

/** A history that was given keys, each with the number of its gesture. */
function historyOf(...pushes) {
  const history = new UndoHistory();
  for (const [key, gesture] of pushes) history.push(key, gesture);
  return history;
}

test("the opening state is a step that nothing replaces", () => {
  const history = historyOf(["d=1", 0], ["d=2", 0]);
  assert.deepEqual([history.keys, history.at], [["d=1", "d=2"], 1]);
});

test("a drag is one step, from where it began to where it ended", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=3", 1], ["d=4", 1]);
  assert.deepEqual([history.keys, history.at], [["d=1", "d=4"], 1]);
});

test("another gesture is another step", () => {
  assert.deepEqual(historyOf(["d=1", 0], ["d=2", 1], ["d=3", 2]).keys, ["d=1", "d=2", "d=3"]);
});

test("a late answer about another knob is a step of its own, whatever the hand does by then", () => {
  assert.deepEqual(historyOf(["d=1", 0], ["d=2", 1], ["d=2&s=5", 1]).keys, ["d=1", "d=2", "d=2&s=5"]);
});

test("a drag back to where it began leaves no step", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=1", 1]);
  assert.deepEqual([history.keys, history.at], [["d=1"], 0]);
});

test("the same key again changes nothing", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=2", 2], ["d=3", 1]);
  assert.deepEqual(history.keys, ["d=1", "d=3"]);
});

test("undo and redo lead along the steps and end at both ends", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=3", 2]);
  assert.deepEqual([history.canGo(-1, false), history.canGo(1, false)], [true, false]);
  history.cross(-1);
  history.cross(-1);
  assert.deepEqual([history.current.key, history.canGo(-1, false), history.canGo(1, false)], ["d=1", false, true]);
});

test("a change after undo drops what could be redone", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=3", 2]);
  history.cross(-1);
  history.endGesture();
  history.push("d=9", 3);
  assert.deepEqual(history.keys, ["d=1", "d=2", "d=9"]);
});

test("after undo a gesture that goes on does not replace the step it led to", () => {
  const history = historyOf(["d=1", 0], ["d=2", 1], ["d=3", 2]);
  history.cross(-1);
  history.cross(1);
  history.endGesture();
  history.push("d=4", 2);
  assert.deepEqual(history.keys, ["d=1", "d=2", "d=3", "d=4"]);
});

test("a refused recipe is no step, but can be left, even from the first step", () => {
  const history = historyOf(["d=1", 0]);
  assert.deepEqual([history.canGo(-1, true), history.canGo(-1, false)], [true, false]);
});

test("of more than 200 steps the oldest are forgotten", () => {
  const history = new UndoHistory();
  for (let step = 0; step < 205; step++) history.push(`d=${step}`, step);
  assert.deepEqual([history.keys.length, history.keys[0], history.at], [200, "d=5", 199]);
});

test("a story's scenes are crossed in both directions", () => {
  const history = historyOf(["d=1", 0], ["story", 1]);
  const before = { tab: "lab", at: null, pins: {} }, after = { tab: "compare", at: "3:query", pins: { a: "k" } };
  history.attach({ turn: 1, before, after });
  assert.equal(history.cross(-1), before);
  assert.equal(history.cross(1), after);
});

test("a story told twice in a row leads back to before the first time", () => {
  const history = historyOf(["d=1", 0], ["story", 1]), scene = (tab) => ({ tab, at: null, pins: {} });
  history.attach({ turn: 1, before: scene("tensor"), after: scene("compare") });
  history.attach({ turn: 2, before: scene("compare"), after: scene("compare") });
  assert.equal(history.cross(-1).tab, "tensor");
});
