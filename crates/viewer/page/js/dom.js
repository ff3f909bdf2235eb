// Elements are built here, and only here: attributes from this page's code, texts as text nodes.

const $ = (id) => document.getElementById(id);

const SVG = new Set(["svg", "rect", "path", "circle"]);

function el(tag, attributes = {}, ...children) {
  const element = SVG.has(tag)
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A text of a span in one line, unable to turn the text around it. */
const bdi = (text, attributes = {}) => el("bdi", attributes, named(text));

/** Sets a text only where it changed: most rows of a list say the same again. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let toastTimer;
function toast(text) {
  const box = $("toast");
  box.textContent = text;
  box.classList.add("shown");
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => box.classList.remove("shown"), 1600);
}
