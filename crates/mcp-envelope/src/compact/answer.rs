use super::cursor::Cursor;
use crate::{
    answer::{Answer, RpcError, Word},
    capture::{Limit, Text},
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

/// Reads an answer to its closing brace, which `wanted` is the id of. `None` if it is not written
/// in the usual way.
pub(crate) fn answer(message: &[u8], wanted: Option<&Id>) -> Option<Found> {
    let mut cursor = Cursor::new(message);
    let mut found = Found::default();
    cursor.take(b"{").then_some(())?;
    loop {
        if cursor.take(b"\"jsonrpc\":\"2.0\"") {
        } else if cursor.take(b"\"id\":") && found.id_matches.is_none() {
            found.id_matches = Some(is_answered(wanted, &mut cursor)?);
        } else if cursor.take(b"\"result\":{") && !found.has_result {
            result(&mut found.answer, &mut cursor)?;
            found.has_result = true;
        } else if cursor.take(b"\"error\":{") && found.answer.error.is_none() {
            found.answer.error = Some(error(&mut cursor)?);
        } else {
            return None;
        }
        if cursor.ends_object()? {
            return Some(found);
        }
    }
}

fn is_answered(wanted: Option<&Id>, cursor: &mut Cursor<'_>) -> Option<bool> {
    if !cursor.take(b"\"") {
        let id = Scalar::Integer(cursor.integer()?);
        return Some(wanted.is_some_and(|wanted| wanted.is_answered_by_scalar(id)));
    }
    let limit = Limit {
        bytes: limits::ID,
        hashed: true,
    };
    let id = Text::new(cursor.string()?, limit);
    Some(wanted.is_some_and(|wanted| wanted.is_answered_by_text(id)))
}

fn result(answer: &mut Answer, cursor: &mut Cursor<'_>) -> Option<()> {
    let (mut is_error, mut result_type, mut protocol_version) = (None, None, None);
    let mut ended = cursor.take(b"}");
    while !ended {
        match cursor.key()? {
            b"isError" => first(&mut is_error, cursor.boolean()?)?,
            b"resultType" => first(&mut result_type, word(cursor)?)?,
            b"protocolVersion" => first(&mut protocol_version, word(cursor)?)?,
            _ => cursor.skip(2)?,
        }
        ended = cursor.ends_object()?;
    }
    answer.tool_error = is_error.unwrap_or_default();
    answer.result_type = result_type.unwrap_or_default();
    answer.protocol_version = protocol_version.unwrap_or_default();
    Some(())
}

fn error(cursor: &mut Cursor<'_>) -> Option<RpcError> {
    let (mut code, mut message) = (None, None);
    let mut ended = cursor.take(b"}");
    while !ended {
        match cursor.key()? {
            b"code" => first(&mut code, cursor.integer()?)?,
            b"message" => {
                let limit = Limit::bytes(limits::ERROR_MESSAGE);
                first(&mut message, Text::new(string(cursor)?, limit))?;
            }
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

fn word(cursor: &mut Cursor<'_>) -> Option<Word> {
    let limit = Limit::bytes(limits::WORD);
    Some(Word::new(Text::new(string(cursor)?, limit)))
}

fn string<'b>(cursor: &mut Cursor<'b>) -> Option<&'b [u8]> {
    cursor.take(b"\"").then(|| cursor.string())?
}
