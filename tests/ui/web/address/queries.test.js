import assert from "node:assert/strict";
import { test } from "node:test";

import { addressQuery, linkQuery, viewOf } from "../../../../mergelab/ui/web/address/queries.js";

test("commas and colons stay readable, other signs are escaped", () => {
  const view = new Map([["at", "3:mlp.down"], ["map", "0,64,16,16,conflict"], ["tensor", "a b&c"]]);
  assert.equal(linkQuery("method=ties", view), "method=ties&at=3:mlp.down&map=0,64,16,16,conflict&tensor=a+b%26c");
});

test("the opening state needs no query", () => {
  assert.equal(linkQuery("", new Map()), "");
  assert.equal(linkQuery(undefined, new Map([["tab", "tensor"]])), "tab=tensor");
});

test("the address keeps what Gradio reads, and nothing else of what was there", () => {
  assert.equal(addressQuery("method=ties", "?__theme=dark&method=average&old=1"), "method=ties&__theme=dark");
  assert.equal(addressQuery("", "?old=1"), "");
});

test("of an address only known parameters with a value are read", () => {
  const view = viewOf("?tab=compare&at=&method=ties&map=1,2", ["tab", "at", "tensor", "map"]);
  assert.deepEqual([...view], [["tab", "compare"], ["map", "1,2"]]);
});
