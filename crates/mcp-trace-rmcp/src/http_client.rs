//! rmcp's HTTP client, with the message's context in the headers as well.

use std::collections::HashMap;
use std::sync::Arc;

use futures_core::stream::BoxStream;
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_trace::carrier::{BaggageFilter, inject_headers};
use mcp_trace::{
    ActiveSpan, InTraceExt, Network, NetworkPeer, Operation, TraceContext, current_span,
};
use rmcp::RoleClient;
use rmcp::model::{ClientJsonRpcMessage, GetExtensions, JsonRpcMessage, MetaObject};
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
    StreamableHttpResponseLimits,
};
use sse_stream::Sse;

use crate::meta::{TRACESTATE, extract_from};
use crate::peer::call::set_request_id;
use crate::peer::client::listed;
use crate::role::Messages;

/// Repeats the context in a message's `_meta` in the headers of the HTTP request that
/// carries it, for servers and proxies that read only headers.
///
/// For rmcp's streamable HTTP transport, under [`wrap_mcp`](crate::wrap_mcp), which writes
/// `_meta`. Each message's headers come from that message alone, so concurrent calls cannot
/// mix, and a message without a valid context, the standing GET stream and DELETE carry none.
/// The inner client runs in the message's context, so that a tracing layer inside of it finds
/// the call traced already and makes no second span.
///
/// ```
/// use mcp_trace_rmcp::TracedHttpClient;
/// use rmcp::transport::streamable_http_client::{
///     StreamableHttpClient, StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
/// };
///
/// // For example a `reqwest::Client`, with rmcp's feature `transport-streamable-http-client-reqwest`.
/// fn transport<C: StreamableHttpClient + Sync>(client: C) -> StreamableHttpClientTransport<TracedHttpClient<C>> {
///     let config = StreamableHttpClientTransportConfig::with_uri("http://localhost:8000/mcp");
///     StreamableHttpClientTransport::with_client(TracedHttpClient::new(client), config)
/// }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TracedHttpClient<C> {
    inner: C,
}

impl<C> TracedHttpClient<C> {
    /// Wraps `inner`.
    pub const fn new(inner: C) -> Self {
        Self { inner }
    }

    /// The wrapped client.
    pub const fn inner(&self) -> &C {
        &self.inner
    }
}

type Headers = HashMap<HeaderName, HeaderValue>;
type Posted<C> =
    Result<StreamableHttpPostResponse, StreamableHttpError<<C as StreamableHttpClient>::Error>>;
type Opened<C> = Result<
    BoxStream<'static, Result<Sse, SseError>>,
    StreamableHttpError<<C as StreamableHttpClient>::Error>,
>;

impl<C: StreamableHttpClient> StreamableHttpClient for TracedHttpClient<C> {
    type Error = C::Error;

    fn post_message(
        &self,
        uri: Arc<str>,
        mut message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        mut custom_headers: Headers,
    ) -> impl Future<Output = Posted<C>> + Send + '_ {
        let scope = mirror(&uri, &mut message, &mut custom_headers);
        self.inner
            .post_message(uri, message, session_id, auth_header, custom_headers)
            .in_trace(scope)
    }

    fn post_message_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        mut message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        mut custom_headers: Headers,
        max_sse_event_size: usize,
    ) -> impl Future<Output = Posted<C>> + Send + '_ {
        let scope = mirror(&uri, &mut message, &mut custom_headers);
        self.inner
            .post_message_with_max_sse_event_size(
                uri,
                message,
                session_id,
                auth_header,
                custom_headers,
                max_sse_event_size,
            )
            .in_trace(scope)
    }

    fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        mut message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        mut custom_headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> impl Future<Output = Posted<C>> + Send + '_ {
        let scope = mirror(&uri, &mut message, &mut custom_headers);
        self.inner
            .post_message_with_response_limits(
                uri,
                message,
                session_id,
                auth_header,
                custom_headers,
                limits,
            )
            .in_trace(scope)
    }

    fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        custom_headers: Headers,
    ) -> impl Future<Output = Result<(), StreamableHttpError<C::Error>>> + Send + '_ {
        self.inner
            .delete_session(uri, session_id, auth_header, custom_headers)
    }

    fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: Headers,
    ) -> impl Future<Output = Opened<C>> + Send + '_ {
        self.inner
            .get_stream(uri, session_id, last_event_id, auth_header, custom_headers)
    }

    fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        custom_headers: Headers,
        max_sse_event_size: usize,
    ) -> impl Future<Output = Opened<C>> + Send + '_ {
        self.inner.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            custom_headers,
            max_sse_event_size,
        )
    }
}

