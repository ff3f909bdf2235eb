//! From one value to the next.

use super::{Held, Reader, State};
use crate::{
    capture::{Capture, Text},
    lexer::{Skip, Specials},
    sink::{Bracket, Sink},
};

impl<S: Sink> Reader<S> {
    /// Goes along members that are written in the usual way: no white space, no escapes, strings
    /// whole. Starts behind the quote of a key; leaves everything else to the state that it
    /// returns.
    #[inline(always)]
    pub(super) fn members(
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

    pub(super) fn held(&mut self) -> &mut Held {
        self.held.get_or_insert_default()
    }

    pub(super) fn capture(&mut self) -> &mut Capture {
        &mut self.held().capture
    }

    pub(super) fn element(&mut self, sink: &mut S) -> State<S::Field> {
        self.place
            .and_then(|place| sink.element(place))
            .map_or(State::SkippedValue, State::Value)
    }

    pub(super) fn open(
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
    pub(super) fn close(&mut self, input: &[u8], at: usize, sink: &mut S) -> State<S::Field> {
        if let Some(place) = self.place {
            self.place = sink.close(place, at - 1);
            self.depth -= 1;
        }
        self.after(input, at, sink)
    }

    /// A value ends before `at`.
    #[inline(always)]
    pub(super) fn after(&mut self, input: &[u8], at: usize, sink: &mut S) -> State<S::Field> {
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
pub(super) fn rest(input: &[u8], at: usize) -> &[u8] {
    input.get(at..).unwrap_or_default()
}

/// The next byte that is not white space, consumed.
#[inline(always)]
pub(super) fn next(input: &[u8], at: &mut usize) -> Option<u8> {
    let byte = peek(input, at)?;
    *at += 1;
    Some(byte)
}

#[inline(always)]
pub(super) fn peek(input: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        match *input.get(*at)? {
            b' ' | b'\t' | b'\n' | b'\r' => *at += 1,
            byte => return Some(byte),
        }
    }
}
