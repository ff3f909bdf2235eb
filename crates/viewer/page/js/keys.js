// The keyboard. Typing in a field is left to the field.

const typing = (target) => target.closest?.("input:not([type=radio]), select, textarea") != null;

const everywhere = {
  "/": () => {
    if (route.view !== "list") go({ view: "list" });
    requestAnimationFrame(() => form.text.select());
  },
  "?": showHelp,
  1: () => go({ view: "list", selected: trace.id ?? "" }),
  2: () => go({ view: "tools" }),
  d: toggleTheme,
  p: () => setFollowing(!following),
};

function escape(target) {
  if (typing(target)) $("list").focus();
  else if (route.view === "trace" && !details.hidden) closeDetails();
  else if (route.view === "trace") go({ view: "list", selected: trace.id });
  else if (route.view === "tools") go({ view: "list" });
  else if (isFiltered(route.filter)) $("clear-filters").click();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const { key, target } = event;
  if (key === "Escape") escape(target);
  else if (typing(target)) {
    if (key !== "ArrowDown" || target !== form.text) return;
    grid.focus();
    selectTrace(0);
  } else if ((key === "Enter" || key === " ") && target.closest("button, a:not([role=row]), summary, label")) return;
  else if (details.contains(target) && /^(Page|Home|End|Arrow)/.test(key)) return;
  else if (target.type === "radio" && key.startsWith("Arrow")) return;
  else if (route.view === "list" && listKey(event)) grid.contains(document.activeElement) || grid.focus();
  else if (route.view === "trace" && waterfallKey(event)) details.contains(document.activeElement) || waterfall.focus();
  else if (everywhere[key]) everywhere[key]();
  else return;
  event.preventDefault();
});
