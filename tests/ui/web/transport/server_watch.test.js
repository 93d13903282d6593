import assert from "node:assert/strict";
import { test } from "node:test";

import { ServerWatch } from "../../../../mergelab/ui/web/transport/server_watch.js";

/** What a watch says while the server answers as listed; null stands for no answer. */
async function said(answers) {
  const heard = [], left = [...answers];
  const ask = async () => {
    const answer = left.shift();
    if (answer === null) throw new TypeError("failed to fetch");
    return answer;
  };
  const watch = new ServerWatch({
    onLost: () => heard.push("lost"),
    onFound: () => heard.push("found"),
    onRestarted: () => heard.push("restarted"),
  }, ask);
  while (left.length) await watch.check();
  watch.end();
  return heard;
}

test("a server that answers is not mentioned", async () => {
  assert.deepEqual(await said(["a", "a", "a"]), []);
});

test("a lost server is announced once, and again when it is back", async () => {
  assert.deepEqual(await said(["a", null, null, "a", "a", null]), ["lost", "found", "lost"]);
});

test("another start of the server does not know the page", async () => {
  assert.deepEqual(await said(["a", null, "b"]), ["lost", "restarted"]);
  assert.deepEqual(await said(["a", "b"]), ["restarted"]);
});

test("before the first answer nothing is lost: the page may still be loading", async () => {
  assert.deepEqual(await said([null, "a", null]), ["lost"]);
});
