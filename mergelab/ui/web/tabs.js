// The tabs. Each is a part of the panel with a title; the address says which one is open.

const tabs = [...element.querySelectorAll(".ml-tab")];
const tabButtons = tabs.map(tabButton);
$(".ml-tabs").replaceChildren(...tabButtons);

function tabButton(tab) {
  const name = tab.dataset.tab, made = make("button", tab.dataset.title);
  made.type = "button";
  made.id = `ml-tab-${name}`;
  made.setAttribute("role", "tab");
  made.setAttribute("aria-controls", (tab.id = `ml-panel-${name}`));
  tab.setAttribute("aria-labelledby", made.id);
  made.addEventListener("click", () => openTab(name));
  return made;
}

function openTab(name) {
  if (!tabs.some((tab) => tab.dataset.tab === name)) name = "lab";
  state.tab = name;
  tabs.forEach((tab, place) => {
    const open = tab.dataset.tab === name;
    tab.hidden = !open;
    tabButtons[place].setAttribute("aria-selected", open);
    tabButtons[place].tabIndex = open ? 0 : -1;
  });
  tellView({ tab: name === "lab" ? null : name });
  element.dispatchEvent(new CustomEvent("ml-tab", { detail: name }));
}

function nextTab(way) {
  const place = (tabs.findIndex((tab) => tab.dataset.tab === state.tab) + way + tabs.length) % tabs.length;
  openTab(tabs[place].dataset.tab);
  tabButtons[place].focus();
}
$(".ml-tabs").addEventListener("keydown", (event) => {
  const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (way) { event.preventDefault(); nextTab(way); }
});

openTab(view.get("tab"));
begin.forEach((show) => show());
