/** @import { Page, RenderedPanel } from "./page.d.ts" */

import { AnswersTab } from "./answers/answers_tab.js";
import { TryIt } from "./answers/try_it.js";
import { Address } from "./address/address.js";
import { copyLink } from "./address/copy_link.js";
import { ChartBoard } from "./charts/chart_board.js";
import { downloadChart } from "./charts/chart_download.js";
import { Theme } from "./charts/theme.js";
import { CompareTab } from "./compare/compare_tab.js";
import { DamageMap } from "./damage/damage_map.js";
import { actionOf, closest, find } from "./dom/elements.js";
import { watchPresses } from "./dom/redraw.js";
import { isTyping } from "./dom/typing.js";
import { renderDevice } from "./frame/device_badge.js";
import { renderFigureLegend } from "./frame/figure_legend.js";
import { listenForShortcuts, shortcutOf } from "./frame/keyboard.js";
import { followWidth } from "./frame/narrow_layout.js";
import { HealthCard } from "./health/health_card.js";
import { Glossary } from "./help/glossary.js";
import { Tour } from "./help/tour.js";
import { Welcome } from "./help/welcome.js";
import { LostServer } from "./frame/lost_server.js";
import { NoteBox } from "./frame/note_box.js";
import { OwnModelsNote } from "./frame/own_models_note.js";
import { BuiltFile } from "./frame/built_file.js";
import { RecipeExports } from "./frame/recipe_exports.js";
import { ShortcutList } from "./frame/shortcut_list.js";
import { mountSkipLink } from "./frame/skip_link.js";
import { StatusStrip } from "./frame/status_strip.js";
import { Tabs } from "./frame/tabs.js";
import { openScene } from "./history/scene.js";
import { StoryBox } from "./history/story.js";
import { Undo } from "./history/undo.js";
import { DensityCurves } from "./lab/density_curves.js";
import { Findings } from "./lab/findings.js";
import { LabTab } from "./lab/lab_tab.js";
import { Narrowing } from "./lab/narrowing.js";
import { ScoreTile } from "./lab/score_tile.js";
import { Scores } from "./lab/scores.js";
import { StackDiagram } from "./lab/stack_diagram.js";
import { ThresholdLine } from "./lab/threshold/threshold_line.js";
import { OpenDialog } from "./open/open_dialog.js";
import { publishHook } from "./page_hook.js";
import { PapersTab } from "./papers/papers_tab.js";
import { HistoryStrip } from "./runs/history_strip.js";
import { RunsTab } from "./runs/runs_tab.js";
import { followComplements } from "./sidebar/complements.js";
import { fixLists } from "./sidebar/list_fixes.js";
import { mountDrawer } from "./sidebar/drawer.js";
import { ChoiceLists } from "./sidebar/lists.js";
import { NumberBoxes } from "./sidebar/number_boxes.js";
import { MergeButton } from "./sidebar/merge_button.js";
import { ResetArrows } from "./sidebar/reset_arrows.js";
import { VariedKnobs } from "./sidebar/varied_knobs.js";
import { SweepTab } from "./sweep/sweep_tab.js";
import { TaskSetsTab } from "./task_sets/task_sets_tab.js";
import { TensorTab } from "./tensor/tensor_tab.js";
import { Inbox } from "./transport/inbox.js";
import { KnobChanges } from "./transport/knob_changes.js";
import { LiveScores } from "./transport/live_scores.js";
import { Requests } from "./transport/requests.js";
import { UnansweredChoices } from "./transport/unanswered_choices.js";

const USUAL_RANK = 16, MOST_RANK = 65536;

/**
 * Puts the page together when Gradio has rendered the panel. Parts that follow the same message hear of it in the order in
 * which they are made here.
 * @param {RenderedPanel} panel
 */
