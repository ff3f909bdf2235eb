// A service keeps its colour while the page is open: chosen by its name, or the next free one where two names
// meet. There are fewer colours than services may be, so a view may still move some of its own apart.

const SLOTS = 10;
const MOST = 1000;
const slots = new Map();
let moved = new Map();

function byName(service) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < service.length && i < 64; i++) hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % SLOTS;
}

/** The first slot from `slot` on that is not taken; all are tried. */
function freeSlot(slot, taken) {
  for (let i = 0; i < SLOTS && taken.has(slot); i++) slot = (slot + 3) % SLOTS;
  return slot;
}

function ownSlot(service) {
  let slot = slots.get(service);
  if (slot === undefined) {
    slot = byName(service);
    if (slots.size < SLOTS) slot = freeSlot(slot, new Set(slots.values()));
    if (slots.size < MOST) slots.set(service, slot);
  }
  return slot;
}

/** Keeps the services of a view apart; the first of them choose first. */
function assignColours(services) {
  moved = new Map();
  const taken = new Set();
  for (const service of services.slice(0, SLOTS)) {
    const slot = freeSlot(ownSlot(service), taken);
    taken.add(slot);
    moved.set(service, slot);
  }
}

const slotOf = (service) => moved.get(service) ?? ownSlot(service);
const colourClass = (service) => `s${slotOf(service)}`;

/** The colours as a canvas needs them. */
function canvasColours() {
  const probe = el("i", { class: "probe" });
  document.body.append(probe);
  const colourOf = (name) => {
    probe.className = `probe ${name}`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    services: Array.from({ length: SLOTS }, (_, slot) => colourOf(`s${slot}`)),
    error: colourOf("error"),
    ink: colourOf("ink"),
  };
  probe.remove();
  return colours;
}

const serviceChip = (service) => el("span", { class: `service ${colourClass(service)}` }, el("i"), bdi(service || "unknown service"));
