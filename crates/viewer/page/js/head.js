// What stands over the waterfall: what the trace is, and what is odd about it.

function showTrace() {
  document.title = trace.tree ? `${rootName()} · mcp-trace` : "mcp-trace";
  computeVisible();
  showHead();
  showNotices();
  showTraceTools();
  showWaterfall();
  showDetails();
}

const mainRoot = () => trace.tree.roots.find((node) => node.span) ?? trace.tree.nodes[0];
const rootName = () => named(mainRoot()?.span.name);

function showHead() {
  const back = el("a", { class: "back", href: linkTo({ view: "list", selected: trace.id }), title: "All traces (Esc)", "aria-label": "All traces" }, "←");
  const { tree, failed, services } = trace;
  if (!tree) {
    const text = !failed ? "Reading…" : failed.status === 404 ? "This trace is not here, or no longer" : "The trace could not be read";
    const why = failed?.status === 404 ? "It shows up as soon as one of its spans arrives." : failed?.message;
    $("trace-head").replaceChildren(back, el("div", {}, el("h1", {}, text), el("p", { class: "dim" }, oneLine(trace.id), " ", why ?? "")));
    return;
  }
  const root = mainRoot();
  const errors = tree.nodes.filter((node) => node.span.status === "error").length;
  const started = Number(tree.base / 1_000_000n);
  $("trace-head").replaceChildren(
    back,
    el("div", { class: "what" },
      el("h1", {}, bdi(root.span.name), errors ? el("span", { class: "mark error" }, plural(errors, "error")) : ""),
      el("p", { class: "facts" },
        el("span", {}, el("b", {}, duration(tree.end))),
        el("span", {}, plural(tree.nodes.length, "span")),
        el("span", { title: `${day(started)} ${clock(started, true)}` }, `${day(started)} ${clock(started, true)}`),
        copyButton(trace.id, trace.id, "trace id"))),
    el("div", { class: "legend", "aria-label": "Services" },
      ...services.slice(0, 12).map(([service, spans]) => {
        const chip = serviceChip(service);
        chip.title = plural(spans, "span");
        return chip;
      }),
      services.length > 12 ? el("span", { class: "service" }, `+${services.length - 12} more`) : ""),
  );
}

function showNotices() {
  const { tree, truncated } = trace;
  const notices = [];
  if (tree) {
    const withNote = (kind) => tree.nodes.filter((node) => node.notes.some((note) => note.kind === kind));
    const say = (kind, text, nodes) => nodes.length && notices.push(
      el("button", { type: "button", class: "notice", onclick: () => selectSpan(nodes[0], { middle: true }) }, el("b", {}, kind), text));
    const orphans = tree.gaps.reduce((sum, gap) => sum + gap.children.length, 0);
    say("Gap", `${plural(orphans, "span")} without the parent that ${orphans === 1 ? "it names" : "they name"}`, tree.gaps);
    const skewed = withNote("skew").sort((a, b) => b.skew - a.skew);
    if (skewed.length) say("Clocks", `differ by up to ${duration(skewed[0].skew)} in ${plural(skewed.length, "span")}; times are as sent`, skewed);
    say("Circle", "parents that lead back to themselves", withNote("circle"));
    say("Same id", `${plural(withNote("twin").length, "span")} share an id with another`, withNote("twin"));
    if (truncated) notices.push(el("span", { class: "notice" }, el("b", {}, "Cut"), `${plural(truncated, "further span")} not kept`));
  }
  $("trace-notices").replaceChildren(...notices);
}

function showTraceTools() {
  const { tree } = trace;
  if (!tree) return $("trace-tools").replaceChildren();
  const errors = tree.nodes.some((node) => node.span.status === "error");
  $("trace-tools").replaceChildren(
    el("button", { type: "button", "aria-pressed": String(trace.path), title: "What made the trace last as long as it did (c)", onclick: () => setPath(!trace.path) },
      el("i", { class: "path-sign" }), "Critical path"),
    el("button", { type: "button", title: "Fold or unfold all (f)", onclick: foldAll }, "Fold"),
    errors ? el("button", { type: "button", title: "Next error (e)", onclick: () => nextError(1) }, "Next error") : "",
  );
}
