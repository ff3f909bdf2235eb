// The line at the foot: what the viewer keeps, and what it had to let go.

let statusSoon;

function noteStatusChanged() {
  statusSoon ??= setTimeout(() => {
    statusSoon = undefined;
    showStatus();
  }, 1000);
}

async function showStatus() {
  if (document.hidden) return;
  try {
    const { version, traces, spans, bytes: size, limits, evicted, db } = await read("/api/status");
    if (limits?.traces > 0) store.kept = limits.traces;
    const parts = [plural(traces, "trace"), plural(spans, "span"), limits?.bytes ? `${bytes(size)} of ${bytes(limits.bytes)}` : bytes(size)];
    if (evicted?.traces) parts.push(`${plural(evicted.traces, "older trace")} let go`);
    parts.push(db ? `kept in ${oneLine(db, 80)}` : "kept in memory");
    say($("status"), parts.join(" · "));
    say($("version"), `mcp-trace ${oneLine(version, 20)}`);
  } catch {
    say($("status"), "The viewer does not answer");
  }
}
