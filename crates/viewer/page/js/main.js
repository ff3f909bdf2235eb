// Puts the views behind the address, and follows what arrives.

let shownView;
let shownFilter = "";

function showRoute() {
  const { view } = route;
  for (const name of ["list", "trace", "tools"]) $(`view-${name}`).hidden = name !== view;
  $("tab-traces").href = linkTo({ view: "list", selected: trace.id ?? "" });
  $("tab-tools").href = linkTo({ view: "tools" });
  for (const [tab, current] of [["tab-traces", view !== "tools"], ["tab-tools", view === "tools"]]) {
    if (current) $(tab).setAttribute("aria-current", "page");
    else $(tab).removeAttribute("aria-current");
  }
  const filter = JSON.stringify(route.filter);
  if (view === "list") {
    assignColours([]);
    document.title = "mcp-trace";
    if (filter !== shownFilter || !store.loaded) loadList();
    else showList();
    shownFilter = filter;
    const index = store.indexOf(route.selected);
    if (index >= 0) {
      listRows.reveal(index);
      grid.focus({ preventScroll: true });
    }
  } else if (view === "trace") {
    if (route.id !== trace.id || !trace.tree) loadTrace();
    else if (shownView !== "trace") {
      assignColours(trace.services.map(([service]) => service));
      showTrace();
    } else selectSpan(trace.tree.byKey.get(route.span));
    waterfall.focus({ preventScroll: true });
  } else {
    document.title = "Tools · mcp-trace";
    loadTools();
  }
  shownView = view;
}

addEventListener("hashchange", () => {
  route = parseRoute(location.hash);
  showRoute();
});

// === Live ===

let following = true;
let stopFollowing = new AbortController();

function showLive(state) {
  $("live").dataset.state = state;
  say($("live").lastChild, state);
}

function setFollowing(wanted) {
  following = wanted;
  $("live").setAttribute("aria-pressed", String(wanted));
  stopFollowing.abort();
  if (!wanted) return showLive("paused");
  stopFollowing = new AbortController();
  let opened = 0;
  follow({
    signal: stopFollowing.signal,
    onState(state) {
      showLive(state);
      // What arrived while nobody listened is read again.
      if (state === "live" && (opened++ || store.loaded)) reload();
    },
    onTraces(summaries) {
      takeLive(summaries);
      noteTraceChanged(summaries);
      noteToolsChanged();
      noteStatusChanged();
    },
  });
}

function reload() {
  loadList();
  if (route.view === "trace") loadTrace();
  if (route.view === "tools") loadTools();
}

$("live").addEventListener("click", () => setFollowing(!following));

showRoute();
setFollowing(true);
showStatus();
setInterval(showStatus, 5000);
