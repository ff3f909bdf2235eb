//! Walks along a JSON text that arrives in chunks cut anywhere, and shows a [`Sink`] the few values
//! that it asks for.

mod steps;

use alloc::boxed::Box;

use crate::{
    capture::{Capture, Limit, Text},
    lexer::{Skip, Skipped, Specials},
    limits,
    scalar::{self, Scalar},
    sink::{Bracket, Sink},
};

use self::steps::{next, peek, rest};

#[derive(Debug)]
pub(crate) struct Reader<S: Sink> {
    state: State<S::Field>,
    place: Option<S::Place>,
    /// Containers open around the next byte, without those that are skipped.
    depth: u8,
    held: Option<Box<Held>>,
    /// The containers open around the value whose text the sink wants. None of them is in another
    /// one.
    recording: Option<u8>,
}

/// What is needed for values that are not simply there.
#[derive(Debug, Default)]
struct Held {
    capture: Capture,
    /// Where the recorded value begins or goes on in this chunk.
    recorded_from: usize,
}

#[derive(Clone, Copy, Debug)]
enum State<F> {
    Value(F),
    SkippedValue,
    /// Behind an opening bracket.
    FirstKey,
    FirstElement,
    /// Behind a comma.
    Key,
    Element,
    /// Behind a key.
    Colon(Option<F>),
    /// Inside of a string or number that is kept.
    KeyText,
    Text(F),
    Scalar(F),
    Skip(Skip),
    SkipScalar,
    /// Behind a value.
    After,
    Done,
    Broken,
}

impl<S: Sink> Reader<S> {
    pub(crate) fn new() -> Reader<S> {
        Reader {
            state: State::Value(S::ROOT),
            place: None,
            depth: 0,
            held: None,
            recording: None,
        }
    }

    /// Starts over with another text; keeps the buffer.
    pub(crate) fn restart(&mut self) {
        *self = Reader {
            held: self.held.take(),
            ..Reader::new()
        };
    }

    /// Nothing has been read.
    pub(crate) fn is_fresh(&self) -> bool {
        self.place.is_none() && matches!(self.state, State::Value(_))
    }

    /// Everything has been found out in another way.
    pub(crate) fn stop(&mut self) {
        self.state = State::Done;
    }

