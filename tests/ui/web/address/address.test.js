import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Address } from "../../../../mergelab/ui/web/address/address.js";

/** A browser with a history, and the page's address in it. */
function browser() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const entries = [""], links = [], heard = { link: { query: "" }, view: ["tab"] };
  let at = 0, travelled;
  globalThis.location = { origin: "http://lab", pathname: "/", get search() { return entries[at]; } };
  globalThis.history = {
    state: null,
    pushState: (state, title, address) => entries.splice(at += 1, entries.length, address.slice(1)),
    replaceState: (state, title, address) => (entries[at] = address.slice(1)),
  };
  globalThis.addEventListener = (name, callback) => (travelled = callback);
  const address = new Address({ get: (name) => heard[name], on: (name, callback) => links.push(callback) });
  const told = (query, isRecipe = true) => {
    heard.link = { query };
    links.forEach((callback) => callback());
    if (isRecipe) address.step(); // as undo does at another recipe
  };
  return {
    address, entries, told,
    rest: () => mock.timers.tick(1000),
    go: (way) => {
      at += way;
      travelled();
    },
    end: () => mock.timers.reset(),
  };
}

test("a step can be gone back and forward, also before the server has answered", () => {
  const { address, entries, told, rest, go, end } = browser(), asked = [];
  address.onTravel((recipe) => {
    asked.push(recipe);
    address.set({ tab: null }); // as the tabs do
  });
  for (const query of ["density=1", "density=2"]) {
    told(query);
    rest();
  }
  go(-1);
  go(-1);
  rest(); // the recipe that was left is still on the sidebar
  told("density=1"); // the answer to the first step back
  rest();
  told("");
  rest();
  go(1);
  assert.deepEqual(asked, ["density=1", "", "density=1"]);
  assert.deepEqual(entries, ["", "?density=1", "?density=2"]);
  end();
});

test("a recipe that is pinned is a step, and going back asks for what was pinned before", () => {
  const { address, entries, told, rest, go, end } = browser(), asked = [];
  address.onTravel((recipe) => asked.push(recipe));
  for (const query of ["density=1", "density=1&a=method:ties", "density=1&a=method:ties&b=method:average", "density=1"]) {
    told(query, false);
    rest();
  }
  go(-1);
  assert.deepEqual(entries, ["?density=1", "?density=1&a=method:ties", "?density=1&a=method:ties&b=method:average", "?density=1"]);
  assert.deepEqual(asked, ["density=1&a=method:ties&b=method:average"]);
  end();
});
