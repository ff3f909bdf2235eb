// Copies a text. The clipboard's API is there on loopback and HTTPS only, the old command everywhere.

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  toast(`Copied ${what}`);
}

function copyButton(label, text, what = label) {
  return el(
    "button",
    { type: "button", class: "copy", title: `Copy ${what}`, "aria-label": `Copy ${what}`, onclick: () => copy(text, what) },
    label,
  );
}