    /// Nothing further is needed.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Broken)
    }

    /// The text is not JSON, or nested too deep.
    pub(crate) fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken)
    }

    /// The end of the text. What has not been closed by now never is.
    pub(crate) fn finish(&mut self) {
        if !self.is_over() {
            self.state = State::Broken;
        }
    }

    pub(crate) fn push(&mut self, input: &[u8], sink: &mut S) {
        if self.is_over() {
            return;
        }
        self.state = self.run(input, sink);
        if self.recording.is_some() {
            let from = core::mem::take(&mut self.held().recorded_from);
            sink.record(rest(input, from), false);
        }
    }

    fn run(&mut self, input: &[u8], sink: &mut S) -> State<S::Field> {
        let mut at = 0;
        let mut state = self.state;
        let mut specials = Specials::new(input);
        loop {
            state = match state {
                State::Value(field) => {
                    let Some(byte) = next(input, &mut at) else {
                        return state;
                    };
                    if sink.records(field, byte) {
                        self.recording = Some(self.depth);
                        self.held().recorded_from = at - 1;
                    }
                    match byte {
                        b'"' => match specials.string(at) {
                            Some(string) => {
                                at += string.len() + 1;
                                sink.text(field, Text::new(string, sink.limit(field)));
                                self.after(input, at, sink)
                            }
                            None => {
                                self.capture().start();
                                State::Text(field)
                            }
                        },
                        b'{' => self.open(field, Bracket::Object, at, sink),
                        b'[' => self.open(field, Bracket::Array, at, sink),
                        byte if scalar::starts(byte) => {
                            at -= 1;
                            let run = scalar::run(rest(input, at));
                            match input.get(at..at + run) {
                                // The byte behind it shows that it has ended.
                                Some(lexeme)
                                    if at + run < input.len() && run <= limits::SHORT_NUMBER =>
                                {
                                    at += run;
                                    match Scalar::read(lexeme) {
                                        Some(scalar) => {
                                            sink.scalar(field, scalar);
                                            self.after(input, at, sink)
                                        }
                                        None => State::Broken,
                                    }
                                }
                                _ => {
                                    self.capture().start();
                                    State::Scalar(field)
                                }
                            }
                        }
                        _ => State::Broken,
                    }
                }
                State::SkippedValue => match next(input, &mut at) {
                    None => return state,
                    Some(b'"') => State::Skip(Skip::STRING),
                    Some(b'{' | b'[') => State::Skip(Skip::CONTAINER),
                    Some(byte) if scalar::starts(byte) => State::SkipScalar,
                    Some(_) => State::Broken,
                },
                State::FirstKey | State::Key => match next(input, &mut at) {
                    None => return state,
                    Some(b'"') => self.members(&mut specials, &mut at, sink),
                    Some(b'}') if matches!(state, State::FirstKey) => self.close(input, at, sink),
                    Some(_) => State::Broken,
                },
                State::FirstElement => match peek(input, &mut at) {
                    None => return state,
                    Some(b']') => {
                        at += 1;
                        self.close(input, at, sink)
                    }
                    Some(_) => self.element(sink),
                },
                State::Element => self.element(sink),
                State::Colon(field) => match next(input, &mut at) {
                    None => return state,
                    Some(b':') => field.map_or(State::SkippedValue, State::Value),
                    Some(_) => State::Broken,
                },
                State::KeyText => match self
                    .capture()
                    .string(rest(input, at), Limit::bytes(sink.key_limit()))
                {
                    None => State::Broken,
                    Some((_, false)) => return state,
                    Some((used, true)) => {
                        at += used;
                        let field = match (self.place, self.capture().text()) {
                            (Some(place), Text::Whole(key)) => sink.member(place, key),
                            // It is longer than every wanted one, and none of those has this byte.
                            (Some(place), Text::Long { .. }) => sink.member(place, b"\xFF"),
                            _ => None,
                        };
                        State::Colon(field)
                    }
                },
                State::Text(field) => {
                    match self.capture().string(rest(input, at), sink.limit(field)) {
                        None => State::Broken,
                        Some((_, false)) => return state,
                        Some((used, true)) => {
                            at += used;
                            sink.text(field, self.capture().text());
                            self.after(input, at, sink)
                        }
                    }
                }
                State::Scalar(field) => {
                    let run = scalar::run(rest(input, at));
                    let lexeme = rest(input, at).get(..run).unwrap_or_default();
                    at += run;
                    self.capture().plain(lexeme, sink.limit(field));
                    if at == input.len() {
                        return state;
                    }
                    let scalar = match self.capture().text() {
                        Text::Whole(lexeme) => Scalar::read(lexeme),
                        long => Some(Scalar::Number(long)),
                    };
                    match scalar {
                        Some(scalar) => {
                            sink.scalar(field, scalar);
                            self.after(input, at, sink)
                        }
                        None => State::Broken,
                    }
                }
                State::SkipScalar => {
                    at += scalar::run(rest(input, at));
                    if at == input.len() {
                        return state;
                    }
                    self.after(input, at, sink)
                }
                State::Skip(mut skip) => match skip.push(input, at, limits::DEPTH - self.depth) {
                    Skipped::More => return State::Skip(skip),
                    Skipped::Broken => State::Broken,
                    Skipped::End(end) => {
                        at = end;
                        self.after(input, at, sink)
                    }
                },
                State::After => {
                    let Some(place) = self.place else {
                        return State::Done;
                    };
                    match (next(input, &mut at), S::is_array(place)) {
                        (None, _) => return state,
                        (Some(b','), false) => State::Key,
                        (Some(b','), true) => State::Element,
                        (Some(b'}'), false) | (Some(b']'), true) => self.close(input, at, sink),
                        _ => State::Broken,
                    }
                }
                State::Done | State::Broken => return state,
            }
        }
    }
}
