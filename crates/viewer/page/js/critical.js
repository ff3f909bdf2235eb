// The critical path: the stretches of spans that made the trace last as long as it did. From the end of
// the longest root backwards: what ended last was waited for, down to what has no children.

/** Gives each node on the path its `critical` stretches, `[from, to]` pairs; the latest comes first. */
function markCritical(tree) {
  for (const node of tree.order) node.critical = null;
  const root = tree.roots.reduce((best, node) => (!best || node.end - node.start > best.end - best.start ? node : best), null);
  const todo = root ? [[root, root.end]] : [];
  while (todo.length) {
    const [node, cut] = todo.pop();
    const limit = Math.min(node.end, cut);
    let until = limit;
    const stretches = [];
    const byEnd = node.children.toSorted((a, b) => b.end - a.end);
    for (const child of byEnd) {
      const to = Math.min(child.end, until);
      const from = Math.max(child.start, node.start);
      if (from >= to) continue;
      // What ran beside a later step was not waited for. What outlives its parent counts to the parent's end.
      if (child.end > until && until !== limit) continue;
      if (to < until) stretches.push([to, until]);
      todo.push([child, to]);
      until = from;
    }
    if (until > node.start) stretches.push([node.start, until]);
    node.critical = stretches;
  }
}

const onPath = (node) => (node.critical ?? []).reduce((sum, [from, to]) => sum + to - from, 0);
