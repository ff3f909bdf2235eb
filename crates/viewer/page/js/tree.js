// The spans of a trace as a tree. Whatever came is shown once: a span whose parent is missing stands
// under a line that says so, a circle of parents is cut at its earliest span, spans that share an id
// are kept apart.

function toNanoseconds(text) {
  try {
    return BigInt(text);
  } catch {
    return 0n;
  }
}

/** Times become numbers of nanoseconds since the earliest span: exact over 104 days. */
function buildTree(spans) {
  const starts = spans.map((span) => toNanoseconds(span.start_ns));
  const base = starts.reduce((least, start) => (start < least ? start : least), starts[0] ?? 0n);
  const sameId = new Map();
  const nodes = spans.map((span, i) => {
    const twins = sameId.get(span.span_id) ?? [];
    sameId.set(span.span_id, twins);
    const start = Number(starts[i] - base);
    const key = twins.length ? `${span.span_id}.${twins.length}` : span.span_id;
    const node = { span, key, start, end: start + Math.max(0, span.duration_ns || 0), parent: null, children: [], depth: 0, notes: [] };
    twins.push(node);
    return node;
  });
  const roots = [];
  for (const node of nodes) node.parent = chooseParent(node, sameId);
  for (const node of circles(nodes)) {
    node.parent = null;
    node.notes.push({ kind: "circle", text: "Its parents lead back to itself; shown as a root." });
  }
  const gaps = new Map();
  for (const node of nodes) {
    if (node.parent) node.parent.children.push(node);
    else if (node.span.parent_id && !sameId.has(node.span.parent_id)) gapFor(node.span.parent_id, gaps, roots).children.push(node);
    else roots.push(node);
  }
  for (const gap of gaps.values()) {
    for (const child of gap.children) child.parent = gap;
    gap.start = gap.children.reduce((start, child) => Math.min(start, child.start), Infinity);
    gap.end = gap.children.reduce((end, child) => Math.max(end, child.end), gap.start);
  }
  for (const twins of sameId.values()) {
    if (twins.length > 1) for (const node of twins) node.notes.push({ kind: "twin", text: `${twins.length} spans share this id.` });
  }
  const order = inOrder(roots);
  for (const node of nodes) noteSkew(node);
  const end = nodes.reduce((last, node) => Math.max(last, node.end), 0);
  return { base, nodes, roots, order, gaps: [...gaps.values()], end, byKey: new Map(order.map((node) => [node.key, node])) };
}

/** Of several spans with the parent's id, the one of the same service is meant, else the first. */
function chooseParent(node, sameId) {
  const { parent_id, service } = node.span;
  if (!parent_id) return null;
  // Among thousands of twins no choice is right, but each look at all of them is slow.
  const candidates = (sameId.get(parent_id) ?? []).slice(0, 32);
  return candidates.find((other) => other !== node && other.span.service === service) ?? candidates.find((other) => other !== node) ?? candidates[0] ?? null;
}

/** One node of each circle of parents. */
function circles(nodes) {
  const walks = new Map(); // node -> the walk that met it first
  const found = [];
  for (const [walk, start] of nodes.entries()) {
    let node = start;
    while (node && !walks.has(node)) {
      walks.set(node, walk);
      node = node.parent;
    }
    if (!node || walks.get(node) !== walk) continue;
    let earliest = node;
    for (let other = node.parent; other !== node; other = other.parent) if (other.start < earliest.start) earliest = other;
    found.push(earliest);
  }
  return found;
}

function gapFor(id, gaps, roots) {
  let gap = gaps.get(id);
  if (!gap) {
    gap = { missing: id, key: `missing-${id}`, start: 0, end: 0, parent: null, children: [], depth: 0, notes: [] };
    gaps.set(id, gap);
    roots.push(gap);
  }
  return gap;
}

/** Every node before its children, brothers by start; without recursion, since a peer chooses the depth. */
function inOrder(roots) {
  const byStart = (a, b) => a.start - b.start || b.end - a.end;
  const order = [];
  const todo = roots.sort(byStart).toReversed();
  while (todo.length) {
    const node = todo.pop();
    node.row = order.length;
    order.push(node);
    node.children.sort(byStart);
    for (let i = node.children.length - 1; i >= 0; i--) {
      node.children[i].depth = node.depth + 1;
      todo.push(node.children[i]);
    }
  }
  // The number of nodes below, from the last to the first.
  for (let i = order.length - 1; i >= 0; i--) {
    order[i].below = (order[i].below ?? 0) + order[i].children.length;
    const { parent } = order[i];
    if (parent) parent.below = (parent.below ?? 0) + order[i].below;
  }
  return order;
}

/** A span cannot start before the one that caused it: then two clocks differ. */
function noteSkew(node) {
  const { parent } = node;
  if (!parent?.span) return;
  const apart = parent.span.service !== node.span.service;
  const clocks = apart ? `; the clocks of ${named(node.span.service)} and ${named(parent.span.service)} differ` : "";
  if (node.start < parent.start - 1000) {
    node.skew = parent.start - node.start;
    node.notes.push({ kind: "skew", text: `Starts ${duration(node.skew)} before its parent${clocks}. Times are shown as they were sent.` });
  } else if (apart && node.start > parent.end + 1000 && node.span.kind === "server" && parent.span.kind === "client") {
    node.skew = node.start - parent.end;
    node.notes.push({ kind: "skew", text: `Starts ${duration(node.skew)} after its caller had ended${clocks}. Times are shown as they were sent.` });
  } else if (node.end > parent.end + 1000) {
    node.notes.push({ kind: "late", text: `Ends ${duration(node.end - parent.end)} after its parent.` });
  }
}

/** What a span spent outside its children. */
function selfTime(node) {
  let covered = 0;
  let until = node.start;
  for (const child of node.children) {
    const from = Math.max(child.start, until);
    const to = Math.min(child.end, node.end);
    if (to > from) {
      covered += to - from;
      until = to;
    }
  }
  return node.end - node.start - covered;
}
