use alloc::boxed::Box;

use super::cursor::Cursor;
use crate::{
    capture::{Limit, Text},
    excerpt::Excerpt,
    id::Id,
    layout::{Layout, Slot},
    message::{Field, Kind, Message},
    strings::Strings,
};

/// Reads a request or notification as far as the reader would, and keeps so many bytes of its
/// arguments. Leaves `message` as it is and returns nothing if it is not written in the usual way.
pub(crate) fn request(bytes: &[u8], kept: u32, message: &mut Message) -> Option<Layout> {
    let mut found = Found {
        strings: Strings::new(),
        id: None,
        layout: Layout::default(),
        jsonrpc: false,
        params_passed: false,
        meta_passed: false,
        ended: false,
        target: None,
        captures: kept > 0,
        arguments: None,
    };
    found.message(Cursor::new(bytes))?;
    let kind = found.kind()?;
    let id = match found.id {
        Some(id) => Some(id.owned()?),
        None => None,
    };
    message.set_strings(found.strings).then_some(())?;
    message.kind = kind;
    message.complete = true;
    message.trace_settled = true;
    message.set_id(id);
    message.arguments = found
        .arguments
        .map(|arguments| Box::new(Excerpt::of(arguments, kept as usize)));
    Some(found.layout)
}

/// What has been read of a message.
struct Found<'b> {
    strings: Strings,
    id: Option<FoundId<'b>>,
    layout: Layout,
    jsonrpc: bool,
    params_passed: bool,
    meta_passed: bool,
    ended: bool,
    /// The member of `params` that the method is about.
    target: Option<Field>,
    /// Whether the arguments are wanted, and those.
    captures: bool,
    arguments: Option<&'b [u8]>,
}

#[derive(Clone, Copy)]
enum FoundId<'b> {
    Number(i64),
    Text(&'b [u8]),
}

impl<'b> FoundId<'b> {
    #[inline(always)]
    fn read(cursor: &mut Cursor<'b>) -> Option<FoundId<'b>> {
        if cursor.take(b"\"") {
            cursor.string().map(FoundId::Text)
        } else {
            cursor.integer().map(FoundId::Number)
        }
    }

    /// `None` if it is not UTF-8.
    #[inline(always)]
    fn owned(self) -> Option<Id> {
        match self {
            FoundId::Number(number) => Some(Id::Number(number)),
            FoundId::Text(text) => Id::from_text(Text::new(text, Limit::ID)),
        }
    }
}

impl<'b> Found<'b> {
    fn kind(&self) -> Option<Kind> {
        match self.id {
            _ if !self.jsonrpc || !self.strings.has(Field::Method) => None,
            Some(_) => Some(Kind::Request),
            None if self.ended => Some(Kind::Notification),
            None => None,
        }
    }

    /// Whether everything is known.
    #[inline(always)]
    fn enough(&self) -> bool {
        let is_target_known = || self.target.is_some_and(|target| self.strings.has(target));
        let are_arguments_known = || !self.captures || self.arguments.is_some();
        (self.params_passed || self.meta_passed && is_target_known() && are_arguments_known())
            && self.id.is_some()
            && self.jsonrpc
            && self.strings.has(Field::Method)
    }

