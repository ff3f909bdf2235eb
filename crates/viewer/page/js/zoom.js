// Zooming into the waterfall with the wheel, and moving the border between names and times.

function zoomTo(node) {
  const room = (node.end - node.start) * 0.1;
  trace.timeline.set(node.start - room, node.end + room);
  drawTimes();
}

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

// The border between names and times.
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
