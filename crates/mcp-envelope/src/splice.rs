//! Adds members to `params._meta` of a message without touching any other byte.

use alloc::vec::Vec;
use core::{error::Error, fmt};

use crate::{
    escape::escape,
    layout::{Layout, Slot},
    members::{Member, Members},
    message::{Field, Kind, Message},
    request::inspect_with_layout,
};

/// A complete message on its way out, scanned once: what it is, and where members of `_meta` go.
///
/// ```
/// use mcp_envelope::Outgoing;
///
/// let body = br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
/// let outgoing = Outgoing::scan(body);
/// assert_eq!(outgoing.message().method(), Some("tools/list"));
///
/// let members = [("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
/// let spliced = outgoing.splice(&members)?.apply();
/// assert_eq!(
///     spliced,
///     br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}}}"#,
/// );
/// # Ok::<(), mcp_envelope::SpliceError>(())
/// ```
#[derive(Debug)]
pub struct Outgoing<'b> {
    body: &'b [u8],
    message: Message,
    layout: Layout,
}

impl<'b> Outgoing<'b> {
    /// Scans a body.
    #[must_use]
    pub fn scan(body: &'b [u8]) -> Outgoing<'b> {
        let (message, layout) = inspect_with_layout(body);
        Outgoing {
            body,
            message,
            layout,
        }
    }

    /// What the message is.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Gives the message up.
    #[must_use]
    pub fn into_message(self) -> Message {
        self.message
    }

    /// Plans to add `members`, keys with string values, to `params._meta`. A member whose key is
    /// there already is left out, and so is one whose key came before among `members`. What is not
    /// there is made: `_meta`, and `params` around it.
    ///
    /// # Errors
    ///
    /// If the body is no single request or notification, or if `params` or `_meta` is there and no
    /// object.
    pub fn splice<'a>(
        &'a self,
        members: &'a [(&'a str, &'a str)],
    ) -> Result<Splice<'a>, SpliceError> {
        match self.message.kind() {
            Kind::Request | Kind::Notification => {}
            Kind::Batch => return Err(SpliceError::Batch),
            Kind::Response => return Err(SpliceError::Response),
            Kind::Unknown => return Err(SpliceError::NotAMessage),
        }
        let (at, into) = match (self.layout.params, self.layout.meta) {
            (Slot::Other, _) => return Err(SpliceError::Params),
            (_, Slot::Other) => return Err(SpliceError::Meta),
            (_, Slot::Object { inside, empty }) => (inside, Into::Meta { empty }),
            (Slot::Object { inside, empty }, Slot::Absent) => (inside, Into::Params { empty }),
            (Slot::Absent, Slot::Absent) => (self.layout.end, Into::Message),
        };
        if members.len() > u64::BITS as usize {
            return Err(SpliceError::TooMany);
        }
        let mut chosen = 0;
        for (index, (key, _)) in members.iter().enumerate() {
            let repeated = members
                .iter()
                .take(index)
                .any(|(earlier, _)| earlier == key);
            if !repeated && !self.has(key) {
                chosen |= 1 << index;
            }
        }
        Ok(Splice {
            body: self.body,
            at,
            into,
            members,
            chosen,
        })
    }

    /// The body without the members of `params._meta` that have one of these keys, so that others can
    /// be added in their place. Each of them goes with one comma beside it; every other byte stays.
    ///
    /// ```
    /// use mcp_envelope::Outgoing;
    ///
    /// let body = br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":1, "baggage":"k=v"}}}"#;
    /// assert_eq!(
    ///     Outgoing::scan(body).without(&["baggage"]),
    ///     br#"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":1}}}"#,
    /// );
    /// ```
    #[must_use]
    pub fn without(&self, keys: &[&str]) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.body.len());
        let mut copy = |range| out.extend_from_slice(self.body.get(range).unwrap_or_default());
        let inside = match self.layout.meta {
            Slot::Object { inside, .. } => inside,
            _ => self.body.len(),
        };
        let mut end = 0;
        let mut any_stays = false;
        for Member { key, range } in Members::new(self.body, inside) {
            let stays = keys.iter().all(|gone| gone.as_bytes() != key);
            // All that is before the first one, or the comma.
            if end == 0 || stays && any_stays {
                copy(end..range.start);
            }
            end = range.end;
            if stays {
                copy(range);
                any_stays = true;
            }
        }
        copy(end..self.body.len());
        out
    }

    /// Whether `_meta` has a member with this key.
    fn has(&self, key: &str) -> bool {
        match (key, self.layout.meta) {
            ("traceparent", _) => self.message.has(Field::Traceparent),
            ("tracestate", _) => self.message.has(Field::Tracestate),
            ("baggage", _) => self.message.has(Field::Baggage),
            (key, Slot::Object { inside, .. }) => {
                Members::new(self.body, inside).any(|member| member.key == key.as_bytes())
            }
            _ => false,
        }
    }
}

