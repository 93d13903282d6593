import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { helpWords, meaningOf } from "../../../../mergelab/ui/web/sweep/sweep_help.js";

test("every sampler and race of the form has a meaning in plain words", () => {
  const page = readFileSync(new URL("../../../../mergelab/ui/web/sweep/sweep.html", import.meta.url), "utf8");
  for (const name of ["sampler", "race"]) {
    const [list] = page.match(new RegExp(`data-sweep="${name}">.*?</select>`)) ?? [""];
    const values = [...list.matchAll(/value="([^"]*)"/g)].map(([, value]) => value);
    assert.ok(values.length > 2);
    for (const value of values) assert.ok(meaningOf(name, value), `${name} ${value}`);
  }
});

test("the line says what is chosen, and that recipes do not race for two goals", () => {
  assert.equal(helpWords("grid", "none", false), "Recipes: every combination of the values. Race: every recipe answers every example; slowest.");
  assert.match(helpWords("tpe", "halving", true), /Race: none with two goals/);
});
