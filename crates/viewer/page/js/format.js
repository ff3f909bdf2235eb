// Numbers and times as people read them.

const UNITS = [
  [1e9, "s"],
  [1e6, "ms"],
  [1e3, "µs"],
  [1, "ns"],
];

/** Three significant digits without an exponent; a whole number without its zeros. */
function digits(value) {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 99.95 ? 0 : size >= 9.995 ? 1 : 2);
  return Number.isInteger(Number(text)) ? String(Number(text)) : text;
}

// 999.96 ms is read as 1 s.
const unitOf = (ns) => UNITS.find(([size]) => ns >= size * 0.9995) ?? UNITS.at(-1);

function duration(ns) {
  if (!Number.isFinite(ns)) return "–";
  if (ns < 0) return `−${duration(-ns)}`;
  if (ns >= 3600e9) return `${Math.floor(ns / 3600e9)} h ${String(Math.floor((ns % 3600e9) / 60e9)).padStart(2, "0")} min`;
  if (ns >= 60e9) return `${Math.floor(ns / 60e9)} min ${String(Math.floor((ns % 60e9) / 1e9)).padStart(2, "0")} s`;
  const [size, unit] = unitOf(ns);
  return `${digits(ns / size)} ${unit}`;
}

/** What a person types as a duration, in milliseconds: "200", "200ms", "1.5 s", "80us". */
function parseDuration(text) {
  const found = /^\s*(\d+(?:[.,]\d+)?)\s*(ns|us|µs|ms|s|m|min|h)?\s*$/i.exec(text);
  if (!found) return null;
  const scale = { ns: 1e-6, us: 1e-3, "µs": 1e-3, ms: 1, s: 1e3, m: 6e4, min: 6e4, h: 36e5 };
  return Number(found[1].replace(",", ".")) * scale[(found[2] ?? "ms").toLowerCase()];
}

const count = (n) => Number(n ?? 0).toLocaleString("en").replaceAll(",", "\u202f");
const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

function bytes(n) {
  for (const [size, unit] of [[2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"]]) {
    if (n >= size) return `${digits(n / size)} ${unit}`;
  }
  return `${n} B`;
}

const two = (n) => String(n).padStart(2, "0");

function clock(ms, fraction = false) {
  const t = new Date(ms);
  const time = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
  return fraction ? `${time}.${String(t.getMilliseconds()).padStart(3, "0")}` : time;
}

function day(ms) {
  const t = new Date(ms);
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}`;
}

function ago(ms, now = Date.now()) {
  const s = Math.round((now - ms) / 1000);
  if (s < -2) return "in the future";
  if (s < 2) return "just now";
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (day(ms) === day(now)) return `${Math.floor(s / 3600)} h ago`;
  return day(ms);
}
