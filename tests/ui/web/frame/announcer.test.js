import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Announcer } from "../../../../mergelab/ui/web/frame/announcer.js";

/** What is read out while the strip says each text for so many milliseconds. */
function heard(texts) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const read = [], announcer = new Announcer((text) => read.push(text), 100);
  for (const [text, milliseconds] of texts) {
    announcer.say(text);
    mock.timers.tick(milliseconds);
  }
  mock.timers.reset();
  return read;
}

test("a text that stands is read out once, however often it is drawn", () => {
  assert.deepEqual(heard([["Merging", 60], ["Merging", 60], ["Merging", 200]]), ["Merging"]);
});

test("what soon makes room for another text stays silent", () => {
  assert.deepEqual(heard([["Estimate", 50], ["Merging", 300], ["Estimate", 50], ["Scored", 150]]), ["Merging", "Scored"]);
});
