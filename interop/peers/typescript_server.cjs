"use strict";
/**
 * A server of the TypeScript SDK, which has no tracing of its own: OpenTelemetry's instrumentation of
 * `node:http` makes a span of each request from its header, and each tool one from `_meta`. It prints
 * `listening on URL` once it listens. `--mode` is session or stateless.
 */

const { parseArgs } = require("node:util");
const { exporting } = require("./otel_sdk.cjs");

const { values: args } = parseArgs({
  options: { collector: { type: "string" }, mode: { type: "string", default: "stateless" } },
});
const provider = exporting("tool-server", args.collector);

const { randomUUID } = require("node:crypto");
const { createServer } = require("node:http");
const { ROOT_CONTEXT, SpanKind, SpanStatusCode, propagation, trace } = require("@opentelemetry/api");
const { NodeStreamableHTTPServerTransport, toNodeHandler } = require("@modelcontextprotocol/node");
const { McpServer, createMcpHandler } = require("@modelcontextprotocol/server");
const { z } = require("zod");

const tracer = trace.getTracer("tools");

/** Runs a tool in a SERVER span below the context that its message carries. */
function traced(tool, work) {
  return async (given, ctx) => {
    const parent = propagation.extract(ROOT_CONTEXT, ctx.mcpReq._meta ?? {});
    const attributes = { "mcp.method.name": "tools/call", "gen_ai.tool.name": tool };
    const options = { kind: SpanKind.SERVER, attributes };
    return tracer.startActiveSpan(`tools/call ${tool}`, options, parent, async (span) => {
      const [text, isError] = await work(given);
      if (isError) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
      return { content: [{ type: "text", text }], isError };
    });
  };
}

function weather() {
  const server = new McpServer({ name: "weather-server", version: "1" });
  const about = { description: "Tells the weather", inputSchema: z.object({ city: z.string() }) };
  server.registerTool(
    "get_weather",
    about,
    traced("get_weather", async ({ city }) => [`22°C, sunny in ${city}`, false]),
  );
  server.registerTool(
    "fail",
    { description: "Always fails", inputSchema: z.object({}) },
    traced("fail", async () => ["this tool always fails", true]),
  );
  return server;
}

/** Sessions as clients before 2026-07-28 have them, one transport for each. */
function sessions() {
  const open = new Map();
  return async (request, response) => {
    let transport = open.get(request.headers["mcp-session-id"]);
    if (!transport) {
      transport = new NodeStreamableHTTPServerTransport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => void open.set(id, transport),
      });
      await weather().connect(transport);
    }
    await transport.handleRequest(request, response);
  };
}

const handle = args.mode === "session" ? sessions() : toNodeHandler(createMcpHandler(weather));
const server = createServer(handle);
server.listen(0, "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/mcp`);
});
process.on("SIGTERM", async () => {
  server.closeAllConnections();
  server.close();
  await provider.shutdown();
  process.exit(0);
});
