use super::{
    Baggage, Error, MAX_BYTES, MAX_MEMBERS, Member,
    grammar::{check_key, in_value},
};

/// Writes a `baggage` value into a buffer, member by member.
///
/// A member is written whole or not at all: after an error the writer is as it was before. It stops
/// at 64 members, at 8192 bytes, and at the end of the buffer.
///
/// ```
/// use traceparent::baggage::{Error, Writer};
///
/// let mut buffer = [0; 48];
/// let mut writer = Writer::new(&mut buffer);
/// writer.push("user", "amélie")?;
/// writer.push_with("node", "DF 28", [("ttl", Some("60")), ("sticky", None)])?;
/// assert_eq!(writer.push("more", "much more"), Err(Error::BufferTooSmall));
/// assert_eq!(writer.finish().as_str(), "user=am%C3%A9lie,node=DF%2028;ttl=60;sticky");
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<'b> {
    buffer: &'b mut [u8],
    len: usize,
    members: usize,
}

impl<'b> Writer<'b> {
    /// Starts with an empty list. The length of the buffer is a limit.
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self {
            buffer,
            len: 0,
            members: 0,
        }
    }

    /// Adds a member; the value is encoded.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`], [`Error::TooManyMembers`], [`Error::TooLong`] or
    /// [`Error::BufferTooSmall`].
    pub fn push(&mut self, key: &str, value: &str) -> Result<(), Error> {
        self.push_with(key, value, [])
    }

    /// Adds a member with properties; the values are encoded.
    ///
    /// # Errors
    ///
    /// The same as [`push`](Self::push), of the properties' keys too.
    pub fn push_with<'p, P>(&mut self, key: &str, value: &str, properties: P) -> Result<(), Error>
    where
        P: IntoIterator<Item = (&'p str, Option<&'p str>)>,
    {
        self.member(|writer| {
            writer.pair(key, Some(value), Self::encode)?;
            properties.into_iter().try_for_each(|(key, value)| {
                writer.raw(b";")?;
                writer.pair(key, value, Self::encode)
            })
        })
    }

    /// Adds a member that was received, its values encoded as they came.
    ///
    /// # Errors
    ///
    /// The same as [`push`](Self::push).
    pub fn copy(&mut self, member: &Member<'_>) -> Result<(), Error> {
        self.member(|writer| {
            writer.pair(member.key, Some(member.value.as_str()), Self::ascii)?;
            member.properties.clone().try_for_each(|property| {
                let value = property.value.map(|value| value.as_str());
                writer.raw(b";")?;
                writer.pair(property.key, value, Self::ascii)
            })
        })
    }

    /// What has been written.
    #[must_use]
    pub fn finish(self) -> Baggage<'b> {
        let buffer: &'b [u8] = self.buffer;
        Baggage::new_checked(buffer.get(..self.len).unwrap_or_default())
    }

    /// Writes a member and the comma before it, or takes back what it wrote.
    fn member(&mut self, write: impl FnOnce(&mut Self) -> Result<(), Error>) -> Result<(), Error> {
        if self.members == MAX_MEMBERS {
            return Err(Error::TooManyMembers);
        }
        let start = self.len;
        let comma: &[u8] = if self.members > 0 { b"," } else { b"" };
        let written = self.raw(comma).and_then(|()| write(self));
        match written {
            Ok(()) => self.members += 1,
            Err(_) => self.len = start,
        }
        written
    }

    fn pair(
        &mut self,
        key: &str,
        value: Option<&str>,
        write_value: fn(&mut Self, &str) -> Result<(), Error>,
    ) -> Result<(), Error> {
        check_key(key.as_bytes(), 0)?;
        self.ascii(key)?;
        match value {
            Some(value) => {
                self.raw(b"=")?;
                write_value(self, value)
            }
            None => Ok(()),
        }
    }

    fn encode(&mut self, value: &str) -> Result<(), Error> {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        value.bytes().try_for_each(|byte| {
            if in_value(byte) && byte != b'%' {
                self.raw(&[byte])
            } else {
                let (high, low) = (byte >> 4, byte & 0x0f);
                self.raw(&[b'%', DIGITS[usize::from(high)], DIGITS[usize::from(low)]])
            }
        })
    }

    fn ascii(&mut self, text: &str) -> Result<(), Error> {
        self.raw(text.as_bytes())
    }

    fn raw(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let end = self.len + bytes.len();
        if end > MAX_BYTES {
            return Err(Error::TooLong);
        }
        self.buffer
            .get_mut(self.len..end)
            .ok_or(Error::BufferTooSmall)?
            .copy_from_slice(bytes);
        self.len = end;
        Ok(())
    }
}