/// Copies the message's context into the headers; what the inner client runs under.
fn mirror(
    uri: &str,
    message: &mut ClientJsonRpcMessage,
    headers: &mut Headers,
) -> Option<Arc<ActiveSpan>> {
    let Some(context) = sent_context(message) else {
        return current_span();
    };
    let mut carrier = HeaderMap::with_capacity(2);
    inject_headers(&context, &BaggageFilter::none(), &mut carrier);
    headers.remove(&HeaderName::from_static(TRACESTATE));
    headers.extend(
        carrier
            .into_iter()
            .filter_map(|(name, value)| Some((name?, value))),
    );
    match sent_span(message, &context) {
        Some(span) => {
            span.update_operation(|operation| {
                if let Operation::Mcp(call) = operation {
                    call.network = network(uri);
                }
            });
            Some(span)
        }
        None => Some(ActiveSpan::propagating(Some(context))),
    }
}

/// The span that [`wrap_mcp`](crate::wrap_mcp) has left with the message, or that it has open for a
/// message that rmcp made: it did not know which way the message would take.
fn sent_span(message: &ClientJsonRpcMessage, context: &TraceContext) -> Option<Arc<ActiveSpan>> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    if let Some(span) = request.request.extensions().get() {
        return Some(Arc::clone(span));
    }
    let span = listed::find(context)?;
    set_request_id(&span, &request.id);
    Some(span)
}

fn network(uri: &str) -> Network {
    let Ok(uri) = uri.parse::<http::Uri>() else {
        return Network::default();
    };
    let encrypted = uri.scheme() == Some(&http::uri::Scheme::HTTPS);
    let mut network = Network::http(http::Version::HTTP_11);
    if encrypted {
        // The two sides agree on a version while they connect.
        network.http_version = None;
    }
    network.peer = uri.host().map(|host| {
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        NetworkPeer::new(host, Some(port))
    });
    network
}

fn sent_context(message: &mut ClientJsonRpcMessage) -> Option<TraceContext> {
    let meta: &MetaObject = match message {
        JsonRpcMessage::Request(request) => RoleClient::request_meta(&mut request.request),
        JsonRpcMessage::Notification(notification) => {
            RoleClient::notification_meta(&mut notification.notification)
        }
        _ => return None,
    };
    extract_from(meta, &BaggageFilter::none()).into_context()
}

#[cfg(test)]
mod tests {
    use rmcp::model::{CallToolRequest, CallToolRequestParams, NumberOrString, RequestParamsMeta};

    use super::*;

    #[test]
    fn headers_of_another_trace_do_not_stay_beside_ours() {
        let mut params = CallToolRequestParams::new("t");
        params.set_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-01");
        let request = CallToolRequest::new(params).into();
        let mut message = ClientJsonRpcMessage::request(request, NumberOrString::Number(1));
        let header = |name| HeaderName::from_static(name);
        let mut headers = Headers::from_iter([
            (
                header("traceparent"),
                HeaderValue::from_static("00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01"),
            ),
            (
                header("tracestate"),
                HeaderValue::from_static("vendor=theirs"),
            ),
            (header("x-api-key"), HeaderValue::from_static("k")),
        ]);
        assert!(mirror("http://localhost/mcp", &mut message, &mut headers).is_some());
        assert_eq!(headers.len(), 2);
        assert!(
            headers[&header("traceparent")]
                .to_str()
                .unwrap()
                .contains("b7ad6b7169203331")
        );
        assert_eq!(headers[&header("x-api-key")], "k");
    }
}