function start({ host: { element, props, watch, trigger, server }, atLoad, early, onStart }) {
  const inbox = new Inbox(props, watch), knobs = new KnobChanges(inbox, server, () => void lostServer.recover());
  const requests = new Requests(trigger, knobs, inbox), theme = new Theme(element);
  const board = new ChartBoard(element, theme), address = new Address(inbox), notes = new NoteBox(element, inbox);
  /** @type {Page} */
  const page = { element, inbox, requests, theme, board, address, notes };
  const tabs = new Tabs(element, address);
  followWidth(element);
  watchPresses();
  inbox.on("visitor", () => knobs.send());
  inbox.on("later", () => inbox.get("later") && requests.send("preview", {})); // the answer takes a while, and says so

  const choices = new UnansweredChoices(inbox), lostServer = new LostServer(page, knobs, choices);

  const line = new ThresholdLine(page), lists = new ChoiceLists(inbox);
  const narrowing = new Narrowing(page, (key) => tensor.openTensor(key)), curves = new DensityCurves(page);
  const lab = new LabTab(page, {
    narrowing, line, curves, lists, openClash: (key, experts) => tensor.openClash(key, experts),
  });
  new DamageMap(page, narrowing);
  new LiveScores(page, knobs);
  const stack = new StackDiagram(page);
  const findings = new Findings(page), health = new HealthCard(page), scores = new Scores(page), headline = new ScoreTile(page), compare = new CompareTab(page, narrowing);
  const status = new StatusStrip(element, inbox), exports = new RecipeExports(element, inbox);
  board.waitWhile(() => status.isBusy);
  new BuiltFile(element, inbox);
  inbox.on("device", () => renderDevice(element, inbox));
  const isRefused = () => status.refused;
  const undo = new Undo(element, inbox, requests, isRefused, (scene) => openScene(tabs, address, scene),
    () => address.step());
  const resets = new ResetArrows(inbox), tensor = new TensorTab(page, tabs), story = new StoryBox(page, tabs, undo);
  const varied = new VariedKnobs(inbox, knobs), open = new OpenDialog(page);
  followComplements(inbox);
  fixLists();
  new NumberBoxes(inbox, requests);
  new MergeButton(inbox, status, lostServer);
  new AnswersTab(page, tabs);
  new TryIt(page);
  new TaskSetsTab(page, tabs);
  new RunsTab(page, tabs, open);
  new SweepTab(page, tabs, open);
  new PapersTab(page, tabs, open);
  const history = new HistoryStrip(page);
  mountDrawer();
  mountSkipLink(element);
  new OwnModelsNote(page);
  new Glossary(element, inbox);
  new Welcome(page, new Tour(element, tabs));
  address.onTravel((recipe) => {
    story.close();
    tabs.show(address.get("tab"));
    narrowing.followTravel();
    if (recipe !== inbox.get("link")?.query) requests.send("travel", { query: recipe });
  });
  listenForButtons(page, history);
  mountShortcuts();
  publishHook(page, {
    knobs, choices, tabs, status, exports, undo, lab, narrowing, line, curves, scores, resets, tensor, varied,
  });

  tabs.show(address.get("tab"));
  notes.showSent();
  renderFigureLegend(element, inbox);
  lab.render();
  stack.render();
  findings.render();
  health.render();
  narrowing.followLink();
  curves.render();
  scores.renderValidation();
  scores.renderTest();
  headline.render();
  compare.render();
  status.render();
  exports.render();
  renderDevice(element, inbox);
  undo.receive();
  inbox.catchUp(atLoad);
  for (const change of early) knobs.onKnobChange(...change);
  onStart();
  document.getElementById("ml-first")?.remove(); // the picture that stood in the page's place

  function mountShortcuts() {
    const list = new ShortcutList(element);
    const openTab = tabs.names.map((name, place) => [String(place + 1), () => tabs.show(name)]);
    const plain = {
      u: () => undo.go(-1),
      r: () => undo.go(1),
      c: () => copyLink(page),
      o: () => open.show(),
      "?": () => list.show(),
      Escape: stopOrClear,
      "[": () => narrowing.showNextLayer(-1),
      "]": () => narrowing.showNextLayer(1),
      w: () => narrowing.showHighest(),
      h: () => curves.setHalf(),
      ...Object.fromEntries(openTab),
    };
    const withCtrl = {
      enter: () => find(document, "#merge").click(),
      z: () => undo.go(-1),
      "shift z": () => undo.go(1),
      y: () => undo.go(1),
    };
    listenForShortcuts(
      ({ target }) => list.open || open.open || isTyping(target),
      (event) => shortcutOf(event, plain, withCtrl) ?? tensorShortcut(event),
    );
  }

  /** @param {KeyboardEvent} event */
  function tensorShortcut({ key, ctrlKey, metaKey, altKey }) {
    return ctrlKey || metaKey || altKey ? undefined : tensor.shortcut(key);
  }

  /** Stops what is running, else closes what stands open, else looks at all tensors again. */
  function stopOrClear() {
    if (document.body.classList.contains("ml-busy")) requests.stop();
    else if (notes.open) notes.close();
    else if (story.open) story.close();
    else if (narrowing.at) narrowing.show(null);
  }
}

/**
 * Listens to the buttons that belong to no part of the page.
 * @param {Page} page
 * @param {HistoryStrip} history
 */
function listenForButtons(page, history) {
  const { element, inbox, requests, board, theme } = page;
  element.addEventListener("click", (event) => {
    const action = actionOf(event), button = closest(event, "button"), card = button?.closest("[data-chart]");
    if (action === "stop") requests.stop();
    if (action === "test" || action === "keep" || action === "report") requests.send(action, {});
    if (action === "adapter") requests.send(action, { rank: rankIn(element) });
    if (action === "link") void copyLink(page);
    if (!button?.dataset.save || !(card instanceof HTMLElement)) return;
    const chart = card.dataset.chart ?? "", run = chart === "damage" ? runOfDamage(inbox) : runOfCharts(inbox, history);
    void downloadChart(board, theme, chart, button.dataset.save, run || "run");
  });
}

/**
 * The recipe that the charts belong to, with the number of its run.
 * @param {Inbox} inbox
 * @param {HistoryStrip} history
 */
function runOfCharts(inbox, { number }) {
  const charts = inbox.get("charts"), named = charts && `${charts.recipe} · ${charts.name}`;
  return number ? `run ${number} · ${named}` : named;
}

/**
 * The recipe that the damage map belongs to, which may be another one than that of the charts.
 * @param {Inbox} inbox
 */
function runOfDamage(inbox) {
  return inbox.get("damage")?.digest.slice(0, 8);
}

/**
 * The rank that was typed; 16 for anything but a whole number above 0, which the field then says.
 * @param {HTMLElement} element the panel
 */
function rankIn(element) {
  const field = find(element, "[name=rank]", HTMLInputElement), typed = Number(field.value);
  const rank = Number.isInteger(typed) && typed > 0 && typed <= MOST_RANK ? typed : USUAL_RANK;
  field.value = String(rank);
  return rank;
}

const rendered = globalThis.mergelabPanels;
globalThis.mergelabPanels = { push: start };
if (Array.isArray(rendered)) rendered.forEach(start);
