//! Finding the end of what nobody wants to see, as fast as memory can be read.

/// The bytes of `input` before the first quote or backslash, or all of it.
#[inline]
pub(crate) fn string_run(input: &[u8]) -> usize {
    memchr::memchr2(b'"', b'\\', input).unwrap_or(input.len())
}

/// A value that is being skipped. What is in it is not validated, except that its containers are nested at most so deep.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Skip {
    /// Open containers.
    depth: u8,
    string: Within,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Within {
    Nothing,
    String,
    Escape,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Skipped {
    /// The value goes on behind the input.
    More,
    /// So many bytes of the input belong to the value.
    End(usize),
    TooDeep,
}

impl Skip {
    /// Behind the opening quote of a string.
    pub(crate) const STRING: Skip = Skip {
        depth: 0,
        string: Within::String,
    };
    /// Behind the opening bracket of an object or array.
    pub(crate) const CONTAINER: Skip = Skip {
        depth: 1,
        string: Within::Nothing,
    };

    #[inline]
    pub(crate) fn push(&mut self, input: &[u8], max_depth: u8) -> Skipped {
        let mut at = 0;
        loop {
            match self.string {
                Within::Nothing => loop {
                    let Some(&byte) = input.get(at) else {
                        return Skipped::More;
                    };
                    at += 1;
                    match byte {
                        b'"' => {
                            self.string = Within::String;
                            break;
                        }
                        b'{' | b'[' => {
                            if self.depth >= max_depth {
                                return Skipped::TooDeep;
                            }
                            self.depth += 1;
                        }
                        b'}' | b']' => {
                            self.depth -= 1;
                            if self.depth == 0 {
                                return Skipped::End(at);
                            }
                        }
                        _ => {}
                    }
                },
                Within::String => {
                    at += string_run(input.get(at..).unwrap_or_default());
                    match input.get(at) {
                        None => return Skipped::More,
                        Some(b'"') => {
                            at += 1;
                            self.string = Within::Nothing;
                            if self.depth == 0 {
                                return Skipped::End(at);
                            }
                        }
                        Some(_) => {
                            at += 1;
                            self.string = Within::Escape;
                        }
                    }
                }
                Within::Escape => {
                    if at >= input.len() {
                        return Skipped::More;
                    }
                    at += 1;
                    self.string = Within::String;
                }
            }
        }
    }
}
