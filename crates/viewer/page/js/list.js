// The list of traces: what is read and shown.

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

watchFilter((filter) => {
  note({ filter, selected: "" });
  listRows.viewport.scrollTop = 0;
  loadList();
});
