// What Python sends: parts of the panel as numbered JSON texts, either through Gradio (`props`) or in the answer to a turned
// knob. Of all that came of a part the latest one counts, whichever way was the quicker. All scripts of the panel are one function body with Gradio's `element`, `props`,
// `watch`, `trigger` and `server`.

const inAnswers = {}; // by part: its text in the last answer that had one
const NOTHING = "0 null";
const latest = {}; // by part: its text with the largest number so far
const numberOf = (text) => Number(text.slice(0, text.indexOf(" ")));
function textOf(name) {
  for (const text of [props[name], inAnswers[name]]) {
    if (text && numberOf(text) > numberOf(latest[name] ?? NOTHING)) latest[name] = text;
  }
  const text = latest[name] ?? NOTHING;
  return text.slice(text.indexOf(" ") + 1);
}

// Gradio clones every property of a component at every event, which costs nothing for texts: `parts` gives them as objects,
// the same one until another text comes.
const read = {};
const parts = new Proxy({}, {
  get: (_, name) => {
    const text = textOf(name);
    if (read[name]?.text !== text) read[name] = { text, value: JSON.parse(text) };
    return read[name].value;
  },
});

const last = {}; // the text of each part as last shown: what comes a second time is not drawn a second time
function isNew(name) {
  const text = textOf(name);
  if (text === "null" || text === last[name]) return false;
  last[name] = text;
  return true;
}

const watchers = [];
function onPart(name, callback) {
  watchers.push({ name, callback });
  watch(name, callback);
}
const unseen = new Set(); // parts that came in answers and have not been shown
function takeAnswer(texts) {
  Object.assign(inAnswers, texts);
  Object.keys(texts).forEach((name) => unseen.add(name));
}
function showAnswers() {
  const names = new Set(unseen);
  unseen.clear();
  for (const { name, callback } of watchers) if (names.has(name)) callback();
}
