import assert from "node:assert/strict";
import { test } from "node:test";

import { aboutAll, answerers, nextStep, stateOf, whence } from "../../../../mergelab/ui/web/task_sets/task_words.js";

const CLEAR = /** @type {any} */ ({ problems: [], more: 0, used: false, corrected: false, columns: [{}], title: "moods.csv", origin: "moods.csv", uploaded: true, kept: "" });
const WRONG = { ...CLEAR, problems: ["line 3: unknown label", "line 4: unknown label"], more: 5 };

test("all task sets are counted, and those with problems", () => {
  assert.equal(aboutAll(/** @type {any} */ ({ sets: [] })), "");
  assert.equal(aboutAll(/** @type {any} */ ({ sets: [CLEAR] })), "1 task set, no problems");
  assert.equal(aboutAll(/** @type {any} */ ({ sets: [CLEAR, WRONG] })), "2 task sets, 1 with problems");
});

test("problems that are not listed are counted, too", () => {
  assert.equal(stateOf(WRONG), "7 problems");
  assert.match(nextStep(WRONG), /^Nothing is scored with it/);
});

test("a task set that is changed is not in use until the models are loaded again", () => {
  assert.equal(stateOf({ ...CLEAR, used: true }), "in use");
  assert.equal(stateOf({ ...CLEAR, corrected: true }), "not used yet");
  assert.match(nextStep({ ...CLEAR, corrected: true }), /Press “Use these models” .* to score with what you chose/);
});

test("a linear probe is one of those who may answer, where the kind has one", () => {
  const heads = { "/models/mood": "mood" }, shown = { ...CLEAR, head: "", answers: "mood, by its labels", has_probe: true };
  assert.deepEqual(answerers(shown, heads), [["", "mood, by its labels"], ["/models/mood", "mood"], ["probe", "a linear probe on the base"]]);
  const other = { ...shown, head: "/models/other", has_probe: false };
  assert.deepEqual(answerers(other, heads).map(([value]) => value), ["", "/models/other", "/models/mood"]);
});

test("an upload says how long it is kept, and that no link has it", () => {
  assert.equal(whence(CLEAR), "Uploaded: it is kept until this page is closed or reloaded, and no link includes it.");
  assert.match(whence({ ...CLEAR, kept: "task-sets/moods" }), /kept in the models folder: from now on, name it by task-sets\/moods/);
});

test("where a task set is from is said if its title does not say it", () => {
  assert.equal(whence({ ...CLEAR, uploaded: false }), "");
  assert.equal(whence({ ...CLEAR, uploaded: false, origin: "/data/moods.csv" }), "/data/moods.csv");
  assert.match(whence({ ...CLEAR, origin: "a.csv, here called moods.csv" }), /^a\.csv, here called moods\.csv\. Uploaded/);
});
