//! Walks along a JSON text that arrives in chunks cut anywhere, and shows a [`Sink`] the few values
//! that it asks for.

use alloc::boxed::Box;

use crate::{
    capture::{Capture, Limit, Text},
    lexer::{Skip, Skipped, Specials},
    limits,
    scalar::{self, Scalar},
    sink::{Bracket, Sink},
};

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

    /// Goes along members that are written in the usual way: no white space, no escapes, strings
    /// whole. Starts behind the quote of a key; leaves everything else to the state that it
    /// returns.
    #[inline(always)]
    fn members(
        &mut self,
        specials: &mut Specials<'_>,
        at: &mut usize,
        sink: &mut S,
    ) -> State<S::Field> {
        let Some(place) = self.place else {
            return State::Broken;
        };
        let input = specials.input();
        loop {
            let Some(key) = specials.string(*at) else {
                self.capture().start();
                return State::KeyText;
            };
            *at += key.len() + 1;
            let field = sink.member(place, key);
            if input.get(*at) != Some(&b':') {
                return State::Colon(field);
            }
            *at += 1;
            let string = match input.get(*at) {
                Some(b'"') => specials.string(*at + 1),
                _ => None,
            };
            match (field, string) {
                (Some(field), Some(_)) if sink.records(field, b'"') => {
                    return State::Value(field);
                }
                (Some(field), Some(string)) => {
                    sink.text(field, Text::new(string, sink.limit(field)));
                    if sink.enough() {
                        return State::Done;
                    }
                }
                (None, Some(_)) => {}
                (Some(field), None) => return State::Value(field),
                (None, None) => return State::SkippedValue,
            }
            *at += string.map_or(0, |string| string.len() + 2);
            match (input.get(*at), input.get(*at + 1)) {
                (Some(b','), Some(b'"')) => *at += 2,
                _ => return State::After,
            }
        }
    }

    fn held(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    fn capture(&mut self) -> &mut Capture {
        &mut self.held().capture
    }

    fn element(&mut self, sink: &mut S) -> State<S::Field> {
        self.place
            .and_then(|place| sink.element(place))
            .map_or(State::SkippedValue, State::Value)
    }

    fn open(
        &mut self,
        field: S::Field,
        bracket: Bracket,
        at: usize,
        sink: &mut S,
    ) -> State<S::Field> {
        match sink.open(field, bracket, at) {
            Some(place) => {
                self.place = Some(place);
                self.depth += 1;
                if bracket == Bracket::Object {
                    State::FirstKey
                } else {
                    State::FirstElement
                }
            }
            None => State::Skip(Skip::CONTAINER),
        }
    }

    /// `at` is behind the bracket.
    fn close(&mut self, input: &[u8], at: usize, sink: &mut S) -> State<S::Field> {
        if let Some(place) = self.place {
            self.place = sink.close(place, at - 1);
            self.depth -= 1;
        }
        self.after(input, at, sink)
    }

    /// A value ends before `at`.
    #[inline(always)]
    fn after(&mut self, input: &[u8], at: usize, sink: &mut S) -> State<S::Field> {
        if self.recording == Some(self.depth) {
            self.end_recording(input, at, sink);
        }
        if self.place.is_none() || sink.enough() {
            State::Done
        } else {
            State::After
        }
    }

    #[cold]
    fn end_recording(&mut self, input: &[u8], at: usize, sink: &mut S) {
        self.recording = None;
        let from = self.held().recorded_from;
        sink.record(input.get(from..at).unwrap_or_default(), true);
    }
}

#[inline(always)]
fn rest(input: &[u8], at: usize) -> &[u8] {
    input.get(at..).unwrap_or_default()
}

/// The next byte that is not white space, consumed.
#[inline(always)]
fn next(input: &[u8], at: &mut usize) -> Option<u8> {
    let byte = peek(input, at)?;
    *at += 1;
    Some(byte)
}

#[inline(always)]
fn peek(input: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        match *input.get(*at)? {
            b' ' | b'\t' | b'\n' | b'\r' => *at += 1,
            byte => return Some(byte),
        }
    }
}
