/** What the tabs share. `main.js` makes one and hands it to every part of the page. */

import type { Address } from "./address/address.js";
import type { ChartBoard } from "./charts/chart_board.js";
import type { Theme } from "./charts/theme.js";
import type { NoteBox } from "./frame/note_box.js";
import type { Inbox } from "./transport/inbox.js";
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

declare global {
  interface Window {
    /** What the page offers to scripts outside its modules: page_hook.js lists it. */
    mergelab?: object;
  }
}
