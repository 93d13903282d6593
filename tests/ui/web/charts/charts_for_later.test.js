import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { ChartsForLater } from "../../../../mergelab/ui/web/charts/charts_for_later.js";

const LATER = 400, WAITS = 8;
/** @type {string[]} */
let drawn = [];

/** @param {(name: string) => boolean} [hasRoom] */
function charts(hasRoom = () => true) {
  /** @type {ChartsForLater} */
  const later = new ChartsForLater(hasRoom, async (name) => {
    drawn.push(name);
    later.delete(name);
  });
  return later;
}

/** Lets the time pass that charts wait, and what it starts end. */
async function pass() {
  mock.timers.tick(LATER);
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

beforeEach(() => {
  drawn = [];
  mock.timers.enable({ apis: ["setTimeout"] });
  Object.assign(globalThis, { requestIdleCallback: (/** @type {() => void} */ callback) => callback() });
});
afterEach(() => mock.timers.reset());

test("charts out of sight are drawn one after the other once the page rests", async () => {
  const later = charts();
  later.add("histogram");
  later.add("curves");
  assert.deepEqual(drawn, []);
  await pass();
  assert.deepEqual(drawn, ["histogram", "curves"]);
  assert.equal(later.any, false);
});

test("a chart without a place on the page is not drawn, and nobody waits for it", async () => {
  const later = charts((name) => name !== "spectrum");
  later.add("spectrum");
  await pass();
  assert.deepEqual([drawn, later.names, later.any], [[], ["spectrum"], false]);
});

test("while work is under way they wait, and are drawn when it ends", async () => {
  const later = charts();
  let busy = true;
  later.waitWhile(() => busy);
  later.add("histogram");
  await pass();
  assert.deepEqual(drawn, []);
  busy = false;
  await pass();
  assert.deepEqual(drawn, ["histogram"]);
});

test("long work does not keep them back for ever", async () => {
  const later = charts();
  later.waitWhile(() => true);
  later.add("histogram");
  for (let wait = 0; wait < WAITS; wait++) await pass();
  assert.deepEqual(drawn, []);
  await pass();
  assert.deepEqual(drawn, ["histogram"]);
});

test("a chart that grows while work is under way is drawn all the same", async () => {
  const later = charts();
  later.waitWhile(() => true);
  for (let figure = 0; figure <= WAITS; figure++) {
    later.add("damage");
    await pass();
  }
  assert.deepEqual(drawn, ["damage"]);
});
