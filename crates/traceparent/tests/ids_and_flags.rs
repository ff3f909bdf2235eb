//! Ids and flags by themselves, and what their types promise.

use std::{error::Error, fmt::Debug, mem::size_of};

use traceparent::{
    ParseError, SpanId, TraceFlags, TraceId, TraceParent,
    baggage::{self, Baggage, Writer},
    tracestate::{self, TraceState},
};

#[test]
fn ids_are_never_zero() {
    assert_eq!(TraceId::from_u128(0), None);
    assert_eq!(TraceId::from_bytes([0; 16]), None);
    assert_eq!(SpanId::from_u64(0), None);
    assert_eq!(SpanId::from_bytes([0; 8]), None);
    assert_eq!(TraceId::parse(&[b'0'; 32]), Err(ParseError::ZeroTraceId));
    assert_eq!(SpanId::parse(&[b'0'; 16]), Err(ParseError::ZeroSpanId));
    assert_eq!(size_of::<Option<TraceId>>(), 16);
    assert_eq!(size_of::<Option<SpanId>>(), 8);
    assert_eq!(size_of::<Option<TraceParent>>(), 32);
    assert!(size_of::<ParseError>() <= 2);
}

#[test]
fn ids_convert() {
    let bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xff];
    let id = TraceId::from_bytes(bytes).unwrap();
    assert_eq!(id.to_u128(), 0x0102030405060708090a0b0c0d0e0fff);
    assert_eq!(id.to_bytes(), bytes);
    assert_eq!(&id.to_hex(), b"0102030405060708090a0b0c0d0e0fff");
    assert_eq!(id.to_string(), "0102030405060708090a0b0c0d0e0fff");
    assert_eq!(
        format!("{id:?}"),
        "TraceId(0102030405060708090a0b0c0d0e0fff)"
    );
    assert_eq!(TraceId::try_from(id.to_hex().as_slice()), Ok(id));
    assert_eq!(id.to_string().parse(), Ok(id));

    let id = SpanId::from_bytes([1, 2, 3, 4, 5, 6, 7, 0xab]).unwrap();
    assert_eq!(id.to_u64(), 0x01020304050607ab);
    assert_eq!(id.to_bytes(), [1, 2, 3, 4, 5, 6, 7, 0xab]);
    assert_eq!(&id.to_hex(), b"01020304050607ab");
    assert_eq!(id.to_string(), "01020304050607ab");
    assert_eq!(format!("{id:?}"), "SpanId(01020304050607ab)");
    assert_eq!(SpanId::try_from(id.to_hex().as_slice()), Ok(id));
    assert_eq!(id.to_string().parse(), Ok(id));
}

#[test]
fn ids_are_strict() {
    let digits = [b'1'; 33];
    for len in 0..=33 {
        let expected = match len {
            0..32 => Some(ParseError::TooShort),
            32 => None,
            _ => Some(ParseError::TooLong),
        };
        assert_eq!(TraceId::parse(&digits[..len]).err(), expected, "{len}");
    }
    for len in 0..=17 {
        let expected = match len {
            0..16 => Some(ParseError::TooShort),
            16 => None,
            _ => Some(ParseError::TooLong),
        };
        assert_eq!(SpanId::parse(&digits[..len]).err(), expected, "{len}");
    }
    for at in 0..32_u8 {
        for byte in 0..=u8::MAX {
            let right = matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            let expected = (!right).then_some(ParseError::NotHex { at });
            let mut text = [b'1'; 32];
            text[usize::from(at)] = byte;
            assert_eq!(TraceId::parse(&text).err(), expected, "{byte:#x} at {at}");
            if at < 16 {
                assert_eq!(
                    SpanId::parse(&text[..16]).err(),
                    expected,
                    "{byte:#x} at {at}"
                );
            }
        }
    }
}

/// 3.2.2.5: two bits are known, six are reserved.
#[test]
fn flags() {
    assert_eq!(TraceFlags::NONE, TraceFlags::default());
    for bits in 0..=u8::MAX {
        let flags = TraceFlags::from_u8(bits);
        assert_eq!(flags.to_u8(), bits & 0x03);
        assert_eq!(flags.is_sampled(), bits & 0x01 != 0);
        assert_eq!(flags.is_random(), bits & 0x02 != 0);
        assert_eq!(flags.with_sampled(true).to_u8(), bits & 0x02 | 0x01);
        assert_eq!(flags.with_sampled(false).to_u8(), bits & 0x02);
        assert_eq!(flags.with_random(true).to_u8(), bits & 0x01 | 0x02);
        assert_eq!(flags.with_random(false).to_u8(), bits & 0x01);
        assert_eq!(flags.to_string(), format!("{:02x}", bits & 0x03));
        assert_eq!(format!("{flags:?}"), format!("TraceFlags({flags})"));
        assert_eq!(flags | TraceFlags::SAMPLED, flags.with_sampled(true));
    }
}

#[test]
fn constants() {
    const ID: TraceId = match TraceId::parse(b"4bf92f3577b34da6a3ce929d0e0e4736") {
        Ok(id) => id,
        Err(_) => panic!("not a trace id"),
    };
    const HEX: [u8; 32] = ID.to_hex();
    assert_eq!(&HEX, b"4bf92f3577b34da6a3ce929d0e0e4736");
}

#[test]
fn types_can_go_anywhere() {
    fn plain<T: Copy + Debug + Send + Sync + Unpin + 'static>() {}
    fn shared<T: Debug + Send + Sync + Unpin>() {}
    fn error<T: Error + Copy + Eq + Send + Sync + 'static>() {}
    plain::<(TraceId, SpanId, TraceFlags, TraceParent)>();
    shared::<(
        TraceState<'_>,
        tracestate::Members<'_>,
        tracestate::Member<'_>,
    )>();
    shared::<(
        Baggage<'_>,
        baggage::Members<'_>,
        baggage::Member<'_>,
        baggage::Value<'_>,
    )>();
    shared::<(
        baggage::Properties<'_>,
        baggage::Property<'_>,
        baggage::Decode<'_>,
        Writer<'_>,
    )>();
    error::<ParseError>();
    error::<tracestate::Error>();
    error::<baggage::Error>();
}
