// The address after "#" holds what is shown and the filter, so that a view can be kept and sent:
// "#/?status=error", "#/trace/<id>?span=<id>&status=error", "#/tools".

const FILTERS = ["service", "tool", "status", "min_ms", "max_ms", "text"];

function parseRoute(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  const params = new URLSearchParams(query);
  const filter = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  if (!["error", "ok"].includes(filter.status)) filter.status = "";
  const id = /^\/trace\/([0-9a-f]{32})$/i.exec(path)?.[1].toLowerCase();
  // The second span of one id is "<id>.1".
  const span = /^[0-9a-f]{16}(\.\d+)?$/.exec(params.get("span") ?? "")?.[0] ?? "";
  const selected = /^[0-9a-f]{32}$/.exec(params.get("sel") ?? "")?.[0] ?? "";
  return { view: id ? "trace" : path === "/tools" ? "tools" : "list", id, span, selected, filter };
}

function formatRoute({ view, id, span, selected, filter }) {
  const params = new URLSearchParams();
  if (view === "trace" && span) params.set("span", span);
  if (view === "list" && selected) params.set("sel", selected);
  for (const name of FILTERS) if (filter[name]) params.set(name, filter[name]);
  const query = params.size ? `?${params}` : "";
  return view === "trace" ? `#/trace/${id}${query}` : view === "tools" ? `#/tools${query}` : `#/${query}`;
}

let route = parseRoute(location.hash);

/** The address of another view with the same filter. */
const linkTo = (change) => formatRoute({ ...route, span: "", selected: "", ...change });

/** Goes to another view; the browser's back button returns. */
function go(change) {
  location.hash = linkTo(change);
}

/** Notes a change inside the view, without a step in the history. */
function note(change) {
  route = { ...route, ...change };
  history.replaceState(null, "", formatRoute(route));
}
