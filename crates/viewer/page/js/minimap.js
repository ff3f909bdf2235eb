// The whole trace in one strip. Dragging over it chooses the stretch of time below.

class Minimap {
  constructor(canvas, shade, onchange) {
    Object.assign(this, { canvas, shade, tree: null, timeline: null });
    let from = null;
    const place = (event) => {
      const box = canvas.getBoundingClientRect();
      return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.timeline.whole;
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.timeline) return;
      canvas.setPointerCapture(event.pointerId);
      from = place(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const to = place(event);
      if (Math.abs(to - from) < this.timeline.whole / 200) return;
      this.timeline.set(Math.min(from, to), Math.max(from, to));
      onchange();
    });
    canvas.addEventListener("pointerup", () => (from = null));
    canvas.addEventListener("dblclick", () => {
      this.timeline.reset();
      onchange();
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
    themeListeners.push(() => this.draw());
  }

  draw() {
    const { canvas, tree, timeline } = this;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!tree || !width) return;
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    const colours = canvasColours();
    const pitch = Math.min(6, (height - 6) / tree.order.length);
    const thick = Math.max(1, pitch * 0.7);
    const line = (node) => {
      const x = (node.start / timeline.whole) * width;
      pen.fillRect(x, 3 + node.row * pitch, Math.max(1.2, ((node.end - node.start) / timeline.whole) * width), thick);
    };
    for (const node of tree.nodes) {
      pen.fillStyle = colours.services[slotOf(node.span.service)];
      line(node);
    }
    pen.fillStyle = colours.error;
    for (const node of tree.nodes) if (node.span.status === "error") line(node);
    this.shadeWindow();
  }

  shadeWindow() {
    const { timeline, shade } = this;
    shade.hidden = !timeline.zoomed;
    shade.style.left = `${(timeline.from / timeline.whole) * 100}%`;
    shade.style.width = `${((timeline.to - timeline.from) / timeline.whole) * 100}%`;
  }
}
