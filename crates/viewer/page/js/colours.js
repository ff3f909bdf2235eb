// A service's colour comes from its name, so that it is the same in each view and after each start. Where two
// services of one view would meet in a colour, the one with less to show takes the next free one.

const SLOTS = 10;
let assigned = new Map();

function ownSlot(service) {
  let hash = 0x811c9dc5;
  for (let i = 0; i < service.length && i < 64; i++) hash = Math.imul(hash ^ service.charCodeAt(i), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % SLOTS;
}

/** Keeps the services of a view apart; the first of them choose first. */
function assignColours(services) {
  assigned = new Map();
  const taken = new Set();
  for (const service of services.slice(0, SLOTS)) {
    let slot = ownSlot(service);
    while (taken.has(slot)) slot = (slot + 3) % SLOTS;
    taken.add(slot);
    assigned.set(service, slot);
  }
}

const slotOf = (service) => assigned.get(service) ?? ownSlot(service);
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
