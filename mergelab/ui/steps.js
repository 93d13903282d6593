// Undo and redo. A step is a state of the recipe, known by the key that Python sends with every preview; what one gesture
// (a drag, typing into one box, arrow keys in a row) does is one step. Shares its scope with panel.js.

const PAUSE = 1000; // ms without an event after which keys, or changes without a pointer, begin another gesture
const QUIET = 300; // ms after which no more answers to the last change are on their way
const MOST_STEPS = 200;
const steps = { keys: [], at: -1, asked: null };
state.steps = steps;

let gesture = 0, gestureOfStep = null; // of the last change, and of the change that made the step at hand
let held = false, fresh = false, moved = -PAUSE, told = 0, lastKey = { at: 0, control: null };
const typesText = (control) => control?.matches?.("textarea, input:not([type=range], [type=checkbox], [type=radio])");
const inList = (event) => event.target.closest?.("[role=option], [role=combobox][aria-expanded=true]");
document.addEventListener("pointerdown", (event) => {
  [held, fresh] = [true, true];
  if (inList(event)) gesture += 1; // a choice from a list comes without an input event
}, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => (held = false), true);
document.addEventListener("keydown", (event) => {
  const goesOn = event.target === lastKey.control && (typesText(event.target) || event.timeStamp - lastKey.at < PAUSE);
  fresh ||= !goesOn;
  if (event.key === "Enter" && inList(event)) gesture += 1;
  lastKey = { at: event.timeStamp, control: event.target };
}, true);
document.addEventListener("input", (event) => {
  if (!event.target.closest?.("#sidebar") || event.target.closest("#own")) return;
  const alone = !held && Math.min(event.timeStamp - moved, event.timeStamp - lastKey.at) > PAUSE;
  if (fresh || alone) gesture += 1; // not before something changes: answers to the gesture before may still be coming in
  fresh = false;
  moved = event.timeStamp;
}, true);

function arrive(key) {
  if (steps.asked !== null) return key === steps.asked && arrived(); // older answers still come in
  told = performance.now();
  if (key === steps.keys[steps.at]) return;
  const goesOn = gesture === gestureOfStep && steps.at === steps.keys.length - 1 && turnsTheSame(key);
  steps.keys.length = goesOn ? steps.at : steps.at + 1;
  if (steps.keys.at(-1) !== key) steps.keys.push(key); // a drag back to where it began is no step
  if (steps.keys.length > MOST_STEPS) steps.keys.shift();
  if (steps.at >= 0) gestureOfStep = gesture; // the opening state is nobody's gesture
  steps.at = steps.keys.length - 1;
  tellSteps();
}

const partsOf = (key) => new Map(new URLSearchParams(key));
function differing(one, other) {
  const [a, b] = [partsOf(one), partsOf(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).join();
}
// Answers may come late: what turns another knob than the step at hand is another step, whatever the hand does by now.
const turnsTheSame = (key) => differing(steps.keys[steps.at], key) === differing(steps.keys[steps.at - 1], steps.keys[steps.at]);

const onScreen = () => state.status !== "refused"; // a recipe that cannot be shown is no step, but can be left
const canGo = (way) => (way < 0 && !onScreen() ? steps.at >= 0 : steps.at + way in steps.keys);
const owed = []; // presses that wait until the change before them is a step
let later = null;
function go(way) {
  owed.push(way);
  settle();
}
function settle() {
  clearTimeout(later);
  const sinceMoved = performance.now() - moved, sinceTold = performance.now() - told;
  const settled = Math.min(sinceMoved, sinceTold) > QUIET && (told > moved || sinceMoved > 5 * QUIET);
  if (settled) owed.splice(0).forEach(step);
  else later = setTimeout(settle, QUIET / 3);
}
function step(way) {
  if (!canGo(way)) return;
  if (way > 0 || onScreen()) steps.at += way;
  gestureOfStep = null;
  ask();
}

let patience = null;
function ask() {
  tellSteps();
  if (steps.asked !== null) return; // the answer under way comes first
  steps.asked = steps.keys[steps.at];
  patience = setTimeout(arrived, 5000); // a lost answer must not end undo
  request("restore", { key: steps.asked });
}
function arrived() {
  clearTimeout(patience);
  const answered = steps.asked;
  steps.asked = null;
  if (answered !== steps.keys[steps.at]) ask();
}

function tellSteps() {
  $('[data-act="undo"]').setAttribute("aria-disabled", !canGo(-1));
  $('[data-act="redo"]').setAttribute("aria-disabled", !canGo(1));
}

onPart("link", () => parts.link && arrive(parts.link.key));
onPart("status", tellSteps);
begin.push(() => parts.link && arrive(parts.link.key));
