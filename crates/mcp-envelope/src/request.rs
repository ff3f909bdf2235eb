use crate::{compact, draft::Draft, layout::Layout, message::Message, reader::Reader};

/// Whether a scanner wants to see more of a body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Progress {
    /// Go on.
    More,
    /// Nothing further is needed: everything is known, or the body is malformed.
    Done,
}

/// Reads a message from client to server while it goes by, in chunks cut anywhere.
///
/// Its memory does not grow with the message. It stops as soon as it knows enough: with the method,
/// the id, and either the end of `params` or those members of it that the method defines. What it
/// skips is not validated.
///
/// ```
/// use mcp_envelope::{Kind, Progress, RequestScanner};
///
/// let mut scanner = RequestScanner::new();
/// assert_eq!(scanner.push(br#"{"jsonrpc":"2.0","id":1,"method":"tools/ca"#), Progress::More);
/// assert_eq!(scanner.push(br#"ll","params":{"_meta":{"traceparent":"00-"},"name":"greet","#), Progress::Done);
///
/// let message = scanner.message();
/// assert_eq!(message.kind(), Kind::Request);
/// assert_eq!(message.method(), Some("tools/call"));
/// assert_eq!(message.name(), Some("greet"));
/// ```
#[derive(Debug)]
pub struct RequestScanner {
    reader: Reader<Draft>,
    draft: Draft,
}

impl RequestScanner {
    /// A scanner at the start of a body.
    #[must_use]
    pub fn new() -> RequestScanner {
        RequestScanner {
            reader: Reader::new(),
            draft: Draft::default(),
        }
    }

    /// Also keeps the first `limit` bytes of [`params.arguments`](Message::arguments), of each member
    /// of a batch. Then it takes all of the arguments to know enough. Defaults to 0, which keeps
    /// nothing.
    ///
    /// ```
    /// use mcp_envelope::RequestScanner;
    ///
    /// let mut scanner = RequestScanner::new().capture_arguments(12);
    /// scanner.push(br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"greet","argu"#);
    /// scanner.push(br#"ments":{"to":"Ada","times":3}}}"#);
    ///
    /// let arguments = scanner.message().arguments().expect("it has arguments");
    /// assert_eq!(arguments.text(), r#"{"to":"Ada","#);
    /// assert!(arguments.is_truncated());
    /// ```
    #[must_use]
    pub fn capture_arguments(mut self, limit: usize) -> RequestScanner {
        self.draft.capture_arguments(limit);
        self
    }

    /// Reads the next bytes of the body. After [`Progress::Done`] this does nothing.
    pub fn push(&mut self, chunk: &[u8]) -> Progress {
        if self.reader.is_fresh() && compact::may_be_whole(chunk) && self.draft.read_compact(chunk)
        {
            self.reader.stop();
            return Progress::Done;
        }
        if self.reader.is_over() {
            return Progress::Done;
        }
        self.read(chunk)
    }

    /// Reads what may be written in any way.
    fn read(&mut self, chunk: &[u8]) -> Progress {
        self.reader.push(chunk, &mut self.draft);
        self.draft.settle();
        if !self.reader.is_over() {
            return Progress::More;
        }
        self.draft.end(self.reader.is_broken());
        Progress::Done
    }

    /// The body has ended. A message that is not whole by now is malformed.
    pub fn finish(&mut self) {
        if !self.reader.is_over() {
            self.reader.finish();
            self.draft.end(true);
        }
    }

    /// What is known so far.
    #[must_use]
    pub fn message(&self) -> &Message {
        self.draft.message()
    }
}

impl Default for RequestScanner {
    fn default() -> RequestScanner {
        RequestScanner::new()
    }
}

/// Scans a complete body at once.
#[must_use]
pub fn inspect(body: &[u8]) -> Message {
    inspect_with_layout(body).0
}

pub(crate) fn inspect_with_layout(body: &[u8]) -> (Message, Layout) {
    if compact::may_be_whole(body) {
        let mut message = Message::default();
        if let Some(layout) = compact::request(body, 0, &mut message) {
            return (message, layout);
        }
    }
    let mut scanner = RequestScanner::new();
    scanner.read(body);
    scanner.finish();
    scanner.draft.into_parts()
}
