//! Strings that are kept: decoded, bounded, and put together again where a chunk or an escape cut
//! them.

use alloc::vec::Vec;
use core::{fmt, str};

use crate::limits;

/// A string that was to be kept, decoded. Nobody has looked yet whether it is UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text<'a> {
    Whole(&'a [u8]),
    /// Longer than its limit: the start, the bytes of the whole, and their hash if it was asked
    /// for.
    Long {
        start: &'a [u8],
        len: u64,
        hash: u64,
    },
}

impl<'a> Text<'a> {
    /// All of a string, of which only so much is to be kept.
    #[inline]
    pub(crate) fn new(bytes: &'a [u8], limit: Limit) -> Text<'a> {
        if bytes.len() <= limit.bytes {
            Text::Whole(bytes)
        } else {
            Text::long(bytes, limit)
        }
    }

    #[cold]
    fn long(bytes: &'a [u8], limit: Limit) -> Text<'a> {
        let hash = if limit.hashed {
            fnv(FNV_START, bytes)
        } else {
            FNV_START
        };
        let start = bytes.get(..limit.bytes).unwrap_or(bytes);
        Text::Long {
            start,
            len: bytes.len() as u64,
            hash,
        }
    }

    /// The string, or the start of a long one up to a character boundary; `None` if it is not
    /// UTF-8.
    pub(crate) fn start(self) -> Option<&'a str> {
        let (Text::Whole(bytes) | Text::Long { start: bytes, .. }) = self;
        match (str::from_utf8(bytes), self) {
            (Ok(text), _) => Some(text),
            // Only the last character may be incomplete, and only where the string was cut.
            (Err(error), Text::Long { .. }) if error.error_len().is_none() => bytes
                .get(..error.valid_up_to())
                .and_then(|bytes| str::from_utf8(bytes).ok()),
            (Err(_), _) => None,
        }
    }
}

/// How much of a string is kept, and whether the rest is hashed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) bytes: usize,
    pub(crate) hashed: bool,
}

impl Limit {
    /// Longer ids are told apart by their hashes.
    pub(crate) const ID: Limit = Limit {
        bytes: limits::ID,
        hashed: true,
    };

    pub(crate) const fn bytes(bytes: usize) -> Limit {
        Limit {
            bytes,
            hashed: false,
        }
    }
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    })
}

/// Collects one string at a time. It may be a secret: `Debug` shows only how long it is.
#[derive(Default)]
pub(crate) struct Capture {
    bytes: Vec<u8>,
    len: u64,
    hash: u64,
    escape: Escape,
}

#[derive(Clone, Copy, Debug, Default)]
enum Escape {
    #[default]
    None,
    /// After a backslash; `high` is a first surrogate that waits for its second, or 0.
    Backslash { high: u16 },
    /// Inside of `\uXXXX`.
    Hex { high: u16, digits: u8, value: u16 },
    /// After a first surrogate.
    High(u16),
}

impl Capture {
    pub(crate) fn start(&mut self) {
        self.bytes.clear();
        // Enough for most strings that are cut, so that there is one allocation.
        self.bytes.reserve(limits::KEY);
        self.len = 0;
        self.hash = FNV_START;
        self.escape = Escape::None;
    }

    /// Adds the characters of a JSON string up to its closing quote. Returns how many bytes were
    /// used, and whether the quote was among them; `None` for an escape that JSON does not have.
    pub(crate) fn string(&mut self, input: &[u8], limit: Limit) -> Option<(usize, bool)> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            match self.escape {
                Escape::None | Escape::High(_) => {
                    if matches!(self.escape, Escape::High(_)) && byte != b'\\' {
                        self.lone_surrogate(limit);
                    }
                    let rest = input.get(at..).unwrap_or_default();
                    let run = crate::lexer::string_run(rest);
                    self.plain(rest.get(..run).unwrap_or_default(), limit);
                    at += run;
                    match input.get(at) {
                        Some(b'"') => return Some((at + 1, true)),
                        Some(_) => {
                            let high = if let Escape::High(high) = self.escape {
                                high
                            } else {
                                0
                            };
                            self.escape = Escape::Backslash { high };
                            at += 1;
                        }
                        None => break,
                    }
                }
                Escape::Backslash { high } => {
                    at += 1;
                    if byte == b'u' {
                        self.escape = Escape::Hex {
                            high,
                            digits: 0,
                            value: 0,
                        };
                        continue;
                    }
                    if high != 0 {
                        self.lone_surrogate(limit);
                    }
                    self.escape = Escape::None;
                    let decoded = match byte {
                        b'"' | b'\\' | b'/' => byte,
                        b'b' => 8,
                        b'f' => 12,
                        b'n' => b'\n',
                        b'r' => b'\r',
                        b't' => b'\t',
                        _ => return None,
                    };
                    self.plain(&[decoded], limit);
                }
                Escape::Hex {
                    high,
                    digits,
                    value,
                } => {
                    at += 1;
                    let digit = (byte as char).to_digit(16)? as u16;
                    let value = value << 4 | digit;
                    if digits < 3 {
                        self.escape = Escape::Hex {
                            high,
                            digits: digits + 1,
                            value,
                        };
                    } else {
                        self.unit(high, value, limit);
                    }
                }
            }
        }
        Some((at, false))
    }

    /// Adds bytes that stand for themselves.
    pub(crate) fn plain(&mut self, bytes: &[u8], limit: Limit) {
        let room = limit.bytes.saturating_sub(self.bytes.len());
        self.bytes
            .extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        self.len += bytes.len() as u64;
        if limit.hashed {
            self.hash = fnv(self.hash, bytes);
        }
    }

    /// Adds one UTF-16 code unit that was written as an escape, after the first surrogate `high`,
    /// if that is not 0.
    fn unit(&mut self, high: u16, unit: u16, limit: Limit) {
        self.escape = Escape::None;
        match unit {
            0xD800..=0xDBFF => {
                if high != 0 {
                    self.lone_surrogate(limit);
                }
                self.escape = Escape::High(unit);
            }
            0xDC00..=0xDFFF if high != 0 => {
                let code = 0x10000 + (u32::from(high & 0x3FF) << 10) + u32::from(unit & 0x3FF);
                self.character(
                    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER),
                    limit,
                );
            }
            _ => {
                if high != 0 {
                    self.lone_surrogate(limit);
                }
                // The second half of no pair is no character.
                self.character(
                    char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER),
                    limit,
                );
            }
        }
    }

    fn lone_surrogate(&mut self, limit: Limit) {
        self.escape = Escape::None;
        self.character(char::REPLACEMENT_CHARACTER, limit);
    }

    fn character(&mut self, character: char, limit: Limit) {
        let mut utf8 = [0; 4];
        self.plain(character.encode_utf8(&mut utf8).as_bytes(), limit);
    }

    /// What was collected.
    pub(crate) fn text(&self) -> Text<'_> {
        if self.len == self.bytes.len() as u64 {
            Text::Whole(&self.bytes)
        } else {
            Text::Long {
                start: &self.bytes,
                len: self.len,
                hash: self.hash,
            }
        }
    }
}

impl fmt::Debug for Capture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Capture")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}
