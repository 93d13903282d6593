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
    onPace: () => heard.push(watch.slow ? "slow" : "quick"),
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
    onLost: note("lost"), onFound: note("found"), onRestarted: note("restarted"), onPace: () => heard.push(watch.slow ? "slow" : "quick"),
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

test("a server that answers late is slow and not lost, until it answers in time", async (t) => {
  assert.deepEqual(await saidAfter([[0, "a"], [4, "a"], [5, "a"], [1, "a"]], t), ["0 s", "slow", "4 s", "5 s", "1 s", "quick"]);
});

test("a server that does not answer at all is slow at first, then lost, and never both", async (t) => {
  assert.deepEqual(await saidAfter([[0, "a"], [10, null], [10, null], [0, "a"]], t), ["0 s", "slow", "10 s", "lost", "quick", "10 s", "0 s", "found"]);
});

test("a page that is still loading calls no server slow", async (t) => {
  assert.deepEqual(await saidAfter([[5, null], [5, "a"]], t), ["5 s", "5 s"]);
});
