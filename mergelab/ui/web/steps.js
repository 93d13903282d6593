// Undo and redo. A step is a state of the recipe, known by the key that Python sends with every preview; what one gesture
// (a drag, typing into one box, arrow keys in a row) does is one step. A story's step has scenes: what was pinned and opened
// before it and with it, which are set again by whoever steps over it. Shares its scope with panel.js.

const PAUSE = 1000; // ms without an event after which keys, or changes without a pointer, begin another gesture
const QUIET = 300; // ms after which no more answers to the last change are on their way
const MOST_STEPS = 200;
const steps = { taken: [], at: -1, asked: null, get keys() { return this.taken.map(({ key }) => key); } };
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
  if (key !== steps.taken[steps.at]?.key) take(key);
  if (key === coming?.key) stage(steps.taken[steps.at]);
}
function take(key) {
  const goesOn = gesture === gestureOfStep && steps.at === steps.taken.length - 1 && turnsTheSame(key);
  steps.taken.length = goesOn ? steps.at : steps.at + 1;
  if (steps.taken.at(-1)?.key !== key) steps.taken.push({ key, scenes: null }); // a drag back to where it began is no step
  if (steps.taken.length > MOST_STEPS) steps.taken.shift();
  if (steps.at >= 0) gestureOfStep = gesture; // the opening state is nobody's gesture
  steps.at = steps.taken.length - 1;
  tellSteps();
}

let coming = null; // the scenes of a story whose recipe is not on screen yet
let crossed = null; // the scene to set with the step that is asked for next
function stage(step) {
  step.scenes = { ...coming, before: step.scenes?.before || coming.before }; // told twice on end, it is one step
  coming = null;
}

const partsOf = (key) => new Map(new URLSearchParams(key));
function differing(one, other) {
  const [a, b] = [partsOf(one), partsOf(other)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => a.get(name) !== b.get(name)).join();
}
// Answers may come late: what turns another knob than the step at hand is another step, whatever the hand does by now.
const turnsTheSame = (key) => {
  const [before, here] = [steps.taken[steps.at - 1]?.key, steps.taken[steps.at].key];
  return differing(here, key) === differing(before, here);
};

const onScreen = () => state.status !== "refused"; // a recipe that cannot be shown is no step, but can be left
const canGo = (way) => (way < 0 && !onScreen() ? steps.at >= 0 : steps.at + way in steps.taken);
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
  if (way > 0 || onScreen()) cross(way);
  gestureOfStep = null;
  ask();
}
function cross(way) {
  const left = steps.taken[steps.at], entered = steps.taken[steps.at += way];
  crossed = (way < 0 ? left.scenes?.before : entered.scenes?.after) || crossed;
}

let patience = null;
function ask() {
  tellSteps();
  if (steps.asked !== null) return; // the answer under way comes first
  steps.asked = steps.taken[steps.at].key;
  patience = setTimeout(arrived, 5000); // a lost answer must not end undo
  request("restore", { key: steps.asked, scene: crossed });
  if (crossed) openScene(crossed);
  crossed = null;
}
function arrived() {
  clearTimeout(patience);
  const answered = steps.asked;
  steps.asked = null;
  if (crossed || answered !== steps.taken[steps.at].key) ask();
}

function tellSteps() {
  $('[data-act="undo"]').setAttribute("aria-disabled", !canGo(-1));
  $('[data-act="redo"]').setAttribute("aria-disabled", !canGo(1));
}

onPart("link", () => parts.link && arrive(parts.link.key));
onPart("status", tellSteps);
begin.push(() => parts.link && arrive(parts.link.key));
