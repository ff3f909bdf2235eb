// Follows `/api/live`: Server-Sent Events, read with fetch because EventSource cannot send a token.
// https://html.spec.whatwg.org/multipage/server-sent-events.html

// The server says something every 15 s.
const SILENCE = 40_000;

async function* serverEvents(stream, heard) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const blocks = (rest + value).replaceAll("\r\n", "\n").split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const event = { type: "message", data: "" };
      for (const line of block.split("\n")) {
        if (line.startsWith("event:")) event.type = line.slice(6).trim();
        else if (line.startsWith("data:")) event.data += line.slice(5);
      }
      if (event.data) yield event;
    }
  }
}

/**
 * Calls `onTraces(summaries)` for ever, until `signal` aborts. `onState` hears "live" each time the
 * stream opens (what came before it must be read again) and "reconnecting" when it broke.
 */
async function follow({ signal, onTraces, onState }) {
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 8_000)) {
    const attempt = new AbortController();
    const both = AbortSignal.any([signal, attempt.signal]);
    let timer;
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => attempt.abort(), SILENCE);
    };
    try {
      const answer = await call("/api/live", both);
      heard();
      pause = 500;
      onState("live");
      for await (const { type, data } of serverEvents(answer.body, heard)) {
        if (type === "traces") onTraces(JSON.parse(data));
      }
    } catch (error) {
      if (!signal.aborted) console.info("live:", error.message);
    }
    clearTimeout(timer);
    if (signal.aborted) return;
    onState("reconnecting");
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
