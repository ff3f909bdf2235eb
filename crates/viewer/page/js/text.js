// Whatever a span holds is shown as text: it becomes text nodes only, one-line texts stand in a <bdi>,
// and what cannot be seen, or would turn the text around it, is shown as a symbol.

const UNSEEN =
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

// Names instead of the pictures of U+2400: few fonts have those.
const CONTROLS =
  "NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");

function symbol(char) {
  const code = char.codePointAt(0);
  if (code < 0x20) return `‹${CONTROLS[code]}›`;
  if (code === 0x7f) return "‹DEL›";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}

/** Text of many lines: line ends and tabs stay. */
function manyLines(text) {
  return String(text)
    .replaceAll("\r\n", "\n")
    .replace(UNSEEN, (char) => (char === "\n" || char === "\t" ? char : symbol(char)));
}

/** Text for one line, cut at `most` characters. */
function oneLine(text, most = 240) {
  const whole = String(text);
  const cut = whole.length > most ? `${whole.slice(0, most)}…` : whole;
  return cut.replace(UNSEEN, symbol);
}

/** The name of something that may have none. */
function named(text) {
  return text === "" || text == null ? "(no name)" : oneLine(text);
}
