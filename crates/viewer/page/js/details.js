// Everything about the selected span.

const details = $("details");
// From this width on the details stand beside the waterfall, below it they cover its lower half.
const detailsWide = matchMedia("(min-width: 1000px)");

/**
 * The header that continues this span: https://www.w3.org/TR/trace-context/#traceparent-header
 * It arrived here, so it was sampled, whether or not its sender says so in its flags.
 */
const traceparentOf = (span) => `00-${trace.id}-${span.span_id}-${(((span.flags ?? 0) & 0xff) | 1).toString(16).padStart(2, "0")}`;

let detailsOpen = detailsWide.matches;

function closeDetails() {
  detailsOpen = false;
  showDetails();
  waterfall.focus();
}

function openDetails() {
  detailsOpen = true;
  showDetails();
}

function showDetails() {
  const node = detailsOpen ? trace.selected : null;
  details.hidden = !node;
  // A trace that is still growing is read again and again; what has not changed is left to be read.
  const content = node && JSON.stringify([node.key, node.span, node.notes, node.children.length, node.critical, trace.tree.end]);
  if (details.content === content) return;
  details.content = content;
  if (!node) return details.replaceChildren();
  if (details.key !== node.key) details.scrollTop = 0;
  details.key = node.key;
  details.replaceChildren(...(node.span ? spanDetails(node) : gapDetails(node)));
}

const closeButton = () => el("button", { type: "button", class: "icon close", title: "Close (Esc)", "aria-label": "Close the details", onclick: closeDetails }, "×");

function gapDetails(gap) {
  return [
    el("header", {}, el("h2", {}, "Missing parent"), closeButton()),
    el("p", {}, `${plural(gap.children.length, "span")} ${gap.children.length === 1 ? "names" : "name"} `, copyButton(gap.missing, gap.missing, "span id"),
      " as parent, and no such span has arrived. It may still be running, belong to a service that does not push here, or have been dropped or sampled away."),
  ];
}

function spanDetails(node) {
  const { span } = node;
  return [
    el("header", { class: colourClass(span.service) },
      el("h2", {}, bdi(span.name)), closeButton(),
      el("p", { class: "facts" }, serviceChip(span.service), el("span", {}, KINDS[span.kind] ?? "internal"),
        span.status === "error" ? el("span", { class: "mark error" }, "error") : span.status === "ok" ? el("span", { class: "mark ok" }, "ok") : "")),
    span.message ? el("p", { class: span.status === "error" ? "message failed" : "message", dir: "auto" }, manyLines(span.message.slice(0, SHOWN))) : null,
    ...node.notes.map(({ kind, text }) => el("p", { class: kind === "late" ? "message" : "message odd" }, text)),
    span.cut ? el("p", { class: "message odd" }, "Some of it was over a bound, and was cut or left out when it arrived.") : null,
    times(node),
    attributeTable("Attributes", span.attributes, true),
    eventList(node),
    linkList(span.links),
    attributeTable("Resource", span.resource, false),
    ids(node),
  ].filter(Boolean);
}

const fact = (label, ...value) => el("div", {}, el("dt", {}, label), el("dd", {}, ...value));

function times(node) {
  const length = node.end - node.start;
  const path = onPath(node);
  return el("dl", { class: "times" },
    fact("Duration", duration(length)),
    fact("Starts at", `+${duration(node.start)}`),
    fact("Own time", duration(selfTime(node))),
    fact("Critical path", path ? `${duration(path)} · ${Math.round((path / trace.tree.end) * 100)} %` : "not on it"));
}

function ids(node) {
  const { span } = node;
  const parent = node.parent;
  return el("section", {}, el("h3", {}, "Context"),
    el("dl", { class: "ids" },
      fact("traceparent", copyButton(traceparentOf(span), traceparentOf(span), "traceparent")),
      span.trace_state ? fact("tracestate", copyButton(oneLine(span.trace_state, 512), span.trace_state, "tracestate")) : null,
      fact("Trace", copyButton(trace.id, trace.id, "trace id")),
      fact("Span", copyButton(oneLine(span.span_id, 32), span.span_id, "span id")),
      span.parent_id ? fact("Parent", copyButton(oneLine(span.parent_id, 32), span.parent_id, "parent id"),
        parent ? el("button", { type: "button", class: "quiet", onclick: () => selectSpan(parent) }, "go to it") : "") : null,
      fact("Came as", oneLine(span.source ?? "", 20))));
}

function eventList({ span, start }) {
  if (!span.events.length) return null;
  return el("section", {}, el("h3", {}, "Events ", el("span", { class: "dim" }, count(span.events.length))),
    ...listed(span.events, (event) => {
      const after = Number(toNanoseconds(event.time_ns) - trace.tree.base) - start;
      return el("div", { class: event.name === "exception" ? "happening failed" : "happening" },
        el("p", {}, bdi(event.name), el("span", { class: "dim num" }, after < 0 ? duration(after) : `+${duration(after)}`)),
        values(event.attributes));
    }));
}

function linkList(links) {
  if (!links.length) return null;
  return el("section", {}, el("h3", {}, "Links ", el("span", { class: "dim" }, count(links.length))),
    ...listed(links, (link) => {
      const well = /^[0-9a-f]{32}$/.test(link.trace_id);
      const span = /^[0-9a-f]{16}$/.test(link.span_id) ? link.span_id : "";
      const text = `${oneLine(link.trace_id, 32)} · ${oneLine(link.span_id, 16)}`;
      return el("div", { class: "happening" },
        well ? el("a", { class: "mono", href: linkTo({ view: "trace", id: link.trace_id, span }) }, text) : el("bdi", { class: "mono" }, text),
        values(link.attributes));
    }));
}

function attributeTable(title, attributes, open) {
  const size = Object.keys(attributes ?? {}).length;
  if (!size) return null;
  const section = el("details", { open }, el("summary", {}, el("h3", {}, `${title} `, el("span", { class: "dim" }, count(size)))), values(attributes));
  return section;
}
