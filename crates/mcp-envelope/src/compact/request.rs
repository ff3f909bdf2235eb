use alloc::boxed::Box;

use super::cursor::Cursor;
use crate::{
    capture::{Limit, Text},
    excerpt::Excerpt,
    id::Id,
    layout::{Layout, Slot},
    limits,
    message::{Field, Kind, Message, Strings},
};

/// Reads a request or notification as far as the reader would, and keeps so many bytes of its
/// arguments. Leaves `message` as it is and returns nothing if it is not written in the usual way.
pub(crate) fn request(bytes: &[u8], kept: u32, message: &mut Message) -> Option<Layout> {
    let mut found = Found {
        captures: kept > 0,
        ..Found::default()
    };
    found.message(Cursor::new(bytes))?;
    let kind = found.kind()?;
    message.set_strings(&found.strings).then_some(())?;
    message.kind = kind;
    message.complete = true;
    message.trace_settled = true;
    message.set_id(found.id);
    message.arguments = found
        .arguments
        .map(|arguments| Box::new(Excerpt::of(arguments, kept as usize)));
    Some(found.layout)
}

/// What has been read of a message.
#[derive(Default)]
struct Found<'b> {
    strings: Strings<'b>,
    id: Option<Id>,
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

impl<'b> Found<'b> {
    fn kind(&self) -> Option<Kind> {
        match self.id {
            _ if !self.jsonrpc || !self.has(Field::Method) => None,
            Some(_) => Some(Kind::Request),
            None if self.ended => Some(Kind::Notification),
            None => None,
        }
    }

    fn has(&self, field: Field) -> bool {
        self.strings[field as usize].is_some()
    }

    /// Whether everything is known.
    #[inline(always)]
    fn enough(&self) -> bool {
        let is_target_known = || self.target.is_some_and(|target| self.has(target));
        let are_arguments_known = || !self.captures || self.arguments.is_some();
        (self.params_passed || self.meta_passed && is_target_known() && are_arguments_known())
            && self.id.is_some()
            && self.jsonrpc
            && self.has(Field::Method)
    }

    fn message(&mut self, mut cursor: Cursor<'b>) -> Option<()> {
        cursor.take(b"{").then_some(())?;
        loop {
            if cursor.take(b"\"jsonrpc\":\"2.0\"") {
                self.jsonrpc = true;
            } else if self.id.is_none() && cursor.take(b"\"id\":") {
                self.id = Some(id(&mut cursor)?);
            } else if cursor.take(b"\"method\":") {
                let method = self.string(Field::Method, &mut cursor)?;
                self.target = Message::target(method);
            } else if !self.params_passed && cursor.take(b"\"params\":{") {
                self.params(&mut cursor)?;
            } else {
                return None;
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

    fn params(&mut self, cursor: &mut Cursor<'b>) -> Option<()> {
        self.layout.params = object(cursor);
        if cursor.take(b"}") {
            self.params_passed = true;
            return Some(());
        }
        loop {
            if !self.meta_passed && cursor.take(b"\"_meta\":{") {
                self.meta(cursor)?;
                if self.enough() {
                    return Some(());
                }
            } else {
                let key = cursor.key()?;
                let field = match key {
                    b"name" => Some(Field::Name),
                    b"uri" => Some(Field::Uri),
                    b"taskId" => Some(Field::TaskId),
                    b"protocolVersion" => Some(Field::OfferedVersion),
                    b"_meta" => return None,
                    _ => None,
                };
                match field {
                    Some(field) => {
                        self.string(field, cursor)?;
                        if self.enough() {
                            return Some(());
                        }
                    }
                    None if self.captures && key == b"arguments" => {
                        // Of a string or number that is kept the reader looks at every byte.
                        if !matches!(cursor.peek()?, b'{' | b'[') {
                            return None;
                        }
                        let arguments = cursor.value(2)?;
                        if self.arguments.replace(arguments).is_some() {
                            return None;
                        }
                        if self.enough() {
                            return Some(());
                        }
                    }
                    None => cursor.skip(2)?,
                }
            }
            if cursor.ends_object()? {
                self.params_passed = true;
                return Some(());
            }
        }
    }

    fn meta(&mut self, cursor: &mut Cursor<'b>) -> Option<()> {
        self.layout.meta = object(cursor);
        let mut ended = cursor.take(b"}");
        while !ended {
            let field = match cursor.key()? {
                b"traceparent" => Some(Field::Traceparent),
                b"tracestate" => Some(Field::Tracestate),
                b"baggage" => Some(Field::Baggage),
                b"io.modelcontextprotocol/protocolVersion" => Some(Field::Version),
                _ => None,
            };
            match field {
                Some(field) => {
                    self.string(field, cursor)?;
                }
                None => cursor.skip(3)?,
            }
            ended = cursor.ends_object()?;
        }
        self.meta_passed = true;
        Some(())
    }

    /// A string that is kept.
    #[inline]
    fn string(&mut self, field: Field, cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
        let string = cursor.take(b"\"").then(|| cursor.string())??;
        let slot = self.strings.get_mut(field as usize)?;
        if slot.is_some() || string.len() > field.limit() {
            return None;
        }
        *slot = Some(string);
        Some(string)
    }
}

/// Behind the opening brace.
fn object(cursor: &Cursor<'_>) -> Slot {
    Slot::Object {
        inside: cursor.offset(),
        empty: cursor.peek() == Some(b'}'),
    }
}

fn id(cursor: &mut Cursor<'_>) -> Option<Id> {
    if !cursor.take(b"\"") {
        return cursor.integer().map(Id::Number);
    }
    let limit = Limit {
        bytes: limits::ID,
        hashed: true,
    };
    Id::from_text(Text::new(cursor.string()?, limit))
}
