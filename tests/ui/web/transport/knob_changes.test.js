/** One request at a time; every value arrives; what is asked for waits until Python has heard of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "../../../../mergelab/ui/web/transport/inbox.js";
import { KnobChanges } from "../../../../mergelab/ui/web/transport/knob_changes.js";
import { Requests } from "../../../../mergelab/ui/web/transport/requests.js";

/** Knobs before a server whose answers come when the test says so. */
function knobsOf({ visitor = true } = {}) {
  const asked = [], answers = [], shown = [], triggered = [], clock = { now: 0 };
  const inbox = new Inbox(visitor ? { visitor: '1 "me"' } : {}, () => {});
  inbox.on("charts", () => shown.push(inbox.get("charts")));
  const server = {
    turned: (change) => {
      asked.push(change);
      return new Promise((resolve) => answers.push(resolve));
    },
  };
  let lost = 0;
  const knobs = new KnobChanges(inbox, server, () => (lost += 1), () => clock.now);
  const requests = new Requests((event, data) => triggered.push([event, data]), knobs, inbox);
  const answer = async (texts) => {
    answers.shift()(texts && JSON.stringify(texts));
    await new Promise(setImmediate);
  };
  return { knobs, requests, inbox, asked, shown, triggered, clock, answer, lost: () => lost };
}

test("a change is sent at once with the visitor's id", () => {
  const { knobs, asked } = knobsOf();
  knobs.onKnobChange("density", 0.3);
  assert.deepEqual(asked, [{ visitor: "me", values: { density: 0.3 } }]);
});

test("changes made meanwhile go with the next request, the last value of each widget", async () => {
  const { knobs, asked, answer } = knobsOf();
  knobs.onKnobChange("a", 1);
  knobs.onKnobChange("a", 2);
  knobs.onKnobChange("b", 7);
  knobs.onKnobChange("a", 3);
  assert.equal(asked.length, 1);
  await answer({});
  assert.deepEqual(asked[1].values, { a: 3, b: 7 });
  assert.equal(asked.length, 2);
});

test("before the page knows its visitor nothing is sent, and nothing is forgotten", () => {
  const { knobs, inbox, asked } = knobsOf({ visitor: false });
  knobs.onKnobChange("a", 1);
  assert.equal(asked.length, 0);
  inbox.receive({ visitor: '1 "late"' });
  knobs.send();
  assert.deepEqual(asked, [{ visitor: "late", values: { a: 1 } }]);
});

test("while a knob keeps moving charts are shown every 100 ms, and at the end", async () => {
  const { knobs, shown, clock, answer } = knobsOf();
  knobs.onKnobChange("a", 1);
  knobs.onKnobChange("a", 2);
  await answer({ charts: '1 "first"' }); // the first drawing waits for nothing
  assert.deepEqual(shown, []); // 0 ms are not more than 100 ms after -100 ms
  knobs.onKnobChange("a", 3);
  clock.now = 150;
  await answer({ charts: '2 "second"' });
  assert.deepEqual(shown, ["second"]);
  clock.now = 200;
  await answer({ charts: '3 "third"' }); // only 50 ms later, but nothing is pending
  assert.deepEqual(shown, ["second", "third"]);
});

test("values of a lost request go with the next one, unless the widget has a newer value", async () => {
  const { knobs, asked, answer, lost } = knobsOf();
  knobs.onKnobChange("a", 1);
  knobs.onKnobChange("b", 1);
  await answer({});
  knobs.onKnobChange("b", 2);
  await answer(null);
  assert.equal(lost(), 1);
  knobs.onKnobChange("c", 3);
  assert.deepEqual(asked.at(-1).values, { b: 2, c: 3 });
});

test("an event waits until Python has heard of every change", async () => {
  const { knobs, requests, triggered, answer } = knobsOf();
  knobs.onKnobChange("a", 1);
  requests.send("live", {});
  assert.deepEqual(triggered, []);
  await answer({});
  assert.deepEqual(triggered, [["live", { ordinal: 1 }]]);
});

test("without a pending change an event goes at once; stop never waits", () => {
  const { knobs, requests, triggered } = knobsOf();
  requests.send("test", {});
  knobs.onKnobChange("a", 1);
  requests.stop();
  assert.deepEqual(triggered, [["test", { ordinal: 1 }], ["stop", {}]]);
});

test("a pin names the recipe that is on the sidebar when Python has heard of it", async () => {
  const { knobs, requests, triggered, answer } = knobsOf();
  knobs.onKnobChange("a", 1);
  const pinned = requests.pin("a");
  await answer({ link: '5 {"key":"new"}' });
  await pinned;
  assert.deepEqual(triggered, [["pin", { slot: "a", key: "new", ordinal: 1 }]]);
});

test("events are counted by name, so that Python can begin with them in this order", () => {
  const { requests, triggered } = knobsOf();
  requests.send("unpin", { slot: "a" });
  requests.send("unpin", { slot: "b" });
  requests.send("runs", { page: 1 });
  assert.deepEqual(triggered.map(([event, { ordinal }]) => [event, ordinal]), [["unpin", 1], ["unpin", 2], ["runs", 1]]);
});
