// The rows of the list of traces.

const store = new TraceStore();
const grid = $("list");
const fresh = new Map(); // trace id -> when it came live
let longest = 1; // ms, the scale of the small duration bars
let unseen = 0;

const listRows = new VirtualRows($("list-rows"), makeTraceRow, fillTraceRow);

function makeTraceRow() {
  const cell = (name, ...children) => el("span", { role: "gridcell", class: name }, ...children);
  return el(
    "a",
    { role: "row", class: "trace-row", tabindex: "-1", draggable: "false" },
    cell("what", el("span", { class: "title" }), el("span", { class: "sub" })),
    cell("num spans"),
    cell("duration", el("span", { class: "num" }), el("span", { class: "meter" }, el("i"))),
    cell("num when", el("span"), el("span", { class: "sub" })),
  );
}

function fillTraceRow(row, index) {
  const trace = store.rows[index];
  const [what, spans, took, when] = row.children;
  row.id = `trace-${trace.trace_id}`;
  row.href = linkTo({ view: "trace", id: trace.trace_id });
  row.setAttribute("aria-rowindex", index + 2);
  row.setAttribute("aria-selected", trace.trace_id === route.selected);
  row.classList.toggle("failed", trace.errors > 0);
  row.classList.toggle("fresh", performance.now() - (fresh.get(trace.trace_id) ?? -1e9) < 1500);
  // Nothing but what is drawn again needs new elements.
  if (row.drawn !== trace) {
    row.drawn = trace;
    what.firstChild.replaceChildren(bdi(trace.root, { class: "root" }), ...traceMarks(trace));
    what.lastChild.replaceChildren(
      ...trace.services.slice(0, 4).map(serviceChip),
      ...(trace.services.length > 4 ? [el("span", { class: "service" }, `+${trace.services.length - 4}`)] : []),
      trace.tools.length ? el("span", { class: "tools" }, bdi(trace.tools.join(", "))) : "",
    );
    say(spans, count(trace.spans));
    spans.title = plural(trace.spans, "span");
    say(took.firstChild, duration(trace.duration_ms * 1e6));
    when.title = `${day(trace.start_ms)} ${clock(trace.start_ms, true)}`;
    say(when.firstChild, clock(trace.start_ms));
  }
  // Logarithmic: a tool call of 5 ms and an agent's minute are both seen.
  const share = Math.log1p(Math.max(0, trace.duration_ms)) / Math.log1p(longest);
  took.lastChild.firstChild.style.width = `${Math.min(100, share * 100).toFixed(1)}%`;
  say(when.lastChild, ago(trace.start_ms));
}

function traceMarks(trace) {
  const marks = [];
  if (trace.errors) marks.push(el("span", { class: "mark error" }, plural(trace.errors, "error")));
  if (trace.missing_parents) {
    const title = `${plural(trace.missing_parents, "span")} without the parent that they name`;
    marks.push(el("span", { class: "mark warn", title }, "gap"));
  }
  return marks;
}
