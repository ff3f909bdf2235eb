// One span as a bar in its lane.

const percent = (share) => `${(share * 100).toFixed(3)}%`;

function makeLane() {
  return el("div", { role: "gridcell", class: "lane" },
    el("i", { class: "bar" }), el("i", { class: "path" }), el("span", { class: "took" }), el("span", { class: "events" }));
}

// Room for a duration beside its bar, in pixels.
const LABEL = 66;

function fillLane(lane, node, { timeline, width, showPath }) {
  const [bar, path, took, events] = lane.children;
  const from = Math.max(-0.01, timeline.at(node.start));
  const to = Math.min(1.01, timeline.at(node.end));
  const outside = to < 0 || from > 1;
  lane.classList.toggle("outside", outside);
  bar.hidden = outside;
  bar.style.left = percent(from);
  bar.style.width = percent(Math.max(0, to - from));
  drawPath(path, node, timeline, showPath && !outside);
  drawEvents(events, node, timeline);
  const length = duration(node.end - node.start);
  if (outside) {
    say(took, to < 0 ? `← ${length}` : `${length} →`);
    took.className = to < 0 ? "took start" : "took end";
    took.style.left = took.style.right = "";
    return;
  }
  say(took, length);
  // Behind the bar where there is room, else before it, else on it.
  const behind = (1 - to) * width > LABEL;
  const before = !behind && from * width > LABEL;
  took.className = behind || before ? "took" : "took on";
  took.style.left = behind ? percent(Math.max(0, to)) : "";
  took.style.right = behind ? "" : before ? percent(1 - from) : percent(Math.max(0, 1 - to));
}

/** The stretches on the critical path, as one background: a span may have thousands. */
function drawPath(path, node, timeline, shown) {
  const stretches = shown ? node.critical : null;
  path.hidden = !stretches?.length;
  if (path.hidden) return;
  const parts = [];
  let last = null;
  for (let i = stretches.length - 1; i >= 0; i--) {
    const from = Math.max(0, timeline.at(stretches[i][0]));
    const to = Math.min(1, Math.max(timeline.at(stretches[i][1]), from + 0.0015));
    if (to < 0 || from > 1) continue;
    if (last && from - last[1] < 0.001) last[1] = Math.max(last[1], to);
    else parts.push((last = [from, to]));
  }
  const stops = parts.flatMap(([from, to]) => [
    `transparent ${percent(from)}`, `currentColor ${percent(from)}`, `currentColor ${percent(to)}`, `transparent ${percent(to)}`,
  ]);
  path.style.background = stops.length ? `linear-gradient(90deg, ${stops.join(", ")})` : "none";
}

function drawEvents(box, node, timeline) {
  const events = (node.span?.events ?? []).slice(0, 50);
  if (!events.length && !box.childElementCount) return;
  box.replaceChildren(
    ...events.flatMap((event) => {
      const place = timeline.at(Number(toNanoseconds(event.time_ns) - trace.tree.base));
      if (place < 0 || place > 1) return [];
      const dot = el("i", { class: event.name === "exception" ? "event error" : "event", title: named(event.name) });
      dot.style.left = percent(place);
      return [dot];
    }),
  );
}
