// Light or dark: the system's choice, until the button says otherwise.

const THEME = "mcp-trace.theme";
const systemDark = matchMedia("(prefers-color-scheme: dark)");
const themeListeners = [];

const isDark = () => (document.documentElement.dataset.theme ?? (systemDark.matches ? "dark" : "light")) === "dark";

function setTheme(name) {
  if (name === "light" || name === "dark") document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  $("theme").setAttribute("aria-label", isDark() ? "Use light colours" : "Use dark colours");
  for (const listener of themeListeners) listener();
}

function toggleTheme() {
  const next = isDark() ? "light" : "dark";
  // What the system says anyway is not a choice.
  const choice = (next === "dark") === systemDark.matches ? "" : next;
  localStorage.setItem(THEME, choice);
  setTheme(choice);
}

$("theme").addEventListener("click", toggleTheme);
systemDark.addEventListener("change", () => setTheme(localStorage.getItem(THEME)));
setTheme(localStorage.getItem(THEME));
