/** The modules as a whole: no circles, and nothing that runs when a module is merely imported. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("../../../mergelab/ui/web", import.meta.url));
const CLASSIC = `before_gradio${sep}`;
const MODULES = readdirSync(WEB, { recursive: true }).filter((name) => name.endsWith(".js") && !name.startsWith(CLASSIC));

/** What each module imports, by path. Types alone, in comments, are no imports. */
const IMPORTS = new Map(MODULES.map((name) => {
  const found = readFileSync(join(WEB, name), "utf-8").matchAll(/^(?:import|export)\b[^"';]*?from "(\..*?)";/gms);
  return [name, [...found].map(([, path]) => relative(WEB, join(WEB, dirname(name), path)))];
}));

test("imports lead to modules that are there", () => {
  for (const [name, imported] of IMPORTS) for (const each of imported) assert.ok(IMPORTS.has(each), `${name} imports ${each}`);
});

test("no module imports itself by a detour", () => {
  const done = new Set();
  const visit = (name, above) => {
    assert.ok(!above.includes(name), [...above, name].join(" → "));
    if (done.has(name)) return;
    for (const each of IMPORTS.get(name)) visit(each, [...above, name]);
    done.add(name);
  };
  for (const name of MODULES) visit(name, []);
});

test("the entry reaches every module", () => {
  const reached = new Set();
  const visit = (name) => {
    if (reached.has(name)) return;
    reached.add(name);
    IMPORTS.get(name).forEach(visit);
  };
  visit("main.js");
  assert.deepEqual(MODULES.filter((name) => !reached.has(name)), []);
});

test("a module can be imported without a page", async () => {
  for (const name of MODULES) await import(join(WEB, name)); // node has no document
});
