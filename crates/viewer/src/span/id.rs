//! Ids as hex digits, times as decimal digits: JavaScript's numbers hold neither.

use std::borrow::Cow;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

fn hex(digits: &[u8]) -> &str {
    std::str::from_utf8(digits).unwrap_or_default()
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    Cow::deserialize(deserializer)
}

pub(super) mod trace {
    use super::*;
    use traceparent::TraceId;

    pub(crate) fn serialize<S: Serializer>(id: &TraceId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex(&id.to_hex()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TraceId, D::Error> {
        TraceId::parse(read(from)?.as_bytes()).map_err(D::Error::custom)
    }
}

pub(super) mod span {
    use super::*;
    use traceparent::SpanId;

    pub(crate) fn serialize<S: Serializer>(id: &SpanId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex(&id.to_hex()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<SpanId, D::Error> {
        SpanId::parse(read(from)?.as_bytes()).map_err(D::Error::custom)
    }
}

pub(super) mod parent {
    use super::*;
    use traceparent::SpanId;

    pub(crate) fn serialize<S: Serializer>(
        id: &Option<SpanId>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => super::span::serialize(id, serializer),
            None => serializer.serialize_none(),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<SpanId>, D::Error> {
        let id: Option<String> = Option::deserialize(from)?;
        id.map(|id| SpanId::parse(id.as_bytes()).map_err(D::Error::custom))
            .transpose()
    }
}

pub(super) mod digits {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        read(from)?.parse().map_err(D::Error::custom)
    }
}
