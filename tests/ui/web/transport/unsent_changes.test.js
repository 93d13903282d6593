import assert from "node:assert/strict";
import { test } from "node:test";

import { UnsentChanges } from "../../../../mergelab/ui/web/transport/unsent_changes.js";

/** A storage as the browser has it. */
function storage() {
  const held = new Map();
  return {
    getItem: (key) => held.get(key) ?? null,
    setItem: (key, text) => held.set(key, text),
    removeItem: (key) => held.delete(key),
  };
}

test("changes outlive the page once, at the same address", () => {
  const tab = storage();
  new UnsentChanges(tab).keep({ "knob-method-ties-density": 0.4, experts: ["a", "b"] }, "?method=ties");
  const next = new UnsentChanges(tab);
  assert.deepEqual(next.take("?method=ties"), { "knob-method-ties-density": 0.4, experts: ["a", "b"] });
  assert.deepEqual(next.take("?method=ties"), {});
});

test("another address is another recipe, which keeps its own values", () => {
  const changes = new UnsentChanges(storage());
  changes.keep({ seed: 1 }, "?method=ties");
  assert.deepEqual(changes.take("?method=average"), {});
});

test("when everything was sent nothing is kept", () => {
  const changes = new UnsentChanges(storage());
  changes.keep({ seed: 1 }, "");
  changes.keep({}, "");
  assert.deepEqual(changes.take(""), {});
});
