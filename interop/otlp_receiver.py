"""An OTLP/HTTP trace receiver made of the official `opentelemetry-proto` classes.

It takes protobuf and JSON, plain or gzip, and is strict: what the OTLP specification forbids is
refused with 400 and kept in `problems`. As a program it prints every span that arrives:

    python otlp_receiver.py [PORT]
"""

import base64
import gzip
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from spans import Span, attributes_of, from_otlp

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class OtlpReceiver:
    """Listens on a free loopback port while inside `with`."""

    def __init__(self, port: int = 0, on_span=None):
        self.problems: list[str] = []
        self.seen: set[tuple[str, str, str]] = set()
        """Who sent what: service name, content type, content encoding."""
        self._on_span = on_span
        self._spans: list[Span] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "OtlpReceiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self, trace_id: str) -> list[Span]:
        """The spans of a trace that have arrived so far."""
        with self._lock:
            return [span for span in self._spans if span.trace_id == trace_id]

    def take(self, content_type: str, encoding: str, body: bytes) -> None:
        """Decodes a request and keeps its spans; raises ValueError if it breaks the protocol."""
        try:
            if encoding == "gzip":
                body = gzip.decompress(body)
            elif encoding:
                raise ValueError(f"content-encoding {encoding!r}")
            request = _decode(content_type, body)
            for resource_spans in request.resource_spans:
                resource = attributes_of(resource_spans.resource.attributes)
                for scope_spans in resource_spans.scope_spans:
                    for raw in scope_spans.spans:
                        self._keep(raw, resource, content_type, encoding)
        except ValueError as error:
            self.problems.append(f"{content_type}: {error}")
            raise
        except Exception as error:
            self.problems.append(f"{content_type}: {error!r}")
            raise ValueError(repr(error)) from error

    def _keep(self, raw, resource: dict, content_type: str, encoding: str) -> None:
        if len(raw.trace_id) != 16 or not any(raw.trace_id):
            raise ValueError(f"trace id {raw.trace_id.hex()!r}")
        if len(raw.span_id) != 8 or not any(raw.span_id):
            raise ValueError(f"span id {raw.span_id.hex()!r}")
        if len(raw.parent_span_id) not in (0, 8):
            raise ValueError(f"parent span id {raw.parent_span_id.hex()!r}")
        if not 0 < raw.start_time_unix_nano <= raw.end_time_unix_nano:
            raise ValueError(f"times of span {raw.name!r}")
        span = from_otlp(raw, resource)
        with self._lock:
            self._spans.append(span)
            self.seen.add((span.service, content_type, encoding or "identity"))
        if self._on_span:
            self._on_span(span)


def _decode(content_type: str, body: bytes) -> ExportTraceServiceRequest:
    if content_type == PROTOBUF:
        return ExportTraceServiceRequest.FromString(body)
    if content_type != JSON:
        raise ValueError("neither protobuf nor JSON")
    tree = json.loads(body)
    _check_json(tree)
    return json_format.ParseDict(tree, ExportTraceServiceRequest())


def _check_json(node, key: str = "") -> None:
    """OTLP's JSON is stricter than protobuf's, and has its ids in hex where protobuf has base64."""
    if isinstance(node, list):
        for item in node:
            _check_json(item, key)
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if "_" in name:
            raise ValueError(f"{name!r} is not in lowerCamelCase")
        if name in ("traceId", "spanId", "parentSpanId"):
            node[name] = base64.b64encode(bytes.fromhex(value)).decode()
        elif name == "kind" or (key == "status" and name == "code"):
            if type(value) is not int:
                raise ValueError(f"the enum {name!r} is {value!r}, not an integer")
        else:
            _check_json(value, name)


def _handler(receiver: OtlpReceiver) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                body = self._chunks()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content_type = self.headers.get_content_type()
            if self.path != "/v1/traces":
                receiver.problems.append(f"POST {self.path}")
                return self._answer(404, "text/plain", b"only /v1/traces is here")
            try:
                receiver.take(content_type, self.headers.get("Content-Encoding", ""), body)
            except ValueError as error:
                return self._answer(400, "text/plain", str(error).encode())
            empty = ExportTraceServiceResponse().SerializeToString()
            self._answer(200, content_type, b"{}" if content_type == JSON else empty)

        def _chunks(self) -> bytes:
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def _answer(self, status: int, content_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_) -> None:
            pass

    return Handler


if __name__ == "__main__":
    with OtlpReceiver(int(sys.argv[1]) if len(sys.argv) > 1 else 4318, on_span=print) as listening:
        print(f"listening on {listening.url}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass
