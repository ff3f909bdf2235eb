//! Attributes that a program adds to its spans.

use std::borrow::Cow;

use crate::Text;

/// One attribute of a span or an event.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Attribute {
    /// The name, chosen by the program.
    pub key: Cow<'static, str>,
    /// The value.
    pub value: Value,
}

impl Attribute {
    /// An attribute.
    #[must_use]
    pub fn new(key: impl Into<Cow<'static, str>>, value: impl Into<Value>) -> Self {
        Self {
            key: key.into(),
            value: value.into(),
        }
    }
}

/// The value of an attribute.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A bounded string.
    Text(Text),
    /// A signed integer.
    Int(i64),
    /// A double.
    Float(f64),
    /// A truth value.
    Bool(bool),
}

macro_rules! value_from {
    ($($from:ty => |$value:ident| $to:expr;)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $to
            }
        })+
    };
}

value_from! {
    Text => |value| Self::Text(value);
    &str => |value| Self::Text(Text::new(value));
    String => |value| Self::Text(Text::new(&value));
    i64 => |value| Self::Int(value);
    i32 => |value| Self::Int(value.into());
    u32 => |value| Self::Int(value.into());
    u16 => |value| Self::Int(value.into());
    f64 => |value| Self::Float(value);
    bool => |value| Self::Bool(value);
}
