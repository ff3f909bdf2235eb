"""The OpenTelemetry SDK as an application sets it up."""

from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


@contextmanager
def exporting(service: str, collector: str):
    """The process default tracer provider, sending to `collector`; flushed at the end."""
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=f"{collector}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=500))
    trace.set_tracer_provider(provider)
    try:
        yield provider
    finally:
        provider.shutdown()


@contextmanager
def agent(name: str):
    """A root span of the application; gives its trace id in hex."""
    with trace.get_tracer("agent").start_as_current_span(name) as span:
        yield format(span.get_span_context().trace_id, "032x")
