/** A file that can be downloaded says of which recipe it is. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { builtWords } from "../../../../mergelab/ui/web/frame/built_file.js";

const BUILT = { digest: "a1", recipe: "TIES · density 0.2" };

test("a file of the recipe on the sidebar says so", () => {
  assert.equal(builtWords(BUILT, false), "The file below is of this recipe: TIES · density 0.2.");
});

test("a file of an earlier recipe names it and says what to do", () => {
  assert.equal(
    builtWords(BUILT, true),
    "The file below is of an earlier recipe: TIES · density 0.2. Build again for the one on the sidebar.",
  );
});
