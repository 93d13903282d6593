import assert from "node:assert/strict";
import { test } from "node:test";

import { figuresLeft } from "../../../../mergelab/ui/web/frame/status_strip.js";

const charts = { digest: "one", recipe: "TIES", models: "pixels · 5 experts" };

test("figures that Stop left of another recipe are called by its name", () => {
  const told = "The figures below belong to TIES (pixels · 5 experts).";
  assert.equal(figuresLeft("stopped", charts, { digest: "two" }), told);
  assert.equal(figuresLeft("error", charts, { digest: "two" }), told);
});

test("figures of the sidebar's recipe need no name, nor do those that are on their way, nor a stack's", () => {
  assert.equal(figuresLeft("stopped", charts, { digest: "one" }), "");
  assert.equal(figuresLeft("running", charts, { digest: "two" }), "");
  assert.equal(figuresLeft("stopped", null, { digest: "two" }), "");
  assert.equal(figuresLeft("stopped", charts, null), "");
});
