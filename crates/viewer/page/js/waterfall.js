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
