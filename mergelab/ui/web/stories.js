// A story: what to notice in the state that it has set, and what to try next. It stands there until somebody closes it, chooses
// another start, or undoes it.

let tale = null;
const storyBox = $(".ml-story");
const storyCard = () => tale?.chart && $(`[data-chart="${tale.chart}"], [data-table="${tale.chart}"]`);

function tellStory() {
  if (!isNew("story")) return;
  closeStory();
  if (!parts.story) return;
  tale = parts.story;
  state.told = tale.turn;
  coming = { key: tale.key, turn: tale.turn, before: sceneBefore(), after: { tab: tale.tab, at: tale.at, pins: tale.pins } };
  openScene(tale);
  $("strong", storyBox).textContent = tale.title;
  $("ol", storyBox).replaceChildren(...tale.sentences.map((sentence) => make("li", sentence)));
  showStory(true);
  if (window.innerWidth < 768) clearView();
  storyBox.scrollIntoView({ block: "nearest" });
}

function sceneBefore() {
  if (coming?.key === tale.key) return coming.before; // Gradio's lists report one choice twice
  return { tab: state.tab, at: view.get("at") || null, pins: tale.pinned };
}
function openScene({ tab, at }) {
  openTab(tab);
  tellView({ at });
}
function showStory(shown) {
  storyBox.hidden = !shown;
  storyCard()?.classList.toggle("ml-told", shown);
}
function closeStory() {
  showStory(false);
  tale = null;
}
function followSteps() {
  // Undo goes back to before the story, and redo to it again; what is tried out in between still belongs to it.
  const place = tale ? steps.taken.findIndex(({ scenes }) => scenes?.turn === tale.turn) : -1;
  if (place >= 0) showStory(steps.at >= place);
}

storyBox.addEventListener("click", (event) => {
  const act = event.target.closest("button")?.dataset.act;
  if (act === "close-story") closeStory();
  if (act === "story-chart") { openTab(tale.tab); storyCard()?.scrollIntoView({ block: "center", behavior: "smooth" }); }
});
onPart("story", tellStory);
onPart("link", followSteps);
