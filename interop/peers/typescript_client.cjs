"use strict";
/**
 * The client of the TypeScript SDK, which has no tracing of its own: OpenTelemetry's instrumentation of
 * `fetch` writes the context into the header. With `--meta yes` the application makes a CLIENT span per
 * call besides, and writes its context into `_meta`. `--sdk 1` takes the SDK before 2.
 */

const { parseArgs } = require("node:util");
const { exporting } = require("./otel_sdk.cjs");

const { values: args } = parseArgs({
  options: {
    url: { type: "string" },
    collector: { type: "string" },
    revision: { type: "string", default: "2026-07-28" },
    meta: { type: "string", default: "no" },
    sdk: { type: "string", default: "2" },
  },
});
const provider = exporting("my-agent", args.collector);

const { SpanKind, context, propagation, trace } = require("@opentelemetry/api");
const { Client, StreamableHTTPClientTransport } =
  args.sdk === "1"
    ? {
        ...require("@modelcontextprotocol/sdk/client/index.js"),
        ...require("@modelcontextprotocol/sdk/client/streamableHttp.js"),
      }
    : require("@modelcontextprotocol/client");

const CALLS = [
  ["get_weather", { city: "Tokyo" }],
  ["get_weather", { city: "Oslo" }],
  ["fail", {}],
];
const tracer = trace.getTracer("agent");

async function call(client, name, given) {
  if (args.meta !== "yes") return client.callTool({ name, arguments: given });
  const attributes = { "mcp.method.name": "tools/call", "gen_ai.tool.name": name };
  const options = { kind: SpanKind.CLIENT, attributes };
  return tracer.startActiveSpan(`tools/call ${name}`, options, async (span) => {
    const _meta = {};
    propagation.inject(context.active(), _meta);
    try {
      return await client.callTool({ name, arguments: given, _meta });
    } finally {
      span.end();
    }
  });
}

async function main() {
  await tracer.startActiveSpan("weather_agent", async (agent) => {
    const mode = args.revision === "legacy" ? "legacy" : { pin: args.revision };
    const client = new Client({ name: "agent", version: "1" }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(args.url)));
    for (const [tool, given] of CALLS) {
      const result = await call(client, tool, given);
      const trace_id = agent.spanContext().traceId;
      const line = { tool, trace_id, is_error: result.isError === true, answer: result.content[0].text };
      console.log(JSON.stringify(line));
    }
    await client.close();
    agent.end();
  });
  await provider.shutdown();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