/// Plans to add `members` to `params._meta` of a complete message: [`Outgoing::scan`] and
/// [`Outgoing::splice`] in one.
///
/// # Errors
///
/// As for [`Outgoing::splice`].
pub fn splice(body: &[u8], members: &[(&str, &str)]) -> Result<Vec<u8>, SpliceError> {
    Ok(Outgoing::scan(body).splice(members)?.apply())
}

/// What is to be written, and where.
#[derive(Clone, Copy, Debug)]
pub struct Splice<'a> {
    body: &'a [u8],
    at: usize,
    into: Into,
    members: &'a [(&'a str, &'a str)],
    /// One bit for each member that is written.
    chosen: u64,
}

/// What has to be written around the members.
#[derive(Clone, Copy, Debug)]
enum Into {
    Meta { empty: bool },
    Params { empty: bool },
    Message,
}

/// The comma, the quotes and the colon of a member.
const MEMBER_FRAME: usize = 6;

impl Splice<'_> {
    /// Whether nothing is to be added, because every member is there already.
    #[must_use]
    pub fn is_noop(&self) -> bool {
        self.chosen == 0
    }

    /// The bytes that are added.
    #[must_use]
    pub fn added_len(&self) -> usize {
        let mut len = 0;
        self.write(&mut |bytes| len += bytes.len());
        len
    }

    /// The bytes of the new body.
    #[must_use]
    pub fn total_len(&self) -> usize {
        self.body.len() + self.added_len()
    }

    /// The new body.
    #[must_use]
    pub fn apply(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.plain_total_len());
        self.append(&mut out);
        out
    }

    /// Appends the new body to `out`.
    pub fn apply_into(&self, out: &mut Vec<u8>) {
        out.reserve(self.plain_total_len());
        self.append(out);
    }

    #[inline(always)]
    fn append(&self, out: &mut Vec<u8>) {
        let (before, after) = self
            .body
            .split_at_checked(self.at)
            .unwrap_or((self.body, &[]));
        out.extend_from_slice(before);
        self.write(&mut |bytes| out.extend_from_slice(bytes));
        out.extend_from_slice(after);
    }

    /// [`total_len`](Self::total_len) if nothing has to be escaped, which is cheaper to know.
    fn plain_total_len(&self) -> usize {
        if self.is_noop() {
            return self.body.len();
        }
        let (before, after) = self.into.frame();
        let members = self
            .chosen()
            .map(|(key, value)| key.len() + value.len() + MEMBER_FRAME);
        // The first one has no comma.
        self.body.len() + before.len() + members.sum::<usize>() - 1 + after.len()
    }

    fn chosen(&self) -> impl Iterator<Item = &(&str, &str)> {
        let members = self.members.iter().enumerate();
        members
            .filter(|(index, _)| self.chosen & 1 << index != 0)
            .map(|(_, member)| member)
    }

    fn write(&self, out: &mut impl FnMut(&[u8])) {
        if self.is_noop() {
            return;
        }
        let (before, after) = self.into.frame();
        out(before);
        for (count, (key, value)) in self.chosen().enumerate() {
            out(if count == 0 { b"\"" } else { b",\"" });
            escape(key, out);
            out(b"\":\"");
            escape(value, out);
            out(b"\"");
        }
        out(after);
    }
}

impl Into {
    /// What comes before the members and behind them.
    fn frame(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Into::Meta { empty: true } => (b"", b""),
            Into::Meta { empty: false } => (b"", b","),
            Into::Params { empty: true } => (b"\"_meta\":{", b"}"),
            Into::Params { empty: false } => (b"\"_meta\":{", b"},"),
            Into::Message => (b",\"params\":{\"_meta\":{", b"}}"),
        }
    }
}

/// Why members cannot be added to a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SpliceError {
    /// The body is malformed, or no JSON-RPC 2.0 message.
    NotAMessage,
    /// The body is an array of messages.
    Batch,
    /// The message is a response, which has no `params`.
    Response,
    /// `params` is there and no object.
    Params,
    /// `params._meta` is there and no object.
    Meta,
    /// More than 64 members.
    TooMany,
}

impl fmt::Display for SpliceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SpliceError::NotAMessage => "the body is no JSON-RPC 2.0 message",
            SpliceError::Batch => "the body is a batch of messages",
            SpliceError::Response => "the message is a response",
            SpliceError::Params => "`params` is not an object",
            SpliceError::Meta => "`params._meta` is not an object",
            SpliceError::TooMany => "there are more than 64 members to add",
        })
    }
}

impl Error for SpliceError {}
