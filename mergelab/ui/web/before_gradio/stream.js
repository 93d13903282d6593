/**
 * Keeps Gradio's stream of answers open until everything is answered.
 *
 * Gradio's server closes the stream when it knows of nothing pending. What the browser asks for before it has heard
 * of that has no stream: Gradio's client believes that the old one is still open, so the answer stays on the server,
 * and every later event of that kind waits behind it. Here a closed stream is opened again as long as an answer is
 * owed.
 *
 * This is a classic script, not a module: it stands in the page's head, before Gradio's client, and replaces `fetch`.
 */
(() => {
  /** @typedef {Parameters<typeof fetch>} FetchArguments */

  const plain = window.fetch;
  /** @type {Set<string>} events that the server took and has not completed */
  const owed = new Set();
  /** @type {Set<string>} events that were completed before the server's word that it took them came */
  const early = new Set();
  /** Says `taken` when the server took or refused what was asked. */
  const questions = new EventTarget();
  let asking = 0;
  /** @type {Promise<unknown> | null} */
  let closing = null;

  window.fetch = (...given) => {
    const { pathname } = new URL(given[0] instanceof Request ? given[0].url : given[0], location.href);
    if (pathname.endsWith("/queue/join")) return ask(given);
    return pathname.endsWith("/queue/data") ? openStream(given) : plain(...given);
  };

  /**
   * Asks for an event and notes that its answer is owed.
   * @param {FetchArguments} given
   */
  async function ask(given) {
    const answer = await taken(given);
    await closing; // else Gradio's client would look for a stream in the moment in which it is told that there is none
    return answer;
  }

  /** @param {FetchArguments} given */
  async function taken(given) {
    asking += 1;
    try {
      const answer = await plain(...given), { event_id: id } = await answer.clone().json().catch(() => ({}));
      if (id && !early.delete(id)) owed.add(id);
      return answer;
    } finally {
      asking -= 1;
      questions.dispatchEvent(new Event("taken"));
    }
  }

  /**
   * A stream of answers that ends only when nothing is owed.
   * @param {FetchArguments} given
   */
  async function openStream(given) {
    const answer = await plain(...given);
    if (!answer.ok) return answer;
    const body = new ReadableStream({
      start: (control) => void pass(answer, given, control).catch((error) => control.error(error)),
    });
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  /**
   * Passes messages on, and holds back the one that closes the stream.
   * @param {Response} answer
   * @param {FetchArguments} given
   * @param {ReadableStreamDefaultController<Uint8Array>} control
   */
  async function pass(answer, given, control) {
    const encoder = new TextEncoder();
    const send = (/** @type {string} */ text) => control.enqueue(encoder.encode(`${text}\n\n`));
    /** @type {string} */
    let close;
    let stream = answer;
    do {
      close = "";
      for await (const text of messages(stream)) {
        const { msg, id } = headOf(text);
        if (msg === "process_completed" && id && !owed.delete(id)) early.add(id);
        if (msg === "close_stream") close = text;
        else send(text);
      }
      // What is being asked may have been answered on this stream already: one that is opened in vain would stay open.
      while (close && asking && !owed.size) await new Promise((go) => questions.addEventListener("taken", go, { once: true }));
    } while (close && owed.size && (stream = await plain(...given)));
    if (close) {
      closing = aborted(given[0] instanceof Request ? given[0].signal : given[1]?.signal);
      send(close);
    }
    control.close();
  }

  /**
   * Resolves when the client gives up the stream, as it does when it is told that the stream is closed.
   * @param {AbortSignal | null | undefined} signal
   */
  function aborted(signal) {
    if (!signal || signal.aborted) return null;
    return new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  }

  /**
   * The messages of a stream, one by one.
   * @param {Response} answer
   */
  async function* messages({ body }) {
    if (!body) return;
    const decoder = /** @type {ReadableWritablePair<string, Uint8Array>} */ (new TextDecoderStream());
    const reader = body.pipeThrough(decoder).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const whole = (rest + read.value).split("\n\n");
      rest = whole.pop() ?? "";
      yield* whole;
    }
  }

  /**
   * The kind and the event of a message. The rest may be long, so it is not parsed.
   * @param {string} text
   * @returns {{ msg?: string, id?: string }}
   */
  function headOf(text) {
    const found = /^data: \{"msg":"(\w+)","event_id":(?:"([^"]*)"|null)/.exec(text);
    if (found) return { msg: found[1], id: found[2] };
    if (!text.startsWith("data: ")) return {};
    const { msg, event_id: id } = JSON.parse(text.slice(6));
    return { msg, id };
  }
})();