    #[inline(always)]
    fn message(&mut self, mut cursor: Cursor<'b>) -> Option<()> {
        cursor.take(b"{").then_some(())?;
        loop {
            match cursor.peek_in_key()? {
                b'j' if cursor.take(b"\"jsonrpc\":\"2.0\"") => self.jsonrpc = true,
                b'i' if self.id.is_none() && cursor.take(b"\"id\":") => {
                    self.id = Some(FoundId::read(&mut cursor)?);
                }
                // As below, for what most requests are.
                b'm' if cursor.take(b"\"method\":\"tools/call\"") => {
                    self.target = Some(Field::Name);
                    self.strings.add(Field::Method, b"tools/call")?;
                }
                b'm' if cursor.take(b"\"method\":\"") => {
                    let method = cursor.string()?;
                    self.target = Message::target(method);
                    self.strings.add(Field::Method, method)?;
                }
                b'p' if !self.params_passed && cursor.take(b"\"params\":{") => {
                    self.params(&mut cursor)?;
                }
                _ => return None,
            }
            if self.enough() {
                return Some(());
            }
            match cursor.byte()? {
                b',' => {}
                b'}' => {
                    self.layout.end = cursor.offset() - 1;
                    self.ended = true;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    #[inline(always)]
    fn params(&mut self, cursor: &mut Cursor<'b>) -> Option<()> {
        self.layout.params = object(cursor);
        if cursor.take(b"}") {
            self.params_passed = true;
            return Some(());
        }
        loop {
            let is_known = if cursor.take(b"\"name\":\"") {
                self.string(Field::Name, cursor)?
            } else if !self.meta_passed && cursor.take(b"\"_meta\":{") {
                self.meta(cursor)?;
                true
            } else if cursor.take(b"\"arguments\":") {
                self.arguments(cursor)?
            } else if cursor.take(b"\"uri\":\"") {
                self.string(Field::Uri, cursor)?
            } else if cursor.take(b"\"taskId\":\"") {
                self.string(Field::TaskId, cursor)?
            } else if cursor.take(b"\"protocolVersion\":\"") {
                self.string(Field::OfferedVersion, cursor)?
            } else {
                match cursor.key()? {
                    // Once more, or no string.
                    b"_meta" | b"name" | b"uri" | b"taskId" | b"protocolVersion" => return None,
                    _ => cursor.skip(2)?,
                }
                false
            };
            if is_known && self.enough() {
                return Some(());
            }
            if cursor.ends_object()? {
                self.params_passed = true;
                return Some(());
            }
        }
    }

    #[inline(always)]
    fn arguments(&mut self, cursor: &mut Cursor<'b>) -> Option<bool> {
        if !self.captures {
            cursor.skip(2)?;
            return Some(false);
        }
        // Of a string or number that is kept the reader looks at every byte.
        if !matches!(cursor.peek()?, b'{' | b'[') {
            return None;
        }
        let arguments = cursor.value(2)?;
        self.arguments.replace(arguments).is_none().then_some(true)
    }

    #[inline(always)]
    fn meta(&mut self, cursor: &mut Cursor<'b>) -> Option<()> {
        self.layout.meta = object(cursor);
        let mut ended = cursor.take(b"}");
        while !ended {
            match cursor.peek_in_key()? {
                b't' if cursor.take(b"\"traceparent\":\"") => {
                    // To copy what has a length that the compiler knows takes no call.
                    match cursor.traceparent() {
                        Some(string) => self.strings.add(Field::Traceparent, string)?,
                        None => self.strings.add(Field::Traceparent, cursor.string()?)?,
                    }
                }
                b't' if cursor.take(b"\"tracestate\":\"") => {
                    self.string(Field::Tracestate, cursor)?;
                }
                b'b' if cursor.take(b"\"baggage\":\"") => {
                    self.string(Field::Baggage, cursor)?;
                }
                b'i' if cursor
                    .take_both(b"\"io.modelcontextprotocol/", b"protocolVersion\":\"") =>
                {
                    self.string(Field::Version, cursor)?;
                }
                _ => match cursor.key()? {
                    // No string.
                    b"traceparent"
                    | b"tracestate"
                    | b"baggage"
                    | b"io.modelcontextprotocol/protocolVersion" => return None,
                    _ => cursor.skip(3)?,
                },
            }
            ended = cursor.ends_object()?;
        }
        self.meta_passed = true;
        Some(())
    }

    /// What is inside of a string that is kept, behind its opening quote.
    #[inline(always)]
    fn string(&mut self, field: Field, cursor: &mut Cursor<'b>) -> Option<bool> {
        self.strings.add(field, cursor.string()?)?;
        Some(true)
    }
}

/// Behind the opening brace.
fn object(cursor: &Cursor<'_>) -> Slot {
    Slot::Object {
        inside: cursor.offset(),
        empty: cursor.peek() == Some(b'}'),
    }
}
