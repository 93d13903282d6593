/** Messages by number, whichever way they come. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Inbox } from "../../../../mergelab/ui/web/transport/inbox.js";
import { bodyOf, latestOf, numberOf } from "../../../../mergelab/ui/web/transport/numbered_text.js";

/** An inbox, and a way to change a property as Gradio does. */
function inboxOf(props = {}) {
  const watched = [];
  const inbox = new Inbox(props, (name, callback) => watched.push({ name, callback }));
  const set = (name, text) => {
    props[name] = text;
    for (const each of watched) if (each.name === name) each.callback();
  };
  return { inbox, set };
}

test("a text is a number, a blank and JSON that may hold blanks itself", () => {
  assert.equal(numberOf('17 {"text":"all done"}'), 17);
  assert.equal(bodyOf('17 {"text":"all done"}'), '{"text":"all done"}');
});

test("the larger number wins, not the longer text or the later place", () => {
  assert.equal(latestOf(["9 1", "10 2", undefined, "2 3"]), "10 2");
});

test("of equal numbers the first text stays", () => {
  assert.equal(latestOf(["5 1", "5 2"]), "5 1");
});

test("what is no text counts as nothing", () => {
  assert.equal(latestOf([null, undefined, "", 7]), "0 null");
});

test("before the first message there is null", () => {
  assert.equal(inboxOf().inbox.get("charts"), null);
});

test("an answer with a larger number wins over the property, and the property over an older answer", () => {
  const { inbox, set } = inboxOf({ status: '3 {"kind":"ready"}' });
  inbox.receive({ status: '5 {"kind":"running"}' });
  assert.equal(inbox.get("status").kind, "running");
  set("status", '4 {"kind":"stopped"}');
  assert.equal(inbox.get("status").kind, "running");
  set("status", '6 {"kind":"error"}');
  assert.equal(inbox.get("status").kind, "error");
});

test("a message that came once stays, also where a later answer overwrites its text with an older one", () => {
  const { inbox } = inboxOf();
  inbox.receive({ link: '8 {"key":"b"}' });
  assert.equal(inbox.get("link").key, "b");
  inbox.receive({ link: '7 {"key":"a"}' });
  assert.equal(inbox.get("link").key, "b");
});

test("a message is the same object until one comes that says something else", () => {
  const { inbox, set } = inboxOf({ link: '1 {"key":"a"}' }), first = inbox.get("link");
  set("link", '2 {"key":"a"}');
  assert.equal(inbox.get("link"), first);
  set("link", '3 {"key":"b"}');
  assert.deepEqual(inbox.get("link"), { key: "b" });
});

test("a message is taken once; a second one that says the same, too", () => {
  const { inbox, set } = inboxOf({ charts: '1 {"name":"x"}' });
  assert.deepEqual(inbox.takeNew("charts"), { name: "x" });
  assert.equal(inbox.takeNew("charts"), undefined);
  set("charts", '2 {"name":"x"}');
  assert.equal(inbox.takeNew("charts"), undefined);
});

test("empty text is a message, null is none", () => {
  const { inbox, set } = inboxOf({ story: '1 ""' });
  assert.equal(inbox.takeNew("story"), "");
  set("story", "2 null");
  assert.equal(inbox.takeNew("story"), undefined);
});

test("a released message can be taken again", () => {
  const { inbox } = inboxOf({ tensor: '1 {"key":"w"}' });
  inbox.takeNew("tensor");
  inbox.release("tensor");
  assert.deepEqual(inbox.takeNew("tensor"), { key: "w" });
});

test("answers are announced by flush, once, in the order in which watchers came", () => {
  const { inbox } = inboxOf(), heard = [];
  inbox.on("link", () => heard.push("link 1"));
  inbox.on("charts", () => heard.push("charts"));
  inbox.on("link", () => heard.push("link 2"));
  inbox.receive({ charts: "1 {}" });
  inbox.receive({ link: "2 {}" });
  assert.deepEqual(heard, []);
  inbox.flush();
  assert.deepEqual(heard, ["link 1", "charts", "link 2"]);
  inbox.flush();
  assert.equal(heard.length, 3);
});

test("what changed before anybody watched is caught up with, and nothing else", () => {
  const props = { link: "1 {}", charts: "1 {}" }, before = { ...props }, { inbox } = inboxOf(props), heard = [];
  props.link = "2 {}";
  inbox.on("charts", () => heard.push("charts"));
  inbox.on("link", () => heard.push("link"));
  inbox.catchUp(before);
  assert.deepEqual(heard, ["link"]);
});
