// Rows of one height, of which only those in sight exist: ten thousand cost as much as thirty.

const OVERSCAN = 6;

class VirtualRows {
  #pool = [];
  #stale = true;
  #asked = false;

  /** `make()` builds an empty row, `fill(row, index)` shows an entry in it. The height is CSS's `--row`. */
  constructor(viewport, make, fill) {
    Object.assign(this, { viewport, make, fill, count: 0, height: 28, onrange: null });
    this.sizer = el("div", { class: "sizer", role: "presentation" });
    viewport.append(this.sizer);
    viewport.addEventListener("scroll", () => this.#ask(), { passive: true });
    new ResizeObserver(() => this.#measure()).observe(viewport);
  }

  /** How many entries there are now. All rows in sight are filled again. */
  show(count) {
    this.count = count;
    this.sizer.style.height = `${count * this.height}px`;
    this.refresh();
  }

  refresh() {
    this.#stale = true;
    this.#ask();
  }

  /** Draws at once instead of with the next frame. */
  flush() {
    this.#draw();
  }

  get first() {
    return Math.floor(this.viewport.scrollTop / this.height);
  }

  get page() {
    return Math.max(1, Math.floor(this.viewport.clientHeight / this.height) - 1);
  }

  reveal(index, middle = false) {
    const { viewport, height } = this;
    const top = index * height;
    const bottom = top + height - viewport.clientHeight;
    if (middle && (viewport.scrollTop > top || viewport.scrollTop < bottom)) viewport.scrollTop = (top + bottom) / 2;
    else if (viewport.scrollTop > top) viewport.scrollTop = top;
    else if (viewport.scrollTop < bottom) viewport.scrollTop = bottom;
    this.#draw();
  }

  rowOf(index) {
    const row = this.#pool[index % this.#pool.length];
    return row?.index === index ? row.element : null;
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this.viewport).getPropertyValue("--row")) || 28;
    if (height !== this.height) {
      const first = this.viewport.scrollTop / this.height;
      this.height = height;
      this.sizer.style.height = `${this.count * height}px`;
      this.viewport.scrollTop = first * height;
    }
    this.refresh();
  }

  #ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#asked = false;
    const { viewport, height, count } = this;
    const visible = Math.ceil(viewport.clientHeight / height) + 1;
    if (!viewport.clientHeight) return;
    const size = visible + 2 * OVERSCAN;
    while (this.#pool.length < size) {
      const element = this.make();
      this.sizer.append(element);
      this.#pool.push({ element, index: -1 });
      this.#stale = true;
    }
    const pool = this.#pool;
    const first = Math.max(0, Math.min(this.first, count - visible) - OVERSCAN);
    const last = Math.min(count, first + pool.length);
    for (let index = first; index < first + pool.length; index++) {
      const row = pool[index % pool.length];
      if (index >= last) {
        row.element.hidden = true;
        row.index = -1;
      } else if (this.#stale || row.index !== index) {
        row.element.hidden = false;
        row.element.style.transform = `translateY(${index * height}px)`;
        row.index = index;
        this.fill(row.element, index);
      }
    }
    this.#stale = false;
    this.onrange?.(first, last);
  }
}
