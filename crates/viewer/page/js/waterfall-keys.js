// The keys of the waterfall.

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
