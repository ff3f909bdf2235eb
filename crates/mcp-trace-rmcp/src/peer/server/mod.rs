//! A server's calls to its client.

#[cfg(feature = "elicitation")]
mod elicit;
mod message;
mod methods;
