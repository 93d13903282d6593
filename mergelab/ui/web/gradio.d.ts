/** The parts of Gradio 6 that the page touches. `panel.py` hands them over in `js_on_load`. */

import type { KnobChanges, KnobValue, PanelEvents } from "./messages.d.ts";

/** What Gradio gives to the script of a gr.HTML. */
export interface GradioHost {
  /** The element that holds the rendered template. */
  element: HTMLElement;
  /** The component's properties. Gradio updates this object in place; a message is a numbered text in it. */
  props: Record<string, unknown>;
  /** Calls `callback` after the property changed. */
  watch(name: string, callback: () => void): void;
  trigger: Trigger;
  /** The Python functions that the component may call without Gradio's event queue. */
  server: PanelServer;
}

export interface PanelServer {
  /** Reports changed knobs. Answers with messages as a JSON object of numbered texts, or with nothing on failure. */
  turned(changes: KnobChanges): Promise<string | null | undefined>;
}

/** Sends an event of the component to Python, with what the event carries. */
export type Trigger = <E extends keyof PanelEvents>(event: E, data: PanelEvents[E]) => void;

/** One change of a widget: its elem_id and what it holds now. */
export type KnobChange = [widget: string, value: KnobValue];
