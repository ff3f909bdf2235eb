"use strict";
/** The OpenTelemetry SDK for JavaScript as an application sets it up. Loaded before what it instruments. */

const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { registerInstrumentations } = require("@opentelemetry/instrumentation");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { UndiciInstrumentation } = require("@opentelemetry/instrumentation-undici");
const { resourceFromAttributes } = require("@opentelemetry/resources");
const { BatchSpanProcessor, NodeTracerProvider } = require("@opentelemetry/sdk-trace-node");

/** The process default tracer provider, sending to `collector`, with spans of HTTP on both sides. */
exports.exporting = (service, collector) => {
  const exporter = new OTLPTraceExporter({ url: `${collector}/v1/traces` });
  const provider = new NodeTracerProvider({
    resource: resourceFromAttributes({ "service.name": service }),
    spanProcessors: [new BatchSpanProcessor(exporter, { scheduledDelayMillis: 500 })],
  });
  provider.register();
  registerInstrumentations({
    // `fetch` of Node, and `node:http`.
    instrumentations: [new UndiciInstrumentation(), new HttpInstrumentation()],
  });
  return provider;
};
