// The tools: how often each is called, how often it fails, how long it takes.

const COLUMNS = [
  { name: "Tool", key: (row) => row.tool },
  { name: "Calls", key: (row) => row.calls, number: true },
  { name: "Errors", key: (row) => row.errors / Math.max(1, row.calls), number: true },
  { name: "p50", key: (row) => row.p50_ms, number: true },
  { name: "p95", key: (row) => row.p95_ms, number: true },
  { name: "p99", key: (row) => row.p99_ms, number: true },
  { name: "Durations" },
];

const tools = { answer: null, column: COLUMNS[1], descending: true };
let toolsTimer;

async function loadTools() {
  try {
    tools.answer = await read("/api/tools");
    showTools();
  } catch (error) {
    toast(`The tools could not be read: ${error.message}`);
  }
}

/** New spans came: the table is read again, once in two seconds. */
function noteToolsChanged() {
  if (route.view !== "tools") return;
  toolsTimer ??= setTimeout(() => {
    toolsTimer = undefined;
    if (route.view === "tools") loadTools();
  }, 2000);
}

function sortedTools() {
  const { key } = tools.column;
  const rows = tools.answer.tools.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : a.tool < b.tool ? -1 : 1));
  return tools.descending ? rows.reverse() : rows;
}

function showTools() {
  const rows = sortedTools();
  if (!rows.length) {
    return $("view-tools").replaceChildren(el("div", { class: "nothing" }, el("h2", {}, "No tool has been called yet"), el("p", {}, "A span of a ", el("code", {}, "tools/call"), " shows up here.")));
  }
  const { bounds_ms: bounds } = tools.answer;
  // All histograms share one scale, cut to what any of them uses.
  const used = rows.flatMap((row) => [row.histogram.findIndex(Boolean), row.histogram.findLastIndex(Boolean)]).filter((at) => at >= 0);
  const scale = { bounds, first: Math.min(...used), last: Math.max(...used) };
  assignColours([...new Set(rows.toSorted((a, b) => b.calls - a.calls).map((row) => row.service))]);
  const focused = document.activeElement?.dataset?.column;
  $("view-tools").replaceChildren(
    el("table", { class: "tools-table" },
      el("caption", {}, "Calls of tools, as their callers (client) and their servers (server) saw them"),
      el("thead", {}, el("tr", {}, ...COLUMNS.map((column) => headCell(column, scale)))),
      el("tbody", {}, ...rows.map((row) => toolRow(row, scale)))));
  if (focused) document.querySelector(`[data-column="${focused}"]`)?.focus();
}

function headCell(column, { bounds, first, last }) {
  const sorted = tools.column === column;
  if (!column.key) {
    const [low, high] = [first > 0 ? bounds[first - 1] : 0, last < bounds.length ? bounds[last] : bounds.at(-1)];
    return el("th", { scope: "col", class: "histogram" }, el("span", {}, low ? duration(low * 1e6) : "0"), el("span", {}, last < bounds.length ? duration(high * 1e6) : `> ${duration(high * 1e6)}`));
  }
  const sort = () => {
    tools.descending = sorted ? !tools.descending : Boolean(column.number);
    tools.column = column;
    showTools();
  };
  return el("th", { scope: "col", class: column.number ? "num" : null, "aria-sort": sorted ? (tools.descending ? "descending" : "ascending") : "none" },
    el("button", { type: "button", "data-column": column.name, onclick: sort }, column.name, el("span", { "aria-hidden": "true" }, sorted ? (tools.descending ? " ↓" : " ↑") : "")));
}

function toolRow(row, scale) {
  const rate = row.errors / Math.max(1, row.calls);
  const errors = linkTo({ view: "list", filter: { ...emptyFilter(), tool: row.tool, status: "error" } });
  return el("tr", {},
    el("th", { scope: "row" },
      el("a", { href: linkTo({ view: "list", filter: { ...emptyFilter(), tool: row.tool } }), title: "Its traces" }, bdi(row.tool)),
      el("span", { class: "sub" }, serviceChip(row.service), el("span", { class: "dim" }, oneLine(row.side, 20)))),
    el("td", { class: "num" }, count(row.calls)),
    el("td", { class: rate ? "num failed" : "num dim" }, row.errors ? el("a", { href: errors, title: `${count(row.errors)} of ${count(row.calls)}` }, `${(rate * 100).toFixed(1)} %`) : "0 %"),
    ...[row.p50_ms, row.p95_ms, row.p99_ms].map((ms) => el("td", { class: "num" }, ms === null ? "–" : duration(ms * 1e6))),
    el("td", { class: "histogram" }, histogram(row, scale)));
}

const emptyFilter = () => Object.fromEntries(FILTERS.map((name) => [name, ""]));

function histogram(row, { bounds, first, last }) {
  const parts = row.histogram.slice(first, last + 1);
  const most = Math.max(1, ...parts);
  const width = 100 / Math.max(1, parts.length);
  const bars = parts.map((n, i) => {
    const height = n ? Math.max(2, (n / most) * 28) : 0.75;
    return el("rect", { x: (i * width + width * 0.08).toFixed(2), y: (28 - height).toFixed(2), width: (width * 0.84).toFixed(2), height: height.toFixed(2), class: n ? null : "none" });
  });
  const label = parts.map((n, i) => {
    const bound = bounds[first + i];
    return n ? `${count(n)} ${bound === undefined ? `over ${duration(bounds.at(-1) * 1e6)}` : `up to ${duration(bound * 1e6)}`}` : "";
  }).filter(Boolean).join(", ");
  return el("div", { class: colourClass(row.service), title: label },
    el("svg", { viewBox: "0 0 100 28", preserveAspectRatio: "none", role: "img", "aria-label": `Calls by duration: ${label}` }, ...bars));
}
