import assert from "node:assert/strict";
import { test } from "node:test";

import { middleCut, shortNames } from "../../../../mergelab/ui/web/formatting/short_names.js";

test("short names stay as they are", () => {
  assert.deepEqual(shortNames(["Fashion-MNIST", "Capital letters"]), ["Fashion-MNIST", "Capital letters"]);
});

test("what all names begin with is left out, up to a whole word", () => {
  assert.deepEqual(shortNames(["finetune-on-a-red", "finetune-on-a-rose"]), ["red", "rose"]);
  assert.deepEqual(shortNames(["/models/one", "/models/two"]), ["one", "two"]);
});

test("a short common beginning stays, and one that is all of a name", () => {
  assert.deepEqual(shortNames(["the one", "the two"]), ["the one", "the two"]);
  assert.deepEqual(shortNames(["finetune-", "finetune-b"]), ["finetune-", "finetune-b"]);
});

test("one name has nothing in common with others", () => {
  assert.deepEqual(shortNames(["owner/a-model"]), ["owner/a-model"]);
});

test("the middle of long names is left out", () => {
  assert.equal(middleCut("abcdefghij", 5), "ab…ij");
  assert.equal(middleCut("abcdefghij", 10), "abcdefghij");
});

test("names that would look the same keep more letters", () => {
  const names = ["aaaaaaaaaaaaaaaaaa1zzzzzzzzzzzzzzz", "aaaaaaaaaaaaaaaaaa2zzzzzzzzzzzzzzz"];
  const short = shortNames(names);
  assert.notEqual(short[0], short[1]);
  assert.deepEqual(shortNames(["same", "same"]), ["same", "same"]);
});
