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

/** What a watch says while each question waits for so many seconds, and then has its answer. */
async function saidAfter(waits, { mock: { timers } }) {
  timers.enable({ apis: ["setTimeout"] });
  const heard = [];
  let answer;
  const note = (word) => () => heard.push(word), ask = () => new Promise((resolve, reject) => (answer = (start) => (start ? resolve(start) : reject(new TypeError()))));
  const watch = new ServerWatch({
    onLost: () => heard.push(watch.silent ? "silent" : "refuses"), onFound: note("found"), onRestarted: note("restarted"),
  }, ask);
  for (const [seconds, start] of waits) {
    const asked = watch.check();
    timers.tick(1000 * seconds);
    heard.push(`${seconds} s`);
    answer(start);
    await asked;
  }
  watch.end();
  return heard;
}

test("a server that answers late is lost until its answer comes", async (t) => {
  assert.deepEqual(await saidAfter([[0, "a"], [4, "a"], [1, "a"], [5, "a"]], t), ["0 s", "silent", "4 s", "found", "1 s", "silent", "5 s", "found"]);
});

test("a silent server stays lost, and then refuses, which is told too", async (t) => {
  assert.deepEqual(await saidAfter([[0, "a"], [10, null], [10, null], [0, null], [0, "a"]], t), ["0 s", "silent", "10 s", "10 s", "0 s", "refuses", "0 s", "found"]);
});

test("a page that is still loading has lost nothing", async (t) => {
  assert.deepEqual(await saidAfter([[5, null], [5, "a"]], t), ["5 s", "5 s"]);
});
