// Server-Sent Events out of a fetched body: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation

const SILENCE = 45_000; // milliseconds; the server sends a comment every 15 seconds, so after this time the connection is dead

/** Yields each event as `{id, event, data}`, `data` parsed from JSON. Ends with the stream; throws if it breaks or falls silent. */
export async function* serverSentEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await within(SILENCE, reader.read());
      if (done) return;
      text += value;
      const blocks = text.split(/\r?\n\r?\n/);
      text = blocks.pop(); // not complete yet
      for (const block of blocks) {
        const event = parse(block);
        if (event.data) yield { ...event, data: JSON.parse(event.data) };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parse(block) {
  const event = { event: "message", data: "" };
  for (const line of block.split(/\r?\n/)) {
    const [, name, value] = line.match(/^([^:]*):? ?(.*)$/s);
    if (name === "data") event.data += event.data ? `\n${value}` : value;
    else if (name === "id" || name === "event") event[name] = value;
    // A line that begins with a colon is a comment: the server's keep-alive.
  }
  return event;
}

function within(milliseconds, promise) {
  let timer;
  const silence = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("The stream is silent.")), milliseconds)));
  return Promise.race([promise, silence]).finally(() => clearTimeout(timer));
}
