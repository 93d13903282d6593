// A turned knob is told to Python in one plain request, past Gradio's events, whose dispatch costs more than the look-up
// itself. One request is under way at a time; what is turned meanwhile goes with the next one, each widget's last value.

const BREATH = 100; // ms from one drawing to the next while a knob keeps turning, so that the hand stays ahead of the charts
const untold = new Map(); // what widgets say that Python has not been told, by their id
let telling = null, shownAt = -BREATH;
state.turn = (widget, value) => {
  untold.set(widget, value);
  tellTurns();
};
function tellTurns() {
  if (untold.size && parts.visitor) telling ??= tellAll().finally(() => (telling = null));
}
async function tellAll() {
  while (untold.size) {
    const values = Object.fromEntries(untold);
    untold.clear();
    const answer = await server.turned({ visitor: parts.visitor, values });
    if (!answer) return missed(values);
    takeAnswer(JSON.parse(answer));
    if (!untold.size || performance.now() - shownAt > BREATH) showLatest();
  }
}

function missed(values) { // the next turn, or whatever is asked for next, tells it again
  for (const [widget, value] of Object.entries(values)) if (!untold.has(widget)) untold.set(widget, value);
  showLatest(); // what earlier answers brought
  trigger("preview", {}); // its answer says what is wrong
}
function showLatest() {
  showAnswers();
  shownAt = performance.now();
}

// Whatever else is asked for is about what the sidebar says now: Python has to know that first.
state.heard = async () => {
  tellTurns();
  await telling;
};
function request(event, data = {}) {
  untold.size || telling ? state.heard().then(() => trigger(event, data)) : trigger(event, data);
}
// What is on the sidebar now, by its key: a knob may be turned before Python takes this up.
const pin = async (slot) => {
  await state.heard();
  trigger("pin", { slot, key: parts.link?.key ?? null });
};

onPart("visitor", tellTurns); // the page's first event names its visitor
