// The trace that is open: its spans, what is folded, what is selected.

const trace = {
  id: null,
  tree: null,
  services: [],
  timeline: null,
  truncated: 0,
  folded: new Set(),
  visible: [],
  selected: null,
  path: true,
  failed: null,
};

let readingTrace = new AbortController();

/** Reads the trace of the route, again where it has changed. */
async function loadTrace() {
  const { id } = route;
  const again = trace.id === id && trace.tree;
  readingTrace.abort();
  readingTrace = new AbortController();
  if (!again) {
    Object.assign(trace, { id, tree: null, selected: null, failed: null, folded: new Set(), visible: [] });
    showTrace();
  }
  try {
    const answer = await read(`/api/traces/${id}`, readingTrace.signal);
    if (id !== route.id || route.view !== "trace") return;
    takeTrace(answer, again);
  } catch (error) {
    if (error.name === "AbortError") return;
    if (again && error.status === 404) return toast("This trace is no longer kept by the viewer");
    trace.failed = error;
    showTrace();
  }
}

function takeTrace(answer, again) {
  const { timeline } = trace;
  trace.tree = buildTree(answer.spans);
  trace.truncated = answer.truncated ?? 0;
  trace.failed = null;
  trace.services = byCount(trace.tree);
  assignColours(trace.services.map(([service]) => service));
  markCritical(trace.tree);
  trace.timeline = new Timeline(trace.tree.end);
  // What a person has zoomed into stays.
  if (again && timeline.zoomed) trace.timeline.set(timeline.from, timeline.to);
  trace.selected = trace.tree.byKey.get(trace.selected?.key ?? route.span) ?? null;
  unfold(trace.selected);
  // An address that names a span leads to all of it.
  if (!again && trace.selected) detailsOpen = true;
  showTrace();
  if (!again && trace.selected) waterfallRows.reveal(trace.visible.indexOf(trace.selected), true);
}

/** The services and how many spans each has, most first. */
function byCount({ nodes }) {
  const services = new Map();
  for (const { span } of nodes) services.set(span.service, (services.get(span.service) ?? 0) + 1);
  return [...services].sort((a, b) => b[1] - a[1]);
}

/** Opens everything above a node, so that it is in sight. */
function unfold(node) {
  for (let above = node?.parent; above; above = above.parent) trace.folded.delete(above.key);
  computeVisible();
}

function computeVisible() {
  const { tree, folded } = trace;
  trace.visible = [];
  for (let row = 0; row < (tree?.order.length ?? 0); row++) {
    const node = tree.order[row];
    trace.visible.push(node);
    if (folded.has(node.key)) row += node.below;
  }
}

let traceChanged;

/** The open trace got more spans: read it again, at most twice a second. */
function noteTraceChanged(summaries) {
  if (route.view !== "trace" || !summaries.some((summary) => summary.trace_id === route.id)) return;
  traceChanged ??= setTimeout(() => {
    traceChanged = undefined;
    if (route.view === "trace") loadTrace();
  }, 500);
}
