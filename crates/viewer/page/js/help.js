// The keys and the signs, told by "?".

const KEYS = [
  ["Everywhere", [["1  2", "traces, tools"], ["/", "search, or open a traceparent"], ["p", "follow new traces, or not"], ["d", "light or dark"], ["?", "this help"], ["Esc", "close, back"]]],
  ["Lists", [["j  k  ↓  ↑", "move"], ["PgDn  PgUp", "move by a page"], ["Home  End", "first, last"], ["Enter", "open"]]],
  ["A trace", [["→  ←", "unfold, fold, to the parent"], ["f", "fold or unfold all"], ["e  E", "next, previous error"], ["c", "critical path"], ["y", "copy the traceparent"], ["+  −  0", "zoom in, out, whole trace"], ["z", "zoom to the span"], ["[  ]", "earlier, later"]]],
];

const SIGNS = [
  ["s4 server", "key", "a server's span"],
  ["s4 client", "key", "a caller's span"],
  ["s4 internal", "key", "work inside a service"],
  ["missing", "key", "a parent that has not arrived"],
  ["", "path-sign", "the critical path"],
  ["", "event", "an event during the span"],
];

function showHelp() {
  const dialog = $("help");
  if (!dialog.childElementCount) {
    dialog.append(
      el("h2", { id: "help-title" }, "Keys and signs"),
      el("div", { class: "keys" }, ...KEYS.map(([title, keys]) =>
        el("section", {}, el("h3", {}, title), el("dl", {}, ...keys.map(([key, what]) =>
          el("div", {}, el("dt", {}, ...key.split("  ").map((one) => el("kbd", {}, one))), el("dd", {}, what)))))),
        el("section", {}, el("h3", {}, "Signs"), el("dl", {}, ...SIGNS.map(([kind, sign, what]) =>
          el("div", {}, el("dt", { class: `sign ${kind}` }, el("i", { class: sign })), el("dd", {}, what)))))),
      el("p", { class: "dim" }, "Drag over the strip above a trace to zoom; Ctrl and the wheel zoom, Shift and the wheel move."),
      el("form", { method: "dialog", class: "actions" }, el("button", { type: "submit" }, "Close")));
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  if (!dialog.open) dialog.showModal();
}

$("help-button").addEventListener("click", showHelp);
