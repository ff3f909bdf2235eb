// Nothing to show: how to push a first trace, or that the filter lets none through.

const command = (text) => el("div", { class: "command" }, el("code", {}, text), copyButton("copy", text, "the command"));

function showEmpty(filtered) {
  const box = $("empty");
  const kind = filtered ? "filtered" : "first";
  if (box.dataset.kind === kind) return;
  box.dataset.kind = kind;
  const here = location.origin;
  box.replaceChildren(
    ...(filtered
      ? [el("h2", {}, "No trace passes this filter"), el("p", {}, "New ones that do will show up here as they arrive.")]
      : [
          el("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "mark-sign" },
            el("rect", { x: 1, y: 2, width: 14, height: 3, rx: 1.5 }),
            el("rect", { x: 3.5, y: 6.5, width: 10, height: 3, rx: 1.5 }),
            el("rect", { x: 6, y: 11, width: 6, height: 3, rx: 1.5 })),
          el("h2", {}, "Waiting for a first trace"),
          el("p", {}, "Push one from the demo, an agent with a tool server:"),
          command(`cargo run --example demo -- --push-url ${here}`),
          el("p", {}, "From your own program, in Rust:"),
          command(`mcp_trace_exporter::configure().service("my-agent").push_url("${here}").install()?`),
          el("p", {}, "Or from anything that speaks OTLP over HTTP, or is instrumented with Rastir:"),
          command(`export OTEL_EXPORTER_OTLP_ENDPOINT=${here} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf`),
          command(`export RASTIR_PUSH_URL=${here}`),
        ]),
  );
}
