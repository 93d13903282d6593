// A turned knob is told to Python in one plain request, past Gradio's events, which take several times as long as the look-up
// itself. One request is under way at a time; what is turned meanwhile goes with the next one, each widget's last value.

const untold = new Map(); // what widgets say that Python has not been told, by their id
let telling = null;
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
    if (answer) takeAnswer(JSON.parse(answer));
    else trigger("preview", {}); // its answer says what is wrong
  }
}

// Whatever else is asked for is about what the sidebar says now: Python has to know that first.
state.heard = async () => {
  while (telling) await telling;
};
function request(event, data = {}) {
  telling ? state.heard().then(() => trigger(event, data)) : trigger(event, data);
}

onPart("visitor", tellTurns); // the page's first event names its visitor
