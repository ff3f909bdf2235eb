// The stretch of time that is on the screen, and its ruler.

class Timeline {
  constructor(end) {
    this.whole = Math.max(1, end);
    this.reset();
  }

  reset() {
    this.from = 0;
    this.to = this.whole;
  }

  get zoomed() {
    return this.from > 0 || this.to < this.whole;
  }

  /** Where a time is, from 0 to 1 across the lane. */
  at(time) {
    return (time - this.from) / (this.to - this.from);
  }

  set(from, to) {
    const least = Math.max(10, this.whole / 1e7);
    const width = Math.min(this.whole, Math.max(least, to - from));
    this.from = Math.min(Math.max(0, from), this.whole - width);
    this.to = this.from + width;
  }

  /** Zooms by `factor` around a place of the lane, from 0 to 1. */
  zoom(factor, place = 0.5) {
    const width = this.to - this.from;
    const centre = this.from + width * place;
    this.set(centre - width * factor * place, centre + width * factor * (1 - place));
  }

  pan(share) {
    const width = this.to - this.from;
    this.set(this.from + width * share, this.to + width * share);
  }

  /** Round times, about one in 110 pixels. */
  ticks(pixels) {
    const least = ((this.to - this.from) * 110) / Math.max(200, pixels);
    const power = 10 ** Math.floor(Math.log10(least));
    const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= least);
    const ticks = [];
    for (let time = Math.ceil(this.from / step) * step; time <= this.to && ticks.length < 40; time += step) ticks.push(time);
    return ticks;
  }

  drawRuler(ruler) {
    const ticks = this.ticks(ruler.clientWidth);
    const [size, unit] = unitOf(this.to);
    // As many digits as tell two ticks apart.
    const step = (ticks[1] - ticks[0]) / size;
    const places = step < 1 ? Math.ceil(-Math.log10(step) - 1e-9) : 0;
    ruler.replaceChildren(
      ...ticks.map((time) => {
        const place = this.at(time);
        const tick = el("span", { class: place > 0.93 ? "tick last" : "tick" }, time === 0 ? "0" : `${(time / size).toFixed(places)} ${unit}`);
        tick.style.left = `${place * 100}%`;
        return tick;
      }),
    );
    return ticks.map((time) => this.at(time));
  }
}
