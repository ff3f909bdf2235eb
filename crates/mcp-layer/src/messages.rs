//! Services that take messages in another form than HTTP.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::HeaderMap;
use mcp_trace::carrier::extract_headers;
use mcp_trace::{ActiveSpan, End, McpCall, Outcome, Scope, SpanGuard};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use crate::config::Config;
use crate::exchange::Incoming;
use crate::service::context_in;
use crate::stats::Reason;

/// How to read the messages of a Tower service that does not speak HTTP, such as one behind a
/// channel; see [`McpServerTraceLayer::messages`](crate::McpServerTraceLayer::messages).
///
/// The context of the caller is where MCP puts it: in `params._meta`, or in the headers of whatever
/// brought the message.
///
/// ```
/// use mcp_layer::MessageFormat;
/// use mcp_trace::{McpCall, Method, Outcome, SpanKind, Text};
/// use serde_json::Value;
///
/// #[derive(Clone)]
/// struct Json;
///
/// impl MessageFormat for Json {
///     type Message = Value;
///     type Answer = Value;
///
///     fn call(&self, message: &Value) -> McpCall {
///         let mut call = McpCall::new(Method::parse(message["method"].as_str().unwrap_or_default()));
///         let params = &message["params"];
///         call.set_target(params["name"].as_str(), params["uri"].as_str());
///         call.request_id = message.get("id").map(|id| Text::new(&id.to_string()));
///         call
///     }
///
///     fn meta<'m>(&self, message: &'m Value, key: &str) -> Option<&'m str> {
///         message["params"]["_meta"][key].as_str()
///     }
///
///     fn outcome(&self, answer: &Value) -> Outcome {
///         if let Some(code) = answer["error"]["code"].as_i64() {
///             let message = answer["error"]["message"].as_str();
///             return Outcome::rpc_error(SpanKind::Server, code, message.unwrap_or_default());
///         }
///         match answer["result"]["isError"] {
///             Value::Bool(true) => Outcome::tool_error(),
///             _ => Outcome::default(),
///         }
///     }
/// }
/// ```
pub trait MessageFormat {
    /// A JSON-RPC request or notification.
    type Message;
    /// What the service answers.
    type Answer;

    /// What the message is about; what it does not know stays empty.
    fn call(&self, message: &Self::Message) -> McpCall;

    /// A member of the message's `params._meta`, if it is a string. Asked for `traceparent`,
    /// `tracestate` and `baggage`.
    fn meta<'m>(&self, message: &'m Self::Message, key: &str) -> Option<&'m str>;

    /// The headers that the message came with. Defaults to none.
    fn headers<'m>(&self, message: &'m Self::Message) -> Option<&'m HeaderMap> {
        let _ = message;
        None
    }

    /// Leaves the span with the message, for a handler that runs in a task of its own. Defaults to
    /// doing nothing: inside of its own future the service finds it with
    /// [`mcp_trace::current_span`].
    fn attach(&self, message: &mut Self::Message, span: &Arc<ActiveSpan>) {
        let _ = (message, span);
    }

    /// How it went, as the answer says: see [`Outcome::rpc_error`] and [`Outcome::tool_error`].
    fn outcome(&self, answer: &Self::Answer) -> Outcome;
}

/// Traces services that take messages in another form than HTTP; see
/// [`McpServerTraceLayer::messages`](crate::McpServerTraceLayer::messages).
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct MessagesLayer<F> {
    config: Arc<Config>,
    format: F,
}

impl<F> MessagesLayer<F> {
    pub(crate) fn new(config: Arc<Config>, format: F) -> Self {
        Self { config, format }
    }
}

impl<S, F: Clone> Layer<S> for MessagesLayer<F> {
    type Service = Messages<S, F>;

    fn layer(&self, inner: S) -> Messages<S, F> {
        Messages {
            inner,
            config: self.config.clone(),
            format: self.format.clone(),
        }
    }
}

