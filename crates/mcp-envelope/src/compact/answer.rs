use super::cursor::Cursor;
use crate::{
    answer::{Answer, RpcError},
    capture::{Limit, Text},
    excerpt::Excerpt,
    id::Id,
    limits,
    scalar::Scalar,
};

/// What an answer says, and whether it has the id of a request.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) answer: Answer,
    /// `None` without an id.
    pub(crate) id_matches: Option<bool>,
    pub(crate) has_result: bool,
}

/// Reads an answer to its closing brace, which `wanted` is the id of, and keeps so many bytes of its
/// result or error. `None` if it is not written in the usual way.
pub(crate) fn answer(message: &[u8], wanted: Option<&Id>, kept: u32) -> Option<Found> {
    let mut cursor = Cursor::new(message);
    let mut found = Found::default();
    let mut outcome = None;
    cursor.take(b"{").then_some(())?;
    loop {
        match cursor.peek_in_key()? {
            b'j' if cursor.take(b"\"jsonrpc\":\"2.0\"") => {}
            b'i' if found.id_matches.is_none() && cursor.take(b"\"id\":") => {
                found.id_matches = Some(is_answered(wanted, &mut cursor)?);
            }
            b'r' if !found.has_result && cursor.take(b"\"result\":{") => {
                let brace = cursor.offset() - 1;
                result(&mut found.answer, &mut cursor)?;
                found.has_result = true;
                outcome = outcome.or(Some(brace..cursor.offset()));
            }
            b'e' if found.answer.error().is_none() && cursor.take(b"\"error\":{") => {
                let brace = cursor.offset() - 1;
                *found.answer.error_mut() = error(&mut cursor)?;
                outcome = Some(brace..cursor.offset());
            }
            _ => return None,
        }
        if cursor.ends_object()? {
            break;
        }
    }
    if let Some(outcome) = outcome.filter(|_| kept > 0) {
        let excerpt = Excerpt::of(message.get(outcome)?, kept as usize);
        *found.answer.excerpt_mut() = Some(excerpt);
    }
    Some(found)
}

fn is_answered(wanted: Option<&Id>, cursor: &mut Cursor<'_>) -> Option<bool> {
    if !cursor.take(b"\"") {
        let id = Scalar::Integer(cursor.integer()?);
        return Some(wanted.is_some_and(|wanted| wanted.is_answered_by_scalar(id)));
    }
    let id = Text::new(cursor.string()?, Limit::ID);
    Some(wanted.is_some_and(|wanted| wanted.is_answered_by_text(id)))
}

fn result(answer: &mut Answer, cursor: &mut Cursor<'_>) -> Option<()> {
    let (mut is_error, mut result_type, mut protocol_version) = (None, None, None);
    let mut ended = cursor.take(b"}");
    while !ended {
        if cursor.take(b"\"content\":") {
            cursor.skip_content(2)?;
        } else if cursor.take(b"\"isError\":") {
            first(&mut is_error, cursor.boolean()?)?;
        } else {
            match cursor.key()? {
                b"resultType" => first(&mut result_type, text(cursor, limits::WORD)?)?,
                b"protocolVersion" => first(&mut protocol_version, text(cursor, limits::WORD)?)?,
                _ => cursor.skip(2)?,
            }
        }
        ended = cursor.ends_object()?;
    }
    answer.tool_error = is_error.unwrap_or_default();
    if let Some(text) = result_type {
        answer.set_result_type(text);
    }
    if let Some(text) = protocol_version {
        answer.set_protocol_version(text);
    }
    Some(())
}

fn error(cursor: &mut Cursor<'_>) -> Option<RpcError> {
    let (mut code, mut message) = (None, None);
    let mut ended = cursor.take(b"}");
    while !ended {
        match cursor.key()? {
            b"code" => first(&mut code, cursor.integer()?)?,
            b"message" => first(&mut message, text(cursor, limits::ERROR_MESSAGE)?)?,
            _ => cursor.skip(2)?,
        }
        ended = cursor.ends_object()?;
    }
    Some(RpcError {
        code: code.unwrap_or_default(),
        message: message.and_then(Text::start).unwrap_or_default().into(),
    })
}

fn first<T>(slot: &mut Option<T>, value: T) -> Option<()> {
    slot.replace(value).is_none().then_some(())
}

#[inline(always)]
fn text<'b>(cursor: &mut Cursor<'b>, limit: usize) -> Option<Text<'b>> {
    let string = cursor.take(b"\"").then(|| cursor.string())??;
    Some(Text::new(string, Limit::bytes(limit)))
}
