// The waterfall: one row for each span, its place in the tree at the left, its time at the right.

const waterfall = $("waterfall");
const waterfallRows = new VirtualRows($("waterfall-rows"), makeSpanRow, fillSpanRow);
const minimap = new Minimap($("minimap"), $("window"), () => drawTimes());

// Deeper levels are not moved further to the right; their depth is written out.
const DEEPEST = 16;
const KINDS = { client: "client", server: "server", producer: "producer", consumer: "consumer" };

function makeSpanRow() {
  return el("div", { role: "row", class: "span-row" },
    el("div", { role: "gridcell", class: "name" },
      el("span", { class: "guides" }), el("span", { class: "fold" }), el("i", { class: "key" }),
      el("span", { class: "label" }), el("span", { class: "kind" }), el("span", { class: "marks" })),
    makeLane());
}

function fillSpanRow(row, index) {
  const node = trace.visible[index];
  const { span } = node;
  const [name, lane] = row.children;
  const [guides, fold, , label, kind, marks] = name.children;
  const isFolded = trace.folded.has(node.key);
  const error = span?.status === "error";
  row.id = `span-${index}`;
  row.className = `span-row ${span ? `${colourClass(span.service)} ${KINDS[span.kind] ?? "internal"}` : "missing"}`;
  row.classList.toggle("failed", error);
  row.classList.toggle("selected", node === trace.selected);
  row.setAttribute("aria-rowindex", index + 2);
  row.setAttribute("aria-level", node.depth + 1);
  row.setAttribute("aria-selected", node === trace.selected);
  if (node.children.length) row.setAttribute("aria-expanded", !isFolded);
  else row.removeAttribute("aria-expanded");
  guides.style.setProperty("--depth", Math.min(node.depth, DEEPEST));
  say(fold, node.children.length ? (isFolded ? "▸" : "▾") : "");
  if (row.drawn !== node || row.wasFolded !== isFolded) {
    row.drawn = node;
    row.wasFolded = isFolded;
    label.replaceChildren(
      ...(span
        ? [bdi(span.name, { class: "span-name" }), bdi(span.service || "unknown service", { class: "span-service" })]
        : [el("span", { class: "span-name" }, `missing parent ${oneLine(node.missing, 20)}`)]),
    );
    say(kind, KINDS[span?.kind] ?? "");
    marks.replaceChildren(...spanMarks(node, isFolded));
  }
  fillLane(lane, node, { timeline: trace.timeline, width: laneWidth, showPath: trace.path });
}

function spanMarks(node, isFolded) {
  const marks = [];
  const mark = (kind, text, title) => marks.push(el("span", { class: `mark ${kind}`, title }, text));
  if (node.span?.status === "error") mark("error", "!", node.span.message ? `Error: ${oneLine(node.span.message)}` : "Error");
  for (const { kind, text } of node.notes) if (kind !== "late") mark("warn", { circle: "circle", twin: "same id", skew: "clock" }[kind], text);
  if (node.span?.links.length) mark("plain", plural(node.span.links.length, "link"));
  if (node.depth > DEEPEST) mark("plain", `level ${node.depth + 1}`);
  if (isFolded) mark("plain", `+${count(node.below)}`, `${plural(node.below, "span")} folded`);
  return marks;
}

// === Drawing ===

function showWaterfall() {
  const { tree, timeline, visible } = trace;
  waterfall.hidden = !tree;
  if (!tree) return;
  Object.assign(minimap, { tree, timeline });
  waterfall.setAttribute("aria-rowcount", visible.length + 1);
  minimap.draw();
  drawTimes();
  showActive();
}

let laneWidth = 600;

/** Everything that depends on the stretch of time in sight. */
function drawTimes() {
  const { timeline } = trace;
  if (!timeline) return;
  const { viewport } = waterfallRows;
  waterfall.style.setProperty("--gutter", `${viewport.offsetWidth - viewport.clientWidth}px`);
  laneWidth = $("ruler").clientWidth;
  const ticks = timeline.drawRuler($("ruler"));
  const lines = ticks.flatMap((place) => [`transparent ${percent(place)}`, `var(--tick) ${percent(place)}`, `var(--tick) calc(${percent(place)} + 1px)`, `transparent calc(${percent(place)} + 1px)`]);
  waterfall.style.setProperty("--ticks", lines.length ? `linear-gradient(90deg, ${lines.join(", ")})` : "none");
  minimap.shadeWindow();
  waterfallRows.show(trace.visible.length);
}

new ResizeObserver(() => route.view === "trace" && drawTimes()).observe($("ruler"));

function showActive() {
  const index = trace.visible.indexOf(trace.selected);
  if (index < 0) waterfall.removeAttribute("aria-activedescendant");
  else waterfall.setAttribute("aria-activedescendant", `span-${index}`);
}

// === Selection, folding, zoom ===

function selectSpan(node, { middle = false } = {}) {
  // The trace may have been read again since the node was shown.
  node = node && trace.tree.byKey.get(node.key);
  if (!node) return;
  trace.selected = node;
  if (!trace.visible.includes(node)) {
    unfold(node);
    waterfallRows.show(trace.visible.length);
  }
  note({ span: node.span ? node.key : "" });
  waterfallRows.refresh();
  waterfallRows.reveal(trace.visible.indexOf(node), middle);
  showActive();
  showDetails();
}

