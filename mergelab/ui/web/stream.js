// Gradio sends the answers to its events in one stream, which the server closes when it knows of nothing that is pending. What the
// browser asks for before it has heard of that has no stream any more, because Gradio's client believes that the old one is
// still open: the answer lies on the server, and every later event of that kind waits behind it. Here a stream goes on, by
// being opened again, until everything that was asked for has been answered. This stands in the page's head, before Gradio.

(() => {
  const plain = window.fetch;
  const owed = new Set(); // events that the server took and has not completed
  const early = new Set(); // completed before the server's word that it took them came
  let asking = 0, closing = null;
  window.fetch = (...given) => {
    const { pathname } = new URL(given[0]?.url ?? given[0], location.href);
    return pathname.endsWith("/queue/join") ? asked(given) : pathname.endsWith("/queue/data") ? lasting(given) : plain(...given);
  };

  async function asked(given) {
    asking += 1;
    try {
      const answer = await plain(...given), { event_id: id } = await answer.clone().json().catch(() => ({}));
      if (id && !early.delete(id)) owed.add(id);
      await closing; // else Gradio's client would look for a stream in the moment in which it is told that there is none
      return answer;
    } finally { asking -= 1; }
  }

  async function lasting(given) {
    const answer = await plain(...given);
    if (!answer.ok) return answer;
    const body = new ReadableStream({ start: (control) => pass(answer, given, control).catch((error) => control.error(error)) });
    return new Response(body, { status: answer.status, headers: answer.headers });
  }

  async function pass(answer, given, control) {
    const encoder = new TextEncoder(), send = (text) => control.enqueue(encoder.encode(`${text}\n\n`));
    let close = null;
    do {
      close = null;
      for await (const text of messages(answer.body)) {
        const { msg, event_id: id } = headOf(text);
        if (msg === "process_completed" && !owed.delete(id)) early.add(id);
        if (msg === "close_stream") close = text;
        else send(text);
      }
    } while (close && (asking || owed.size) && (answer = await plain(...given)));
    if (close) {
      closing = aborted(given[0]?.signal ?? given[1]?.signal);
      send(close);
    }
    control.close();
  }
  // The client gives up a stream that it was told is closed.
  const aborted = (signal) => signal && !signal.aborted && new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));

  async function* messages(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const whole = (rest + read.value).split("\n\n");
      rest = whole.pop();
      yield* whole;
    }
  }
  const HEAD = /^data: \{"msg":"(\w+)","event_id":(?:"([^"]*)"|null)/; // the rest may be long
  function headOf(text) {
    const found = HEAD.exec(text);
    if (found) return { msg: found[1], event_id: found[2] };
    return text.startsWith("data: ") ? JSON.parse(text.slice(6)) : {};
  }
})();
