/** The parts of Gradio 6 that the page touches. `panel.py` hands them over in `js_on_load`. */

/** What Gradio gives to the script of a gr.HTML. */
export interface GradioHost {
  /** The element that holds the rendered template. */
  element: HTMLElement;
  /** The component's properties. Gradio updates this object in place; a message is a numbered text in it. */
  props: Record<string, unknown>;
  /** Calls `callback` after the property changed. */
  watch(name: string, callback: () => void): void;
  /** Sends an event of the component to Python. */
  trigger(event: PanelEvent, data?: object): void;
  /** The Python functions that the component may call without Gradio's event queue. */
  server: PanelServer;
}

/** What the panel asks of Python. `EVENTS` in module_files.py is the same list. */
export type PanelEvent =
  | "preview" | "live" | "test" | "keep" | "stop"
  | "narrow" | "pin" | "unpin" | "restore"
  | "tensors" | "look" | "cells" | "coordinates" | "spectrum";

export interface PanelServer {
  /** Reports changed knobs. Answers with messages as a JSON object of numbered texts, or with nothing on failure. */
  turned(change: { visitor: string; values: Record<string, KnobValue> }): Promise<string | null | undefined>;
}

/** What a widget on the sidebar holds. */
export type KnobValue = number | string | boolean | null | string[];

/** One change of a widget: its elem_id and what it holds now. */
export type KnobChange = [widget: string, value: KnobValue];
