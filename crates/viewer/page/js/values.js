// Attribute values: long ones are folded, those that hold JSON can be read as such.

const SHOWN = 600;
// What a browser lays out without a pause. The copy button has all of it.
const LAID_OUT = 50_000;

// So many of one kind are laid out at most.
const LISTED = 300;

/** What `draw` makes of the first entries, and how many more there are. */
function listed(entries, draw) {
  const more = entries.length - LISTED;
  return [...entries.slice(0, LISTED).map(draw), more > 0 ? el("div", { class: "dim" }, `and ${count(more)} more`) : ""];
}

function values(attributes) {
  const entries = Object.entries(attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return el("dl", { class: "values" },
    ...listed(entries, ([key, value]) => el("div", {}, el("dt", {}, bdi(key)), el("dd", {}, shownValue(value, key)))));
}

const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Indented, if the text is a JSON object or array. */
function indented(text) {
  if (!/^\s*[[{]/.test(text) || text.length > 4 * LAID_OUT) return null;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null;
  }
}

function shownValue(value, key) {
  const text = asText(value) ?? "";
  if (text === "") return el("span", { class: "dim" }, "empty");
  const kind = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  const body = el("span", { class: `value ${kind}`, dir: "auto" });
  const buttons = el("span", { class: "value-tools" }, copyButton("copy", text, oneLine(key, 60)));
  const show = (whole) => {
    const cut = whole ? LAID_OUT : SHOWN;
    body.textContent = manyLines(text.slice(0, cut)) + (text.length > cut ? "…" : "");
  };
  show(false);
  if (text.length > SHOWN) {
    const more = el("button", { type: "button", class: "quiet", onclick: () => (show(true), more.remove()) }, `show ${count(Math.min(text.length, LAID_OUT))} of ${count(text.length)} characters`);
    buttons.prepend(more);
  }
  const pretty = typeof value === "string" ? indented(text) : null;
  if (pretty !== null) {
    const format = el("button", { type: "button", class: "quiet", onclick: () => {
      body.textContent = manyLines(pretty.slice(0, LAID_OUT));
      body.classList.add("json");
      format.remove();
    } }, "as JSON");
    buttons.prepend(format);
  }
  return [body, buttons];
}
