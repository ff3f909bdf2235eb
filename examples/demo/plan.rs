//! What the demo's parts have agreed on.

use std::time::Duration;

/// The services.
pub(crate) const AGENT: &str = "my-agent";
pub(crate) const SERVER: &str = "tool-server";

/// The models that the agent asks: provider and name.
pub(crate) const FIRST_LLM: [&str; 2] = ["openai", "gpt-4o"];
pub(crate) const SECOND_LLM: [&str; 2] = ["anthropic", "claude-sonnet-4-5"];

/// The request ids of the calls that are made by hand.
pub(crate) const BY_HEADER: &str = "by-header";
pub(crate) const BY_META: &str = "by-meta";

/// How long `get_forecast` takes at least.
pub(crate) const FORECAST_TAKES: Duration = Duration::from_millis(15);

/// A hand-over of the trace that can be left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Link {
    /// The `traceparent` header of a call that is made by hand
    Header,
    /// `params._meta` of a call that is made by hand
    Meta,
    /// `TracedHandler`, from the server layer to the task in which a tool runs
    Handler,
}
