// The address says what is on the page, and Copy link gives it away; what a link could not say, or said wrongly, is a note.

// What the browser alone knows of the page: which tab is open, which part of the model is looked at.
const cameWith = new URLSearchParams(location.search);
const view = new Map(parts.view.filter((name) => cameWith.get(name)).map((name) => [name, cameWith.get(name)]));
const ourselves = () => [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("__")); // Gradio's, as the theme
const readable = (query) => query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
const hereQuery = () => [parts.link?.query, readable(new URLSearchParams([...view]))].filter(Boolean).join("&");
let writing = null;
state.address = location.search; // as last written
function tellAddress() {
  if (!parts.link) return;
  clearTimeout(writing);
  writing = setTimeout(() => { // browsers refuse an address that changes at every step of a drag
    const query = [hereQuery(), new URLSearchParams(ourselves()).toString()].filter(Boolean).join("&");
    if (`?${query}` !== (location.search || "?")) history.replaceState(history.state, "", `${location.pathname}${query && `?${query}`}`);
    state.address = location.search;
  }, 300);
}
function tellView(changes) {
  for (const [name, value] of Object.entries(changes)) value === null ? view.delete(name) : view.set(name, String(value));
  tellAddress();
}
const linkToHere = () => `${location.origin}${location.pathname}${hereQuery() && `?${hereQuery()}`}`;

async function giveLink() {
  if (!parts.link) return note("There is nothing to link to yet.", ["Wait until the charts are there."]);
  const left = parts.link.note ? [parts.link.note] : [];
  try {
    await navigator.clipboard.writeText(linkToHere());
    slot(element, "copied", "Copied");
    setTimeout(() => slot(element, "copied", "Copy link"), 1500);
    note(left.length ? "The link is copied." : "", left);
  } catch {
    note("This browser keeps the clipboard from the page. Copy the link from here:", left, linkToHere());
  }
}

function note(heading, sentences, address = "") {
  const box = $(".ml-note"), field = $("input", box);
  box.hidden = !heading;
  $("strong", box).textContent = heading;
  $("ul", box).replaceChildren(...sentences.map((sentence) => make("li", sentence)));
  field.hidden = !address;
  field.value = address;
  if (address) { field.focus(); field.select(); }
}

function tellChanges() {
  const changes = parts.notes || [];
  if (isNew("notes") && changes.length) note("Not all of this link fits, so it was changed:", changes);
}

function tellRecipe() {
  if (!parts.link) return;
  state.key = parts.link.key;
  state.of.sidebar = parts.link.digest;
}

onPart("link", tellRecipe);
onPart("link", tellAddress);
onPart("notes", tellChanges);
begin.push(tellRecipe, tellChanges);
element.addEventListener("click", (event) => {
  const act = event.target.closest("button")?.dataset.act;
  if (act === "link") giveLink();
  if (act === "close-note") note("", []);
  if (act === "undo") go(-1);
  if (act === "redo") go(1);
});
