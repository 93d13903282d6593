import assert from "node:assert/strict";
import { test } from "node:test";

import { shortcutOf } from "../../../../mergelab/ui/web/frame/keyboard.js";

const PLAIN = { u: () => "undo", "?": () => "list", 1: () => "first tab", Escape: () => "stop" };
const WITH_CTRL = { z: () => "undo", "shift z": () => "redo", enter: () => "merge" };

/** What a key does. */
function pressed(key, held = {}) {
  const event = { key, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...held };
  return shortcutOf(event, PLAIN, WITH_CTRL)?.();
}

test("plain keys", () => {
  assert.deepEqual(["u", "?", "1", "Escape", "q"].map((key) => pressed(key)), ["undo", "list", "first tab", "stop", undefined]);
});

test("shift is part of the sign that a plain key writes", () => {
  assert.equal(pressed("?", { shiftKey: true }), "list");
});

test("with Ctrl or ⌘ other keys count, in either case", () => {
  assert.equal(pressed("z", { ctrlKey: true }), "undo");
  assert.equal(pressed("Z", { metaKey: true, shiftKey: true }), "redo");
  assert.equal(pressed("Enter", { ctrlKey: true }), "merge");
  assert.equal(pressed("u", { ctrlKey: true }), undefined);
});

test("with Alt nothing is a shortcut, nor is a name that every object has", () => {
  assert.equal(pressed("u", { altKey: true }), undefined);
  assert.equal(pressed("toString"), undefined);
});
