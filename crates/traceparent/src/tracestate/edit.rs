use super::{
    Error, MAX_MEMBERS, Member, TraceState,
    grammar::{check_key, check_value},
};
use crate::hex;

/// Members longer than this are left out first.
const LONG_MEMBER: usize = 128;

/// Changes, each written to a buffer whose length is the limit.
///
/// If the result does not fit, whole members are left out until it does: first those of more than
/// 128 characters, then any, each time starting from the right.
/// See [section 3.3.3.1](https://www.w3.org/TR/trace-context-2/#tracestate-limits).
impl<'a> TraceState<'a> {
    /// Adds a member at the left, or changes it and moves it there. The others keep their order.
    ///
    /// A full list loses its right-most member. The new member is left out by the same rules as
    /// the others, so a caller that must have it keeps it under 128 characters.
    /// See [section 3.5](https://www.w3.org/TR/trace-context-2/#mutating-the-tracestate-field).
    ///
    /// # Errors
    ///
    /// A key or a value that is not allowed, with its place in that key or value.
    pub fn upsert<'b>(
        &self,
        key: &str,
        value: &str,
        buffer: &'b mut [u8],
    ) -> Result<TraceState<'b>, Error> {
        check_key(key.as_bytes())?;
        check_value(value.as_bytes())?;
        let others = self.iter().filter(|member| member.key != key);
        Ok(fit(
            core::iter::once(Member { key, value }).chain(others),
            buffer,
        ))
    }

    /// Removes the members with this key. The others keep their order.
    ///
    /// Vendors should only remove what is theirs.
    pub fn remove<'b>(&self, key: &str, buffer: &'b mut [u8]) -> TraceState<'b> {
        fit(self.iter().filter(|member| member.key != key), buffer)
    }

    /// Leaves out whole members until the rest fits into the buffer.
    ///
    /// ```
    /// use traceparent::tracestate::TraceState;
    ///
    /// let state = TraceState::parse("a=1,b=22,c=333")?;
    /// let mut buffer = [0; 10];
    /// assert_eq!(state.truncate(&mut buffer).as_str(), "a=1,b=22");
    /// # Ok::<(), traceparent::tracestate::Error>(())
    /// ```
    pub fn truncate<'b>(&self, buffer: &'b mut [u8]) -> TraceState<'b> {
        fit(self.iter(), buffer)
    }
}

/// Writes the first 32 members, less those that have to go for the rest to fit.
fn fit<'a, 'b, I>(members: I, buffer: &'b mut [u8]) -> TraceState<'b>
where
    I: Iterator<Item = Member<'a>> + Clone,
{
    // No member is this short, so that 0 can stand for one that is left out.
    let mut lens = [0; MAX_MEMBERS];
    for (len, member) in lens.iter_mut().zip(members.clone()) {
        *len = member.len();
    }
    // Each length with a comma, and one comma less than members.
    let mut total: usize = lens.iter().filter(|&&len| len > 0).map(|len| len + 1).sum();
    for longer_than in [LONG_MEMBER, 0] {
        for len in lens.iter_mut().rev().filter(|len| **len > longer_than) {
            if total <= buffer.len() + 1 {
                break;
            }
            total -= *len + 1;
            *len = 0;
        }
    }

    let mut end = 0;
    for (_, member) in lens.iter().zip(members).filter(|(len, _)| **len > 0) {
        let comma: &[u8] = if end > 0 { b"," } else { b"" };
        for part in [comma, member.key.as_bytes(), b"=", member.value.as_bytes()] {
            // Always there, as the sum of the lengths was made to fit.
            if let Some(room) = buffer.get_mut(end..end + part.len()) {
                room.copy_from_slice(part);
                end += part.len();
            }
        }
    }
    TraceState {
        text: hex::as_str(buffer.get(..end).unwrap_or_default()),
    }
}
