// The list of traces.

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

// === What is shown ===

let known = { services: [], tools: [] };

async function loadList() {
  try {
    const answer = await store.load(route.filter);
    known = { services: answer.services ?? [], tools: answer.tools ?? [] };
    unseen = 0;
    showList();
    const index = store.indexOf(route.selected);
    if (index >= 0 && route.view === "list") listRows.reveal(index);
  } catch (error) {
    if (error.name !== "AbortError") toast(`The list could not be read: ${error.message}`);
  }
}

function showList() {
  showFilter(route.filter, known.services, known.tools);
  longest = 1;
  for (const trace of store.rows) if (trace.duration_ms > longest) longest = trace.duration_ms;
  const [shown, total] = [store.rows.length, Math.max(store.total, store.rows.length)];
  const noun = total === 1 ? "trace" : "traces";
  say($("list-count"), !shown ? "" : store.next === null ? `${count(shown)} ${noun}` : `${count(shown)} of ${count(total)} ${noun}`);
  grid.setAttribute("aria-rowcount", store.next === null ? shown + 1 : -1);
  grid.hidden = store.loaded && !shown;
  $("empty").hidden = !grid.hidden;
  if (grid.hidden) showEmpty(isFiltered(route.filter));
  listRows.show(shown);
  showUnseen();
  showSelected();
}

function showUnseen() {
  if (listRows.viewport.scrollTop < listRows.height) unseen = 0;
  $("list-new").hidden = !unseen;
  say($("list-new"), `↑ ${count(unseen)} new`);
}

function showSelected() {
  const there = route.view === "list" && store.get(route.selected);
  if (there) grid.setAttribute("aria-activedescendant", `trace-${route.selected}`);
  else grid.removeAttribute("aria-activedescendant");
}

listRows.onrange = (_, last) => {
  if (last > store.rows.length - PAGE / 5) store.more(route.filter).then(() => listRows.count !== store.rows.length && showList(), () => {});
  showUnseen();
};

// === Live ===

let readAgain;

/** Reads the first page again, at most once in two seconds. */
function readSoon() {
  readAgain ??= setTimeout(async () => {
    readAgain = undefined;
    try {
      if (await store.refresh(route.filter)) keepPlace(showList);
      else loadList();
    } catch (error) {
      console.info("list:", error.message);
    }
  }, 2000);
}

// So many summaries one event holds at most; more changed than were told.
const LIVE_MOST = 500;

function takeLive(summaries) {
  if (summaries.length >= LIVE_MOST) readSoon();
  keepPlace(() => {
    const top = listRows.viewport.scrollTop > 0 ? store.rows[listRows.first] : null;
    for (const summary of summaries) takeSummary(summary, top);
    store.trim();
    while (fresh.size > 500) fresh.delete(fresh.keys().next().value);
    if (route.view === "list") showList();
  });
}

function takeSummary(summary, top) {
  const passed = passes(summary, route.filter);
  if (passed === null) readSoon();
  else if (!passed) store.drop(summary.trace_id);
  else if (store.put(summary)) {
    fresh.set(summary.trace_id, performance.now());
    store.total += 1;
    if (top && newestFirst(summary, top) < 0) unseen += 1;
  }
  offer(known.services, summary.services);
  offer(known.tools, summary.tools);
}

function offer(names, more) {
  for (const name of more) if (names.length < 1000 && !names.includes(name)) names.push(name);
}

/** Makes a change to the list; what is being read stays where it is. */
function keepPlace(change) {
  const { viewport, height, first } = listRows;
  const top = store.rows[first];
  const offset = viewport.scrollTop - first * height;
  const scrolled = viewport.scrollTop > 0;
  change();
  if (route.view !== "list" || !top || !scrolled) return;
  const index = store.indexOf(top.trace_id);
  if (index >= 0) viewport.scrollTop = index * height + offset;
  listRows.flush();
}

$("list-new").addEventListener("click", () => {
  listRows.viewport.scrollTop = 0;
  unseen = 0;
});

setInterval(() => route.view === "list" && !document.hidden && listRows.refresh(), 5000);

// === Selection ===

function selectTrace(index) {
  const trace = store.rows[Math.max(0, Math.min(store.rows.length - 1, index))];
  if (!trace) return;
  note({ selected: trace.trace_id });
  listRows.refresh();
  listRows.reveal(store.indexOf(trace.trace_id));
  showSelected();
}

const listKeys = {
  ArrowDown: (at) => selectTrace(at + 1),
  ArrowUp: (at) => selectTrace(at < 0 ? 0 : at - 1),
  PageDown: (at) => selectTrace(Math.max(0, at) + listRows.page),
  PageUp: (at) => selectTrace(Math.max(0, at - listRows.page)),
  Home: () => selectTrace(0),
  End: () => selectTrace(store.rows.length - 1),
  Enter: (at) => at >= 0 && go({ view: "trace", id: store.rows[at].trace_id }),
  j: (at) => selectTrace(at + 1),
  k: (at) => selectTrace(at < 0 ? 0 : at - 1),
  o: (at) => listKeys.Enter(at),
};

/** Says whether the key was one of the list's. */
function listKey(event) {
  const action = listKeys[event.key];
  if (!action) return false;
  action(store.indexOf(route.selected));
  return true;
}

// The way back from a trace leads to its row.
$("list-rows").addEventListener("click", (event) => {
  const row = event.target.closest(".trace-row");
  if (row && !event.ctrlKey && !event.metaKey && !event.shiftKey) note({ selected: row.id.slice(6) });
});

watchFilter((filter) => {
  note({ filter, selected: "" });
  listRows.viewport.scrollTop = 0;
  loadList();
});
