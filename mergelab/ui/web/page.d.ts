/** What the tabs share. `main.js` makes one and hands it to every part of the page. */

import type { Address } from "./address/address.js";
import type { ChartBoard } from "./charts/chart_board.js";
import type { Theme } from "./charts/theme.js";
import type { NoteBox } from "./frame/note_box.js";
import type { Inbox } from "./transport/inbox.js";
import type { GradioHost, KnobChange } from "./gradio.d.ts";
import type { Requests } from "./transport/requests.js";

export interface Page {
  /** The panel. */
  element: HTMLElement;
  /** What Python has sent. */
  inbox: Inbox;
  /** What the page asks of Python. */
  requests: Requests;
  theme: Theme;
  /** All charts. */
  board: ChartBoard;
  /** What the address bar says. */
  address: Address;
  /** The note above the tabs. */
  notes: NoteBox;
}

/** The panel, as `ON_LOAD` in module_files.py hands it over. */
export interface RenderedPanel {
  /** What Gradio gives to scripts of the panel. */
  host: GradioHost;
  /** The panel's properties when it was rendered. */
  atLoad: Record<string, unknown>;
  /** Knobs that were changed before the modules were there. */
  early: KnobChange[];
  /** Called when the page is put together. */
  onStart: () => void;
}

declare global {
  /** Where a rendered panel goes: a list until main.js is there, which then starts panels at once. */
  var mergelabPanels: { push: (panel: RenderedPanel) => unknown } | undefined;
  interface Window {
    /** What the page offers to scripts outside its modules: page_hook.js lists it. */
    mergelab?: object;
  }
}
