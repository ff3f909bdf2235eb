//! What the two list headers share.

/// Optional white space, in the words of HTTP: spaces and tabs.
pub(crate) const OWS: [char; 2] = [' ', '\t'];

/// One more part of a list, white space around it trimmed, with its offset.
pub(crate) struct Parts<'a> {
    rest: Option<&'a [u8]>,
    at: usize,
    separator: u8,
}

impl<'a> Parts<'a> {
    /// Cuts `text`, which starts at offset `at` of the whole value, at every `separator`.
    pub(crate) const fn new(text: &'a [u8], at: usize, separator: u8) -> Self {
        Self {
            rest: Some(text),
            at,
            separator,
        }
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = (usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let text = self.rest?;
        let at = self.at;
        let part = match text.iter().position(|&byte| byte == self.separator) {
            Some(end) => {
                let (part, rest) = text.split_at(end);
                self.rest = rest.get(1..);
                self.at += end + 1;
                part
            }
            None => {
                self.rest = None;
                text
            }
        };
        Some(trim(at, part))
    }
}

/// Trims white space at both ends, and moves the offset along.
pub(crate) fn trim(at: usize, text: &[u8]) -> (usize, &[u8]) {
    let start = text.len() - trim_start(text).len();
    (at + start, trim_end(trim_start(text)))
}

fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Copies header values into `buffer`, a comma between them: one list, as RFC 9110, section 5.3
/// has it. `None` if the buffer is too small.
pub(crate) fn join<I>(values: I, buffer: &mut [u8]) -> Option<&[u8]>
where
    I: IntoIterator<Item: AsRef<[u8]>>,
{
    let mut len = 0;
    for (i, value) in values.into_iter().enumerate() {
        if i > 0 {
            *buffer.get_mut(len)? = b',';
            len += 1;
        }
        let value = value.as_ref();
        buffer
            .get_mut(len..)?
            .get_mut(..value.len())?
            .copy_from_slice(value);
        len += value.len();
    }
    buffer.get(..len)
}
