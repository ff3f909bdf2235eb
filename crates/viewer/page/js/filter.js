// The filter: its form, and whether a summary that came live passes it.

const form = $("filters");

const isFiltered = (filter) => FILTERS.some((name) => filter[name]);

/** `null`: only the server can say, since it alone searches attributes. */
function passes(summary, filter) {
  if (filter.service && !summary.services.includes(filter.service)) return false;
  if (filter.tool && !summary.tools.includes(filter.tool)) return false;
  if (filter.status === "error" && !summary.errors) return false;
  if (filter.status === "ok" && summary.errors) return false;
  if (filter.min_ms && summary.duration_ms < Number(filter.min_ms)) return false;
  if (filter.max_ms && summary.duration_ms > Number(filter.max_ms)) return false;
  if (!filter.text) return true;
  const text = filter.text.toLowerCase();
  const own = [summary.root, summary.trace_id, ...summary.services, ...summary.tools];
  return own.some((value) => value.toLowerCase().includes(text)) || null;
}

function fillSelect(select, all, names, chosen) {
  const wanted = [...new Set(chosen ? [...names, chosen] : names)].sort();
  if (select.dataset.names !== JSON.stringify(wanted)) {
    select.dataset.names = JSON.stringify(wanted);
    select.replaceChildren(
      el("option", { value: "" }, all),
      ...wanted.map((name) => el("option", { value: name, dir: "auto" }, oneLine(name, 60))),
    );
  }
  select.value = chosen;
}

/** Shows a filter in the form. What is being typed is left alone. */
function showFilter(filter, services, tools) {
  fillSelect(form.service, "All services", services, filter.service);
  fillSelect(form.tool, "All tools", tools, filter.tool);
  for (const radio of form.elements.status) radio.checked = radio.value === filter.status;
  for (const name of ["text", "min_ms", "max_ms"]) {
    const input = form.elements[name];
    if (input === document.activeElement) continue;
    input.value = name === "text" || !filter[name] ? filter[name] : duration(Number(filter[name]) * 1e6);
    input.removeAttribute("aria-invalid");
  }
  $("clear-filters").hidden = !isFiltered(filter);
}

function readFilter() {
  const filter = {
    text: form.text.value.trim(),
    service: form.service.value,
    tool: form.tool.value,
    status: form.elements.status.value,
  };
  for (const name of ["min_ms", "max_ms"]) {
    const input = form.elements[name];
    const value = input.value.trim() ? parseDuration(input.value) : "";
    input.toggleAttribute("aria-invalid", value === null);
    filter[name] = value === null || value === "" ? "" : String(value);
  }
  return filter;
}

/** The trace, and the span, that a pasted id or traceparent names. */
function idsIn(text) {
  const found = /^(?:[0-9a-f]{2}-)?([0-9a-f]{32})(?:-([0-9a-f]{16})(?:-[0-9a-f]{2})?)?$/i.exec(text.trim());
  return found && { id: found[1].toLowerCase(), span: (found[2] ?? "").toLowerCase() };
}

/** Calls `onchange(filter)` when the person changes the form; typing is waited for. */
function watchFilter(onchange) {
  let timer;
  const changed = (wait) => {
    clearTimeout(timer);
    timer = setTimeout(() => onchange(readFilter()), wait);
  };
  form.addEventListener("input", (event) => changed(event.target.matches("input:not([type=radio])") ? 200 : 0));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(timer);
    const named = idsIn(form.text.value);
    if (named) {
      form.text.value = "";
      note({ filter: readFilter() });
      return go({ view: "trace", ...named });
    }
    changed(0);
    $("list").focus();
  });
  $("clear-filters").addEventListener("click", () => {
    form.reset();
    form.service.value = form.tool.value = "";
    changed(0);
    form.text.focus();
  });
}
