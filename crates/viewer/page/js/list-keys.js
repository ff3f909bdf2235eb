// The selected trace, and the keys of the list.

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