/// The service of [`MessagesLayer`].
#[derive(Clone, Debug)]
pub struct Messages<S, F> {
    inner: S,
    config: Arc<Config>,
    format: F,
}

impl<S, F> Service<F::Message> for Messages<S, F>
where
    F: MessageFormat + Clone,
    S: Service<F::Message, Response = F::Answer>,
{
    type Response = F::Answer;
    type Error = S::Error;
    type Future = MessageFuture<S::Future, F>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut message: F::Message) -> Self::Future {
        let span = self.begin(&message);
        // Guarded before: the format and the inner service may panic.
        let open = Open::begin(self.config.clone(), SpanGuard::new(span.clone()));
        self.format.attach(&mut message, &span);
        let mut scope = Scope::from(span);
        let future = scope.run(|| self.inner.call(message));
        MessageFuture {
            future: Some(future),
            format: self.format.clone(),
            scope,
            open: Some(open),
        }
    }
}

impl<S, F: MessageFormat> Messages<S, F> {
    fn begin(&self, message: &F::Message) -> Arc<ActiveSpan> {
        let config = &*self.config;
        let headers = self.format.headers(message);
        let mut header = headers
            .map(|headers| extract_headers(headers, &config.baggage))
            .and_then(|extracted| context_in(extracted, config));
        let Incoming {
            trust,
            beside,
            mut share,
        } = Incoming::of(config.trust, &mut header, config);
        let mut call = self.format.call(message);
        config.bound(&mut call);
        let is_wanted = config.wants_span(|| call.method.clone());
        let sampler = config.sampler(|| call.method.clone());
        let span = config.span().incoming(header).trust(trust).start(call);
        if let Some(beside) = beside {
            span.add_link(beside);
        }
        let meta = |key| self.format.meta(message, key);
        let context = meta("traceparent").and_then(|parent| {
            let mut context = config.context_of(parent, meta("tracestate"), meta("baggage"))?;
            share.limit(config, trust, &mut context);
            Some(context)
        });
        if !is_wanted {
            span.pass_through(context);
        } else if !span.resolve_sampled(context, sampler) {
            config.stats.note(Reason::EarlyObserver);
        }
        span
    }
}

/// A message that waits for its answer.
struct Open {
    config: Arc<Config>,
    guard: SpanGuard,
}

impl Open {
    fn begin(config: Arc<Config>, guard: SpanGuard) -> Self {
        config.stats.begin();
        Self { config, guard }
    }

    fn end(mut self, outcome: Outcome) {
        self.guard.span().set_outcome(outcome);
        self.guard.set_on_drop(End::Complete);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // The guard ends the span after this.
        self.config.stats.end(self.guard.span().is_recording());
    }
}

/// Ends the span of a service that panics, which somebody may catch before the future is dropped.
struct Polled<'a>(&'a mut Option<Open>);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0 = None;
        }
    }
}

pin_project! {
    /// The future of [`Messages`].
    #[must_use = "futures do nothing unless polled"]
    pub struct MessageFuture<T, F> {
        // `None` while it is dropped.
        #[pin]
        future: Option<T>,
        format: F,
        scope: Scope,
        // `None` once the span has ended.
        open: Option<Open>,
    }

    impl<T, F> PinnedDrop for MessageFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let future = &mut this.future;
            this.scope.run(|| future.set(None));
        }
    }
}

impl<T, F, E> Future for MessageFuture<T, F>
where
    T: Future<Output = Result<F::Answer, E>>,
    F: MessageFormat,
{
    type Output = Result<F::Answer, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(future) = this.future.as_pin_mut() else {
            return Poll::Pending;
        };
        let polled = Polled(this.open);
        let result = ready!(this.scope.run(|| future.poll(cx)));
        if let Some(open) = polled.0.take() {
            open.end(match &result {
                Ok(answer) => this.format.outcome(answer),
                Err(_) => Outcome::failed("service"),
            });
        }
        Poll::Ready(result)
    }
}

impl<T, F> fmt::Debug for MessageFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageFuture").finish_non_exhaustive()
    }
}
