// Which span is selected, which are folded, whether the critical path is shown.

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

function foldAll() {
  const open = trace.tree.order.some((node) => node.depth > 0 && node.children.length && !trace.folded.has(node.key));
  setFolded(open ? trace.tree.order.filter((node) => node.depth > 0) : trace.tree.order, open);
}

function setPath(shown) {
  trace.path = shown;
  waterfallRows.refresh();
  showTraceTools();
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
