//! The framing of `text/event-stream` (HTML standard, "Server-sent events", section "Interpreting
//! an event stream").

use crate::{reader::Reader, watcher::Draft};

/// Splits a stream into lines and hands out the `data` of each event.
#[derive(Debug)]
pub(crate) struct Lines {
    state: Line,
    /// The last byte was a carriage return, so a line feed belongs to it.
    after_cr: bool,
    /// Lines of data in this event.
    has_data: bool,
}

#[derive(Clone, Copy, Debug)]
enum Line {
    /// In the byte order mark that a stream may begin with, after so many bytes of it.
    Mark(u8),
    /// In the field name, of which so many bytes agree with `data`.
    Name(u8),
    /// Behind `data:`, where one space is not part of the value.
    Colon,
    Data,
    /// A comment, or a field that is not looked at.
    Other,
}

#[derive(Debug)]
pub(crate) enum Part<'a> {
    Data(&'a [u8]),
    /// Between two lines of data.
    Newline,
    /// The blank line behind an event that has data.
    Dispatch,
}

const MARK: &[u8] = b"\xEF\xBB\xBF";
const NAME: &[u8] = b"data";
/// What most lines of data begin with, where it is in one piece.
const USUAL: &[u8] = b"data: ";

impl Lines {
    pub(crate) fn new() -> Lines {
        Lines {
            state: Line::Mark(0),
            after_cr: false,
            has_data: false,
        }
    }

    /// Reads on until `take` returns true, which this then returns.
    pub(crate) fn push(&mut self, chunk: &[u8], mut take: impl FnMut(Part<'_>) -> bool) -> bool {
        let mut at = 0;
        while let Some(&byte) = chunk.get(at) {
            if core::mem::take(&mut self.after_cr) && byte == b'\n' {
                at += 1;
                continue;
            }
            if let Line::Data | Line::Other = self.state {
                let rest = chunk.get(at..).unwrap_or_default();
                let run = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                if matches!(self.state, Line::Data)
                    && run > 0
                    && take(Part::Data(rest.get(..run).unwrap_or_default()))
                {
                    return true;
                }
                at += run;
                if at < chunk.len() {
                    self.after_cr = rest.get(run) == Some(&b'\r');
                    at += 1;
                    self.state = Line::Name(0);
                }
                continue;
            }
            let line_end = matches!(byte, b'\n' | b'\r');
            match self.state {
                Line::Mark(0) | Line::Name(0) if starts_with(chunk, at, USUAL) => {
                    if self.start_data(&mut take) {
                        return true;
                    }
                    self.state = Line::Data;
                    at += USUAL.len();
                }
                Line::Mark(seen) if MARK.get(usize::from(seen)) == Some(&byte) => {
                    self.state = if usize::from(seen) + 1 == MARK.len() {
                        Line::Name(0)
                    } else {
                        Line::Mark(seen + 1)
                    };
                    at += 1;
                }
                // No mark: look at the byte again, as the start of a line or as the rest of a name
                // that is not `data`.
                Line::Mark(0) => self.state = Line::Name(0),
                Line::Mark(_) => self.state = Line::Other,
                Line::Name(seen) if line_end => {
                    if seen == 0 && core::mem::take(&mut self.has_data) {
                        if take(Part::Dispatch) {
                            return true;
                        }
                    } else if usize::from(seen) == NAME.len() && self.start_data(&mut take) {
                        return true;
                    }
                    self.state = Line::Name(0);
                    self.after_cr = byte == b'\r';
                    at += 1;
                }
                Line::Name(seen) => {
                    self.state = match NAME.get(usize::from(seen)) {
                        Some(&expected) if expected == byte => Line::Name(seen + 1),
                        None if byte == b':' => {
                            if self.start_data(&mut take) {
                                return true;
                            }
                            Line::Colon
                        }
                        _ => Line::Other,
                    };
                    at += 1;
                }
                Line::Colon => {
                    at += usize::from(byte == b' ');
                    self.state = Line::Data;
                }
                Line::Data | Line::Other => {}
            }
        }
        false
    }

    fn start_data(&mut self, take: &mut impl FnMut(Part<'_>) -> bool) -> bool {
        core::mem::replace(&mut self.has_data, true) && take(Part::Newline)
    }
}

fn starts_with(chunk: &[u8], at: usize, expected: &[u8]) -> bool {
    chunk.get(at..).unwrap_or_default().starts_with(expected)
}

/// Reads the data of events as JSON. Returns whether an event with the wanted answer has been
/// dispatched.
pub(crate) fn feed(part: Part<'_>, reader: &mut Reader<Draft>, draft: &mut Draft) -> bool {
    match part {
        Part::Data(data) => draft.read(data, reader),
        Part::Newline => reader.push(b"\n", draft),
        Part::Dispatch => {
            if draft.matched() && !reader.is_broken() && reader.is_over() {
                return true;
            }
            reader.restart();
            draft.restart();
        }
    }
    false
}
