// Traces that arrive while the list is open.

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