function setFolded(nodes, folded) {
  for (const node of nodes) {
    if (folded && node.children.length) trace.folded.add(node.key);
    else trace.folded.delete(node.key);
  }
  computeVisible();
  // A selection that went out of sight moves to what hides it.
  let selected = trace.selected;
  for (let above = selected?.parent; above; above = above.parent) if (trace.folded.has(above.key)) selected = above;
  waterfallRows.show(trace.visible.length);
  if (selected !== trace.selected) selectSpan(selected);
  showActive();
}

function zoomTo(node) {
  const room = (node.end - node.start) * 0.1;
  trace.timeline.set(node.start - room, node.end + room);
  drawTimes();
}

function nextError(step) {
  const errors = trace.tree.order.filter((node) => node.span?.status === "error");
  if (!errors.length) return toast("No span of this trace failed");
  const at = trace.selected?.row ?? -1;
  const found = step > 0 ? errors.find((node) => node.row > at) ?? errors[0] : errors.findLast((node) => node.row < at) ?? errors.at(-1);
  selectSpan(found, { middle: true });
}

$("waterfall-rows").addEventListener("click", (event) => {
  const row = event.target.closest(".span-row");
  if (!row) return;
  const node = trace.visible[Number(row.id.slice(5))];
  if (event.target.closest(".fold") && node.children.length) return setFolded([node], !trace.folded.has(node.key));
  selectSpan(node);
  openDetails();
});
$("waterfall-rows").addEventListener("dblclick", (event) => {
  const row = event.target.closest(".span-row");
  if (row && event.target.closest(".lane")) zoomTo(trace.visible[Number(row.id.slice(5))]);
});

waterfall.addEventListener("wheel", (event) => {
  const lane = event.target.closest(".lane");
  if (!lane || !trace.timeline) return;
  const box = lane.getBoundingClientRect();
  if (event.ctrlKey || event.metaKey) trace.timeline.zoom(Math.exp(event.deltaY / 300), (event.clientX - box.left) / box.width);
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) trace.timeline.pan((event.deltaX || event.deltaY) / box.width);
  else return;
  event.preventDefault();
  drawTimes();
}, { passive: false });

// === The border between names and times ===

function setNames(width) {
  const whole = waterfall.clientWidth;
  const share = Math.max(0.15, Math.min(0.8, width / whole));
  waterfall.style.setProperty("--names", `${(share * 100).toFixed(2)}%`);
}

$("grip").addEventListener("pointerdown", (event) => {
  $("grip").setPointerCapture(event.pointerId);
  $("grip").onpointermove = (move) => setNames(move.clientX - waterfall.getBoundingClientRect().left);
});
$("grip").addEventListener("pointerup", () => ($("grip").onpointermove = null));
$("grip").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -24, ArrowRight: 24 }[event.key];
  if (!step) return;
  event.stopPropagation();
  setNames($("grip").offsetLeft + step);
});

// === Keys ===

const moveSpan = (step) => {
  const at = trace.visible.indexOf(trace.selected);
  selectSpan(trace.visible[Math.max(0, Math.min(trace.visible.length - 1, at + step))]);
};

const zoomKey = (change) => {
  change(trace.timeline);
  drawTimes();
};

const waterfallKeys = {
  ArrowDown: () => moveSpan(1),
  ArrowUp: () => moveSpan(-1),
  j: () => moveSpan(1),
  k: () => moveSpan(-1),
  PageDown: () => moveSpan(waterfallRows.page),
  PageUp: () => moveSpan(-waterfallRows.page),
  Home: () => moveSpan(-Infinity),
  End: () => moveSpan(Infinity),
  ArrowRight: () => {
    const node = trace.selected;
    if (node && trace.folded.has(node.key)) setFolded([node], false);
    else if (node?.children.length) selectSpan(node.children[0]);
  },
  ArrowLeft: () => {
    const node = trace.selected;
    if (node?.children.length && !trace.folded.has(node.key)) setFolded([node], true);
    else selectSpan(node?.parent);
  },
  Enter: () => {
    if (!trace.selected) moveSpan(1);
    openDetails();
    details.focus();
  },
  e: () => nextError(1),
  E: () => nextError(-1),
  c: () => setPath(!trace.path),
  f: () => foldAll(),
  y: () => trace.selected?.span && copy(traceparentOf(trace.selected.span), "traceparent"),
  z: () => trace.selected && zoomTo(trace.selected),
  "+": () => zoomKey((timeline) => timeline.zoom(0.5)),
  "=": () => zoomKey((timeline) => timeline.zoom(0.5)),
  "-": () => zoomKey((timeline) => timeline.zoom(2)),
  0: () => zoomKey((timeline) => timeline.reset()),
  "[": () => zoomKey((timeline) => timeline.pan(-0.2)),
  "]": () => zoomKey((timeline) => timeline.pan(0.2)),
};

/** Says whether the key was one of the waterfall's. */
function waterfallKey(event) {
  const action = waterfallKeys[event.key];
  if (!action || !trace.tree) return false;
  action();
  return true;
}

function foldAll() {
  const open = trace.tree.order.some((node) => node.depth > 0 && node.children.length && !trace.folded.has(node.key));
  setFolded(open ? trace.tree.order.filter((node) => node.depth > 0) : trace.tree.order, open);
}

function setPath(shown) {
  trace.path = shown;
  waterfallRows.refresh();
  showTraceTools();
}
